"""Data sets: one plug-in a file says all of one, and brings it to the corpus that everything else works on.

`data` reads one, with content hashes; `dataset` is what a new one starts from, `reader` its way to a `corpus`.
"""

__all__ = ["cautions", "corpus", "data", "dataset", "duplicates", "groups", "irmas_training", "joined"]
__all__ += ["nsynth_notes", "overview", "own_files", "reader", "roots"]
