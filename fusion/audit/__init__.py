"""A data set checked: whether every file is sound, what sounds the same, what leaks.

`check` is all of it.
"""

__all__ = ["check"]
