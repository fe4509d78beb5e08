"""Where data, store and results are, and how much of the machine to use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fusion.runtime.cluster import Cluster
from fusion.runtime.progress import Progress
from fusion.runtime.workers import Workers

DEFAULT_CACHE = Path(".fusion/cache")


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
    cluster : Cluster or None
        Does the work instead of processes of this machine.
    tensorboard : bool
        Whether trainings are logged for TensorBoard.
    """

    root: Path
    sample: bool
    cache: Path
    results: Path
    jobs: int
    progress: Progress
    cluster: Cluster | None = None
    tensorboard: bool = False

    @property
    def workers(self) -> Workers:
        """Who does the work."""
        return self.cluster or self.jobs
