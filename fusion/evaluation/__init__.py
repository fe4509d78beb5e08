"""Pure functions on arrays: metrics, intervals, tests, from windows to clips.

`label_task` says what differs between one label a clip and several; metrics are functions of counts, or of scores.
"""

__all__ = ["aggregate", "breaking_point", "calibration", "convergence", "coverage", "decisions", "effects"]
__all__ += ["estimate", "ground_truth", "label_task", "learning_curve", "metric", "probabilities", "reference"]
