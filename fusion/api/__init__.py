"""From Python: the functions and the result that `import fusion` offers; the command line is a thin layer on them.

`experiments`, `curve`, `search` take experiment files, `data` audits, `new` writes skeletons, `sounds` has features.
"""

__all__ = ["curve", "data", "experiments", "new", "options", "predictions", "result", "results"]
__all__ += ["search", "sounds", "tables"]
