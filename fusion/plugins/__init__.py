"""Plug-ins: where features, data sets and fusions come from.

`registry` finds them by name without importing anything, `importing` loads the one that is used.
"""

__all__ = ["importing", "registry"]
