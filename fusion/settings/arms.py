"""A study: one base and named arms that change it, each an experiment of its own."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusion.errors import FusionError, did_you_mean
from fusion.settings.checker import Checker
from fusion.settings.document import Document, Location, kind, read
from fusion.settings.experiment import Experiment

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_CHOOSES = {"dataset": ("name", None), "model": ("preset", "fusion")}  # another kind takes nothing from the base
_ARM = ("before", "dataset", "features", "model", "training")


@dataclass(frozen=True)
class Arm:
    """One variation.

    Attributes
    ----------
    name : str
    experiment : Experiment
        Its name is ``<study>.<arm>``.
    before : str or None
        The arm that it is tested against; None: the nearest one before it with the same test clips.
    source : str or None
        The arm whose networks it starts from.
    """

    name: str
    experiment: Experiment
    before: str | None
    source: str | None


@dataclass(frozen=True)
class Study:
    """A question and the arms that answer it, in the order of the file."""

    name: str
    question: str
    arms: tuple[Arm, ...]

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the data sets used, each once."""
        return tuple(dict.fromkeys(arm.experiment.dataset.name for arm in self.arms))


def is_study(path: Path) -> bool:
    """Say whether a file has arms."""
    return "arms" in read(path).data


def read_study(
    path: Path,
    *,
    assignments: Sequence[str] = (),
    seeds: Sequence[int] | None = None,
    plugins: Iterable[Path] = (),
) -> Study:
    """Read and check a study.

    Parameters
    ----------
    path : Path
    assignments : sequence of str
        ``key.path=value``, applied last, to every arm.
    seeds : sequence of int, optional
        Instead of the file's.
    plugins : iterable of Path

    Raises
    ------
    FusionError
        With every mistake of every arm.
    """
    document = read(path)
    base = {key: value for key, value in document.data.items() if key not in ("arms", "question")}
    written = document.data["arms"]
    question = document.data.get("question", "")
    if not isinstance(written, dict) or not written:
        raise FusionError(f"{document.place(('arms',))}: arms: should name at least one arm, found {kind(written)}")
    if not isinstance(question, str):
        raise FusionError(f"{document.place(('question',))}: question: should be text, found {kind(question)}")
    folders = tuple(plugins)
    mistakes: list[str] = []
    arms: list[Arm] = []
    for name, changes in written.items():
        place = document.place(("arms", name))
        changes = {} if changes is None else changes
        if not _NAME.fullmatch(name) or not isinstance(changes, dict):
            mistakes.append(f"{place}: arms.{name}: an arm is a name (letters, digits, _ and -) with a mapping")
            continue
        mistakes += [
            f"{document.place(('arms', name, key))}: arms.{name}.{key}: no such part of an arm"
            f"{did_you_mean(key, _ARM)} (known: {', '.join(_ARM)})"
            for key in changes
            if key not in _ARM
        ]
        known = [arm.name for arm in arms]
        above = [str(other) for other in written][: list(written).index(name)]  # those with mistakes, too
        before = changes.get("before")
        if before is not None and before not in above:
            near = did_you_mean(str(before), above)
            mistakes.append(
                f"{document.place(('arms', name, 'before'))}: arms.{name}.before: no arm {before!r} above{near}"
            )
        merged = _merged(document, base, name, {key: changes[key] for key in changes if key in _ARM[1:]})
        try:
            if seeds is not None:
                merged.data["seeds"] = list(seeds)
            for assignment in assignments:
                merged.set(assignment)
            experiment = Checker(merged, path.with_name(f"{path.stem}.{name}.yaml")).experiment(folders)
        except FusionError as error:
            mistakes += [line for line in str(error).splitlines() if line not in mistakes]
            continue
        tested = {arm.name: arm.experiment.dataset for arm in arms}.get(before) if isinstance(before, str) else None
        if tested and (tested.name, tested.protocol) != (experiment.dataset.name, experiment.dataset.protocol):
            mistakes.append(
                f"{document.place(('arms', name, 'before'))}: arms.{name}.before: {before} has other test clips "
                f"({tested.name}, {tested.protocol})"
            )
        start = experiment.training.pretrain
        if start in written and start not in above:
            where = document.place(("arms", name, "training", "pretrain"))
            mistakes.append(f"{where}: arms.{name}.training.pretrain: arm {start!r} should stand above")
        source = start if start in known else None
        arms.append(Arm(name, experiment, before, source))
    if mistakes:
        raise FusionError("\n".join(mistakes))
    return Study(path.stem, question.strip(), tuple(arms))


def _merged(document: Document, base: dict[str, Any], name: str, changes: dict[str, Any]) -> Document:
    """Return an arm's document: the base with its changes, each value with the line that it stands in."""
    data = copy.deepcopy(base)
    places: dict[Location, str] = {at: line for at, line in document.places.items() if at[:1] != ("arms",)}
    for section, change in changes.items():
        own = data.get(section)
        if section in _CHOOSES and isinstance(change, dict) and isinstance(own, dict):
            key, default = _CHOOSES[section]
            if change.get(key, own.get(key, default)) != own.get(key, default):
                own = None
        if section == "features" and isinstance(change, list):
            known = own if isinstance(own, dict) else {}
            data[section] = {str(feature): known.get(str(feature)) for feature in change}
            continue
        if section != "features" and isinstance(change, dict) and isinstance(own, dict):
            data[section] = {**own, **change}
        else:
            data[section] = copy.deepcopy(change)
    for at, line in document.places.items():
        if at[:2] == ("arms", name) and len(at) > 2:
            places[at[2:]] = line
    return Document(document.name, data, places)
