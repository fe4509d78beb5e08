"""A file's plain data, with the place that each value was written in, and changes by ``--set``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fusion.errors import FusionError
from fusion.settings.feature_lists import expanded
from fusion.settings.strict_yaml import MOST_LEVELS, Location, kind, parse

MOST_BYTES = 1_000_000

Source = Path | Mapping[str, Any]
"""An experiment: its file, or what such a file holds."""


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
    stem : str
        What the experiment is called if it does not say so itself.
    folder : Path
        What paths in it are relative to.
    """

    name: str
    data: dict[str, Any]
    places: dict[Location, str] = field(default_factory=dict)
    stem: str = "experiment"
    folder: Path = field(default_factory=Path)

    def __post_init__(self) -> None:
        self.spread_features()

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
        self.spread_features()

    def set_seeds(self, seeds: Sequence[int]) -> None:
        """Take these seeds instead of the file's."""
        self.data["seeds"] = list(seeds)
        self.places[("seeds",)] = "--seeds"

    def spread_features(self) -> None:
        """Turn a list of features into a mapping without parameters, named lists into features; all keep their line."""
        names = self.data.get("features")
        if isinstance(names, list) and all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            places: dict[Location, str] = {
                ("features", name): self.place(("features", number)) for number, name in enumerate(names)
            }
            self.data["features"] = dict.fromkeys(names)
            self.places.update(places)
        written = self.data.get("features")
        if isinstance(written, dict):
            features = expanded(written)
            for name, (source, _) in features.items():
                if name != source:
                    self.places["features", name] = self.place(("features", source))
            self.data["features"] = {name: value for name, (_, value) in features.items()}


def read(source: Source) -> Document:
    """Read one YAML file that holds a mapping, or take what such a file holds.

    Parameters
    ----------
    source : Path or dict

    Returns
    -------
    Document

    Raises
    ------
    FusionError
        With file and line, if the file is not there, not text, too large, not YAML or not a mapping.
    """
    if isinstance(source, Mapping):
        try:
            return Document("this experiment", json.loads(json.dumps(source, allow_nan=False)))
        except (TypeError, ValueError, RecursionError) as error:
            raise FusionError(f"this experiment: holds more than texts, numbers, lists and mappings: {error}") from None
    path = source
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
    return Document(str(path), data, places, path.stem, path.parent)
