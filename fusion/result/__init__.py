"""A result on disk: its folder, predictions, metrics and comparison, and its networks to be used again.

`folder` is one result folder; `predictions` reads its table; `trained` gives its networks.
"""

__all__ = ["checksums", "clip_files", "compare", "exported", "folder", "identity", "listing", "looks", "metrics"]
__all__ += ["mlflow_log", "predictions", "recompute", "reference_predictions", "side_by_side"]
__all__ += ["trained", "trained_on"]
