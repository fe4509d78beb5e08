"""KerasTuner searches settings: the search itself, its workers, its trials, its live board.

`tune` runs a search; `trials` is what it leaves behind.
"""

__all__ = ["trials", "tune"]
