"""Networks, fusions, layers, batches and training; reference models beside them. Imports keras.

`jobs` and `references` say what is to be learnt, without keras; `train` does it, in workers.
"""

__all__ = ["export", "familiarity", "fit", "jobs", "references", "saved_network", "train"]
