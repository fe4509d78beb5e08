"""A result on disk: its folder, predictions, metrics and comparison, and its networks to be used again.

`folder` is one result folder; `predictions` reads its table; `trained` gives its networks.
"""

__all__ = ["compare", "exported", "folder", "identity", "looks", "metrics", "predictions"]
__all__ += ["recompute", "reference_predictions", "tables", "trained", "trained_on"]
