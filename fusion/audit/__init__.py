"""A data set checked: whether every file is sound, what sounds the same, what leaks.

`audit` is the whole check.
"""

__all__ = ["audit"]
