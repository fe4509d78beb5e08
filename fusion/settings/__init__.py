"""Experiment files, checked strictly before anything slow starts.

`reading` and `arms` read files into an `experiment`, `strict_yaml` writes them; the others are a section each.
"""

__all__ = ["archive", "arms", "changes", "dataset", "document", "experiment", "feature_lists", "model", "protocols"]
__all__ += ["reading", "schema", "search_space", "section", "strict_yaml", "training"]
