"""Data sets: one reader a file brings one layout to the table that everything else works on.

`data` reads one, with content hashes; `table` is its shape; `cautions` are its warnings.
"""

__all__ = ["cautions", "data", "duplicates", "groups", "overview", "registry", "table"]
