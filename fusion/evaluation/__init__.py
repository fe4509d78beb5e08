"""Pure functions on arrays: metrics, intervals, tests, from windows to clips.

`label_task` says what differs between one label a clip and several; metrics are functions of counts, or of scores.
"""

__all__ = ["aggregate", "calibration", "convergence", "coverage", "decisions", "effects", "estimate", "ground_truth"]
__all__ += ["label_task", "learning_curve", "metric", "probabilities", "reference"]
