"""From Python: the functions and the result that `import fusion` offers; the command line is a thin layer on them.

`experiments`, `curve`, `search` take experiment files, `stress` results; `data` audits, `sounds` has features.
"""

__all__ = ["curve", "data", "experiments", "new", "options", "predictions", "result", "results", "search", "sounds"]
__all__ += ["stress", "tables"]
