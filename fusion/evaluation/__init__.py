"""Pure functions on arrays: metrics, intervals, tests, from windows to clips.

`label_task` says what differs between one label a clip and several; metrics are functions of counts by group.
"""

__all__ = ["aggregate", "convergence", "coverage", "decisions", "effects", "estimate", "ground_truth", "label_task"]
__all__ += ["learning_curve", "metric", "reference"]
