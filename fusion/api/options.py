"""Keywords that mean the same in every function, and what they become."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from types import NoneType
from typing import Any

from fusion.errors import FusionError
from fusion.runtime.cluster import connect
from fusion.runtime.progress import Progress
from fusion.runtime.workers import processors
from fusion.runtime.workplace import DEFAULT_CACHE, Workplace
from fusion.settings.arms import Arm, Study, is_study, read_study
from fusion.settings.experiment import Experiment
from fusion.settings.reading import read_experiment

FilePath = str | os.PathLike[str]
Spec = FilePath | Mapping[str, Any]
"""An experiment: its file, or what such a file holds as a dict."""
Folders = FilePath | Mapping[str, FilePath] | None
"""The folder of the data set, or of each data set by its name."""
Changes = Mapping[str, Any] | Sequence[str]
"""Settings by dotted path, or ``key.path=value`` texts."""

RESULTS = Path("results")
_MOST_SEEDS = 1000


@dataclass(frozen=True)
class Options:
    """What the functions of an experiment have in common.

    Attributes
    ----------
    sample : bool
        Use the embedded sample instead of the full data set.
    data : path, dict of str to path, or None
        The data set's folder, by name where several are used; None: ``$FUSION_DATA/<name>``, else ``data/<name>``.
    results : path
        Where results go.
    cache : path or None
        Where extracted features are kept; None: ``$FUSION_CACHE``, else ``.fusion/cache``.
    features : sequence of str, optional
        Use these features instead of the experiment's; those that it names keep their parameters.
    set : dict or sequence of str
        Settings to change, by dotted path; applied last.
    seeds : int or sequence of int, optional
        How many random seeds (1 to that number), or which ones.
    plugins : sequence of path
        Folders with plug-ins of your own; their code is run.
    jobs : int, optional
        Processes at once; None: all processors.
    progress : bool
        Show progress on stderr.
    cluster : str, optional
        Address of a Dask scheduler, or its scheduler file: its workers do the work; None: ``$FUSION_CLUSTER``, else
        processes of this machine.
    tensorboard : bool
        Log trainings for TensorBoard.
    """

    sample: bool = False
    data: Folders = None
    results: FilePath = RESULTS
    cache: FilePath | None = None
    features: Sequence[str] | None = None
    set: Changes = ()
    seeds: int | Sequence[int] | None = None
    plugins: Sequence[FilePath] = ()
    jobs: int | None = None
    progress: bool = False
    cluster: str | None = None
    tensorboard: bool = False

    def __post_init__(self) -> None:
        for name, kinds, what in (
            ("features", (str,), "names of features"),
            ("set", (str,), "texts like training.epochs=3, or a dict"),
            ("plugins", (str, os.PathLike), "paths of folders"),
        ):
            value = getattr(self, name)
            if isinstance(value, (str, os.PathLike)) or (value is None and name != "features"):
                raise FusionError(f"{name}={value!r}: should be a list, as in {name}=[{value!r}]")
            if value is None or isinstance(value, Mapping):
                continue
            object.__setattr__(self, name, list(value))  # what can be read once is read here
            if not all(isinstance(each, kinds) for each in getattr(self, name)):
                raise FusionError(f"{name}={value!r}: should be a list of {what}")
        if self.features is not None and len(set(self.features)) < len(self.features):
            raise FusionError(f"--features {','.join(self.features)}: each feature once")
        folders = self.data.values() if isinstance(self.data, Mapping) else [self.data]
        for name, paths in (("data", folders), ("results", [self.results]), ("cache", [self.cache])):
            if wrong := [path for path in paths if not isinstance(path, (str, os.PathLike, NoneType))]:
                raise FusionError(f"{name}={wrong[0]!r}: should be the path of a folder")
        if self.seeds is not None:
            seeds: Any = self.seeds
            several = isinstance(seeds, Iterable) and not isinstance(seeds, str)
            object.__setattr__(self, "seeds", [*map(_whole, seeds)] if several else _whole(seeds))
        if self.jobs is not None:
            object.__setattr__(self, "jobs", _whole(self.jobs, "jobs"))
            if self.jobs < 1:
                raise FusionError(f"jobs={self.jobs!r}: should be a whole number from 1 up")

    def experiment(self, spec: Spec, *, searching: bool = False, ablating: bool = False) -> Experiment:
        """Return the checked experiment, with what the keywords change.

        Raises
        ------
        FusionError
            With every mistake.
        """
        source = _source(spec)
        if is_study(source):
            raise FusionError(
                f"{_named(spec)}: has arms, so it is a study, which only `fusion run` (in Python fusion.study) and "
                "`fusion curve` take; name a file with one experiment"
            )
        return read_experiment(
            source,
            assignments=self.assignments(),
            features=self.features,
            seeds=self.seed_list(),
            plugins=[Path(folder) for folder in self.plugins],
            searching=searching,
            ablating=ablating,
        )

    def study(self, spec: Spec) -> Study:
        """Return the checked study, with what the keywords change.

        Raises
        ------
        FusionError
            With every mistake; if `spec` is a single experiment.
        """
        source = _source(spec)
        if not is_study(source):
            raise FusionError(f"{_named(spec)}: has no arms, so it is no study but a single experiment")
        folders = [Path(folder) for folder in self.plugins]
        return read_study(source, assignments=self.assignments(), seeds=self.seed_list(), plugins=folders)

    def arms(self, spec: Spec) -> Study:
        """Return the checked study, or an experiment as a study of one arm.

        Raises
        ------
        FusionError
            With every mistake; for features beside arms, which name their own.
        """
        if not is_study(_source(spec)):
            experiment = self.experiment(spec)
            return Study(experiment.name, "", (), (Arm(experiment.name, experiment, None, None),))
        if self.features is not None:
            raise FusionError(f"--features {','.join(self.features)}: a study's arms name their features themselves")
        return self.study(spec)

    def workplace(self, name: str, known: Iterable[str] = (), read: Iterable[Path] = ()) -> Workplace:
        """Return where a data set, the store and the results are.

        Parameters
        ----------
        name : str
            Of the data set.
        known : iterable of str
            All data sets that are used, if not this one alone.
        read : iterable of Path
            What workers read beside the data set's folder.
        """
        from fusion.datasets.roots import data_root, sample_root

        if self.sample and self.data is not None:
            raise FusionError("--sample and --data name two data sets; give one of them")
        root = sample_root(name) if self.sample else self._roots(tuple(known) or (name,)).get(name) or data_root(name)
        jobs = processors() if self.jobs is None else self.jobs
        progress = Progress(quiet=not self.progress)
        cache, results = self.cache_folder(), Path(self.results)
        address = self.cluster or os.environ.get("FUSION_CLUSTER")
        seen = [root, *(Path(folder) for folder in self.plugins), *read]
        cluster = connect(address, seen, [cache, results]) if address else None
        return Workplace(root, self.sample, cache, results, jobs, progress, cluster, self.tensorboard)

    def cache_folder(self) -> Path:
        """Return where extracted features are kept."""
        return Path(self.cache if self.cache is not None else os.environ.get("FUSION_CACHE") or DEFAULT_CACHE)

    def assignments(self) -> list[str]:
        """Return the settings to change as ``key.path=value``."""
        if isinstance(self.set, Mapping):
            try:
                return [f"{path}={json.dumps(value, ensure_ascii=False)}" for path, value in self.set.items()]
            except (TypeError, ValueError) as error:
                raise FusionError(
                    f"set={self.set!r}: should hold texts, numbers, lists and mappings: {error}"
                ) from None
        return list(self.set)

    def seed_list(self) -> list[int] | None:
        """Return the random seeds asked for, None for the experiment's own."""
        if not isinstance(self.seeds, int):
            return None if self.seeds is None else list(self.seeds)
        if not 1 <= self.seeds <= _MOST_SEEDS:
            raise FusionError(
                f"--seeds {self.seeds}: a number of seeds goes from 1 to {_MOST_SEEDS}; name a single seed with a "
                "comma (7,) or in Python [7]"
            )
        return list(range(1, self.seeds + 1))

    def _roots(self, known: Sequence[str]) -> dict[str, Path]:
        """Return the folders that were named, by data set."""
        if self.data is None:
            return {}
        if not isinstance(self.data, Mapping):
            if len(known) > 1:
                raise FusionError(
                    f"--data {self.data}: several data sets are used; write {known[0]}=DIR, {known[1]}=DIR"
                )
            return {known[0]: Path(self.data)}
        for name, folder in self.data.items():
            if name not in known:
                raise FusionError(f"--data {name}={folder}: {name} is not used here; used: {', '.join(known)}")
        return {name: Path(folder) for name, folder in self.data.items()}


def _whole(value: Any, name: str = "seeds") -> int:
    """Return a whole number of any library as Python's own."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        more = " or a list of whole numbers" if name == "seeds" else " from 1 up"
        raise FusionError(f"{name}={value!r}: should be a whole number{more}")
    return int(value)


def _source(spec: Spec) -> Path | Mapping[str, Any]:
    """Return what the settings' readers take."""
    if not isinstance(spec, (str, os.PathLike, Mapping)):
        raise FusionError(f"an experiment is a file or a dict, found {type(spec).__name__}")
    return spec if isinstance(spec, Mapping) else Path(spec)


def _named(spec: Spec) -> str:
    return str(spec.get("name", "this experiment")) if isinstance(spec, Mapping) else str(spec)
