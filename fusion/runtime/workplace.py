"""Where data, store and results are, and how much of the machine to use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fusion.runtime.progress import Progress


@dataclass(frozen=True)
class Workplace:
    """Where data, store and results are, and how much of the machine to use.

    Attributes
    ----------
    root : Path
        The data set's folder.
    sample : bool
        Whether that is the embedded sample.
    cache, results : Path
    jobs : int
        Processes at once.
    progress : Progress
    tensorboard : bool
        Whether trainings are logged for TensorBoard.
    """

    root: Path
    sample: bool
    cache: Path
    results: Path
    jobs: int
    progress: Progress
    tensorboard: bool = False
