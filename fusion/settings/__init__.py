"""Experiment files, checked strictly before anything slow starts.

`reading` and `arms` read files; the other modules hold one section each.
"""

__all__ = ["arms", "datasets", "experiment", "model", "reading", "search_space", "strict_yaml", "training"]
