"""From clips to stored features: windows, copies and mixtures, the feature store.

`prepare` does all of it; `part` is what a training takes of it.
"""

__all__ = ["checksums", "column", "compiled", "extract", "graded_windows", "level_copies", "part", "prepare"]
__all__ += ["store", "wave_fingerprint", "window", "windows"]
