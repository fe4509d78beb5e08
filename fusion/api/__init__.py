"""From Python: the functions and the result that `import fusion` offers; the command line is a thin layer on them.

`experiments`, `curve` and `search` take experiment files, `data` audits, `results` lists, `sounds` extracts features.
"""

__all__ = ["curve", "data", "experiments", "options", "result", "results", "search", "sounds", "tables"]
