"""Experiment files, checked strictly before anything slow starts.

`reading` and `arms` read files into an `experiment`, `strict_yaml` writes them; the others are a section each.
"""

__all__ = ["arms", "datasets", "document", "experiment", "feature_lists", "folder", "manifest", "model", "reading"]
__all__ += ["search_space", "strict_yaml", "training"]
