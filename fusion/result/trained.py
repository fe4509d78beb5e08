"""A finished result whose networks are used: they are checked before anything is done with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusion.errors import FusionError, telling_damage
from fusion.result.checksums import refuse_changed
from fusion.result.folder import ResultFolder, is_trained
from fusion.settings.experiment import Experiment
from fusion.settings.reading import read_result_settings


@dataclass(frozen=True)
class TrainedResult:
    """A result with its networks.

    Attributes
    ----------
    result : ResultFolder
    experiment : Experiment
    metrics : dict
        The content of metrics.json.
    seeds : tuple of int
        Those whose networks are used.
    """

    result: ResultFolder
    experiment: Experiment
    metrics: dict[str, Any]
    seeds: tuple[int, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """What each network gives a score of."""
        return tuple(self.metrics["classes"])

    @property
    def models(self) -> tuple[Path, ...]:
        """The networks' files: one a seed, or where there are folds, one a seed and fold."""
        return tuple(folder / "model.keras" for seed in self.seeds for folder in self.result.trainings(seed))

    @property
    def threshold(self) -> float | None:
        """Mean probability from which a class counts as heard, over these seeds; None where clips have one label."""
        thresholds = dict(zip(self.metrics["seeds"], self.metrics.get("thresholds") or [], strict=False))
        used = [thresholds[seed] for seed in self.seeds if thresholds.get(seed) is not None]
        return sum(used) / len(used) if used else None


def read_trained(folder: Path, seeds: Sequence[int] | None = None, plugins: Iterable[Path] = ()) -> TrainedResult:
    """Return a result whose networks can be used.

    Parameters
    ----------
    folder : Path
    seeds : sequence of int, optional
        Networks to use instead of all.
    plugins : iterable of Path
        Plug-in folders; those that the result names are a stranger's, and their code is not run.

    Raises
    ------
    FusionError
        If the folder is no result, needs plug-ins that are not named, lacks its networks, is not as it was written,
        or was made with other versions of its features.
    """
    result = ResultFolder(folder)
    metrics = result.finished()
    refuse_changed(folder, "spec.yaml")
    experiment = read_result_settings(folder / "spec.yaml", plugins)
    with telling_damage(folder / "environment.json"):
        recorded = dict(result.environment().get("features", {}))
    if not recorded:
        raise FusionError(
            f"{folder / 'environment.json'}: missing, or says no feature's version; run the experiment again"
        )
    for name, version in experiment.versions().items():
        if recorded.get(name) != version:
            raise FusionError(
                f"{folder}: its networks were trained with version {recorded.get(name)} of feature {name}, "
                f"installed is {version}{' (last: its files)' if version[2:] else ''}; run the experiment again"
            )
    with telling_damage(folder / "metrics.json"):
        own, _ = tuple(metrics["seeds"]), tuple(metrics["classes"])
    if seeds is not None and not 0 < len(seeds) == len(set(seeds)):
        named = ", ".join(map(str, seeds)) or "none"
        raise FusionError(f"{folder}: seeds should be one or several, each once, found {named}")
    if seeds is not None and not set(seeds) <= set(own):
        raise FusionError(f"{folder}: has no seed {min(set(seeds) - set(own))}; it has {', '.join(map(str, own))}")
    trained = TrainedResult(result, experiment, metrics, own if seeds is None else tuple(seeds))
    absent = [path for path in trained.models if not path.is_file()]
    if absent:
        raise FusionError(
            f"{absent[0]}: this network is missing (committed results come without); "
            "run the experiment again to train it"
        )
    if damaged := [path.parent for path in trained.models if not is_trained(path.parent)]:
        raise FusionError(f"{damaged[0]}: not as its training wrote it; run the experiment again to train it anew")
    return trained


def read_pretrained(folder: str) -> ResultFolder:
    """Return the result that networks start from.

    Raises
    ------
    FusionError
        If it is none, or came without networks.
    """
    result = ResultFolder(Path(folder))
    if result.metrics() is None:
        raise FusionError(f"training.pretrain: {folder}: no result folder; name one that `fusion run` printed")
    if not result.trained() or not result.networks(result.trained()[0]):
        raise FusionError(
            f"training.pretrain: {folder}: has no networks (committed results come without); run that experiment again"
        )
    return result
