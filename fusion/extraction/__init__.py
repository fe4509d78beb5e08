"""From clips to stored features: windows, copies and mixtures, the feature store.

`prepare` does all of it; `part` is what a training takes of it.
"""

__all__ = ["checksums", "column", "compiled", "extract", "level_copies", "part", "prepare", "store", "wave_fingerprint"]
__all__ += ["window", "windows"]
