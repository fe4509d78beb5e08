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
from fusion.settings.document import Document, Source, read
from fusion.settings.experiment import Experiment, wrong_name
from fusion.settings.strict_yaml import Location, kind

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_CHOOSES = {"dataset": ("name", None), "model": ("preset", "fusion")}  # another kind takes nothing from the base
_SECTIONS = ("dataset", "features", "model", "training")  # what an arm may change
_KEYS = ("before", *_SECTIONS)
_HEAD = ("name", "question", "answered_by")  # what is the study's, not its arms'


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
    """A question and the arms that answer it, in the order of the file.

    Attributes
    ----------
    name : str
        What the file says, else its stem; results go to ``results/<name>``.
    question : str
    answered_by : tuple of str
        Arms whose steps answer it; their tests are what the study says first.
    arms : tuple of Arm
    """

    name: str
    question: str
    answered_by: tuple[str, ...]
    arms: tuple[Arm, ...]

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the data sets used, each once."""
        return tuple(dict.fromkeys(arm.experiment.dataset.name for arm in self.arms))


def is_study(source: Source) -> bool:
    """Say whether a file has arms."""
    return "arms" in read(source).data


def read_study(
    source: Source,
    *,
    assignments: Sequence[str] = (),
    seeds: Sequence[int] | None = None,
    plugins: Iterable[Path] = (),
) -> Study:
    """Read and check a study.

    Parameters
    ----------
    source : Path or dict
    assignments : sequence of str
        ``key.path=value``, applied last, to every arm; ``name``, ``question`` and ``answered_by`` are the study's.
    seeds : sequence of int, optional
        Instead of the file's.
    plugins : iterable of Path

    Raises
    ------
    FusionError
        With every mistake of every arm.
    """
    document = read(source)
    for assignment in assignments:
        if _is_of_study(assignment):
            document.set(assignment)
    study, question, answered_by = _head(document)
    base = {key: value for key, value in document.data.items() if key not in ("arms", *_HEAD)}
    for_arms = [assignment for assignment in assignments if not _is_of_study(assignment)]
    folders = tuple(plugins)
    mistakes: list[str] = []
    arms: dict[str, Arm] = {}
    written: dict[str, Any] = {name: {} if arm is None else arm for name, arm in document.data["arms"].items()}
    for name, changes in written.items():
        if not _NAME.fullmatch(name) or not isinstance(changes, dict):
            mistakes.append(_mistake(document, (name,), "an arm is a name (letters, digits, _ and -) with a mapping"))
            continue
        try:
            merged = _merged(document, base, name, {key: changes[key] for key in changes if key in _SECTIONS})
            if seeds is not None:
                merged.set_seeds(seeds)
            for assignment in for_arms:
                merged.set(assignment)
            experiment = Checker(merged).experiment(f"{study}.{name}", folders)
        except FusionError as error:
            mistakes += str(error).splitlines()
            experiment = None
        for key in changes:
            if key not in _KEYS:
                hint = f"{did_you_mean(key, _KEYS)} (known: {', '.join(_KEYS)})"
                mistakes.append(_mistake(document, (name, key), f"no such part of an arm{hint}"))
        mistakes += _wrong_order(document, name, written, experiment, arms)
        if experiment:
            start = experiment.training.pretrain
            arms[name] = Arm(name, experiment, changes.get("before"), start if start in arms else None)
    threads = sorted({arm.experiment.training.threads for arm in arms.values()})
    if len(threads) > 1:  # one crew of workers trains them all
        found = ", ".join(map(str, threads))
        mistakes.append(
            f"{document.place(('arms',))}: arms: training.threads should be the same in all arms, found {found}"
        )
    if mistakes:
        raise FusionError("\n".join(dict.fromkeys(mistakes)))  # what the base has wrong, every arm has
    return Study(study, question, answered_by, tuple(arms.values()))


def _is_of_study(assignment: str) -> bool:
    return assignment.partition("=")[0].strip() in _HEAD


def _mistake(document: Document, location: Location, message: str) -> str:
    where = ("arms", *location)
    return f"{document.place(where)}: {'.'.join(map(str, where))}: {message}"


def _head(document: Document) -> tuple[str, str, tuple[str, ...]]:
    """Return the study's name, question and answering arms; raise FusionError unless all are what they should be."""
    arms, question = document.data["arms"], document.data.get("question", "")
    if not isinstance(arms, dict) or not arms:
        raise FusionError(f"{document.place(('arms',))}: arms: should name at least one arm, found {kind(arms)}")
    if not isinstance(question, str):
        raise FusionError(f"{document.place(('question',))}: question: should be text, found {kind(question)}")
    answered_by = document.data.get("answered_by", [])
    if not isinstance(answered_by, list) or not all(isinstance(name, str) and name in arms for name in answered_by):
        raise FusionError(
            f"{document.place(('answered_by',))}: answered_by: should be a list of arms ({', '.join(map(str, arms))}), "
            f"found {answered_by!r}"
        )
    name = document.data.get("name", document.stem)
    if wrong := wrong_name(name):
        raise FusionError(f"{document.place(('name',))}: name: {wrong}")
    return name, question.strip(), tuple(answered_by)


def _wrong_order(
    document: Document, name: str, written: dict[str, Any], experiment: Experiment | None, arms: dict[str, Arm]
) -> list[str]:
    """Return what is wrong with the arms that one is tested against and starts from.

    Parameters
    ----------
    document : Document
    name : str
    written : dict
        All arms of the file, those with mistakes, too.
    experiment : Experiment or None
        The arm's own, if it has no mistakes.
    arms : dict of str to Arm
        Those above that have none.
    """
    mistakes = []
    above = list(written)[: list(written).index(name)]
    before = written[name].get("before")
    if before is not None and before not in above:
        near = did_you_mean(str(before), above)
        mistakes.append(_mistake(document, (name, "before"), f"no arm {before!r} above{near}"))
    elif experiment and before in arms:
        tested, own = arms[before].experiment.dataset, experiment.dataset
        if (tested.name, tested.protocol) != (own.name, own.protocol):
            other = f"{before} has other test clips ({tested.name}, {tested.protocol})"
            mistakes.append(_mistake(document, (name, "before"), other))
    start = experiment.training.pretrain if experiment else None
    if start in written and start not in above:
        mistakes.append(_mistake(document, (name, "training", "pretrain"), f"arm {start!r} should stand above"))
    return mistakes


def _merged(document: Document, base: dict[str, Any], name: str, changes: dict[str, Any]) -> Document:
    """Return an arm's document: the base with its changes, each value with the line that it stands in."""
    data = copy.deepcopy(base)
    places = {path: place for path, place in document.places.items() if path[:1] != ("arms",)}
    places |= {path[2:]: place for path, place in document.places.items() if path[:2] == ("arms", name) and path[2:]}
    features = data.get("features")
    for section, change in changes.items():
        own = data.get(section)
        if section in _CHOOSES and isinstance(change, dict) and isinstance(own, dict):
            key, default = _CHOOSES[section]
            if change.get(key, own.get(key, default)) != own.get(key, default):
                own = None
        if section != "features" and isinstance(change, dict) and isinstance(own, dict):
            data[section] = {**own, **change}
        else:
            data[section] = copy.deepcopy(change)
    merged = Document(document.name, data, places, document.stem, document.folder)
    named = merged.data.get("features")
    if isinstance(changes.get("features"), list) and isinstance(named, dict) and isinstance(features, dict):
        # a list of names keeps the base's parameters
        named.update({name: features[name] for name in changes["features"] if name in features})
    return merged
