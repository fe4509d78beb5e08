"""A file's plain data, with the place that each value was written in, and changes by ``--set``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fusion.errors import FusionError
from fusion.settings.strict_yaml import MOST_LEVELS, Location, kind, parse

MOST_BYTES = 1_000_000


@dataclass
class Document:
    """A parsed file: plain data, and for each path in it where it was written.

    Attributes
    ----------
    name : str
        The file, as messages name it.
    data : dict
        Mappings, lists and scalars.
    places : dict of tuple to str
        ``file:line`` (or the option) by path.
    """

    name: str
    data: dict[str, Any]
    places: dict[Location, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._spread_features()

    def place(self, location: Location) -> str:
        """Return where `location`, or the nearest thing around it, was written."""
        for end in range(len(location), 0, -1):
            if location[:end] in self.places:
                return self.places[location[:end]]
        return self.name

    def set(self, assignment: str) -> None:
        """Apply one ``key.path=value``; the value is YAML.

        Raises
        ------
        FusionError
            If it is no assignment, or the path leads through something that is not a mapping.
        """
        path, equals, text = assignment.partition("=")
        keys = path.strip().split(".")
        if not equals or not all(keys) or len(keys) > MOST_LEVELS or not path.isprintable():
            raise FusionError(f"--set {assignment}: write key.path=value, as in --set training.epochs=20")
        option = f"--set {assignment}"
        target = self.data
        for depth, key in enumerate(keys[:-1], start=1):
            if target.get(key) is None:
                target[key] = {}
                self.places.setdefault(tuple(keys[:depth]), option)
            target = target[key]
            if not isinstance(target, dict):
                raise FusionError(f"{option}: {'.'.join(keys[:depth])} is not a mapping, nothing can be set inside it")
        value = parse(text, option)
        for known in [place for place in self.places if place[: len(keys)] == tuple(keys)]:
            del self.places[known]
        target[keys[-1]] = value
        self.places[tuple(keys)] = option
        self._spread_features()

    def set_seeds(self, seeds: Sequence[int]) -> None:
        """Take these seeds instead of the file's."""
        self.data["seeds"] = list(seeds)
        self.places[("seeds",)] = "--seeds"

    def _spread_features(self) -> None:
        """Turn a list of features into a mapping without parameters; each name keeps its line."""
        names = self.data.get("features")
        if isinstance(names, list) and all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            places: dict[Location, str] = {
                ("features", name): self.place(("features", number)) for number, name in enumerate(names)
            }
            self.data["features"] = dict.fromkeys(names)
            self.places.update(places)


def read(path: Path) -> Document:
    """Read one YAML file that holds a mapping.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Document

    Raises
    ------
    FusionError
        With file and line, if the file is not there, not text, too large, not YAML or not a mapping.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except IsADirectoryError:
        raise FusionError(f"{path}: a folder, not an experiment file (.yaml)") from None
    except OSError as error:
        raise FusionError(f"{path}: cannot read this experiment file: {error.strerror}") from None
    if len(raw) > MOST_BYTES:
        raise FusionError(f"{path}: more than {MOST_BYTES} bytes is too large for an experiment file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FusionError(f"{path}: not UTF-8 text (byte {error.start}); is this an experiment file?") from None
    places: dict[Location, str] = {}
    data = parse(text, str(path), places)
    if not isinstance(data, dict):
        raise FusionError(f"{path}: an experiment file is a mapping (dataset:, features:, ...), found {kind(data)}")
    return Document(str(path), data, places)
