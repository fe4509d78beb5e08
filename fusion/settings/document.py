"""Strict YAML: duplicate keys are errors, every value remembers its line, nothing but plain data is made.

Scalars follow YAML 1.2's core schema, so ``1e-3`` is a number and ``on`` a word. PyYAML parses; the data are built
here, because its own constructors keep the last of two equal keys and forget the lines.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fusion.errors import FusionError

MOST_BYTES = 1_000_000
MOST_LEVELS = 30

_SCALARS = {f"tag:yaml.org,2002:{tag}" for tag in ("null", "bool", "int", "float", "str")}

Location = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """SafeLoader with the core schema's scalars instead of YAML 1.1's, and without aliases."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (PyYAML's own interface)

    level = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node, unless it is an alias (nested ones make a small file enormous) or too deep."""
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases are not used in experiment files", mark)
        if self.level > MOST_LEVELS:
            raise yaml.composer.ComposerError(None, None, f"nested more than {MOST_LEVELS} levels deep", mark)
        self.level += 1
        node = super().compose_node(parent, index)
        self.level -= 1
        return node


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]{1,18}", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)

_Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(node.value))
_Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))


class _Dumper(yaml.SafeDumper):
    """SafeDumper that quotes what this module would not read as text."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers


def dump(data: dict[str, Any]) -> str:
    """Return plain data as YAML that `read` gives back."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False)


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


def parse(text: str, name: str, places: dict[Location, str] | None = None) -> Any:
    """Return the plain data of a YAML text.

    Parameters
    ----------
    text : str
    name : str
        How messages call the text.
    places : dict, optional
        Filled with ``name:line`` for every path.

    Raises
    ------
    FusionError
        For anything that is not plain data with unique keys.
    """
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            return None if node is None else _build(loader, node, name, (), {} if places is None else places)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark and places is not None else name
        raise FusionError(f"{where}: not valid YAML: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        where = name if places is None else f"{name}:{text.count(chr(10), 0, error.position) + 1}"
        raise FusionError(f"{where}: not valid YAML: character U+{error.character:04X} is not allowed") from None


def kind(value: object) -> str:
    """Return the word for a value's type that messages use."""
    words = {dict: "a mapping", list: "a list", str: "text", bool: "true/false", int: "a whole number"}
    return "nothing" if value is None else words.get(type(value), "a number")


def _build(loader: _Loader, node: yaml.Node, name: str, location: Location, places: dict[Location, str]) -> Any:
    where = f"{name}:{node.start_mark.line + 1}"
    places.setdefault(location, where)
    if isinstance(node, yaml.ScalarNode):
        if node.tag not in _SCALARS:
            raise FusionError(f"{where}: tag {node.tag} is not allowed; write plain values")
        try:
            node.value.encode()  # an escape may stand for half a character
            return loader.construct_object(node)
        except (ValueError, KeyError):
            raise FusionError(f"{where}: {node.value!r} is no {node.tag.rsplit(':', 1)[-1]}") from None
    if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
        return [_build(loader, item, name, (*location, n), places) for n, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key: Hashable = _build(loader, key_node, name, (), {})
            line = f"{name}:{key_node.start_mark.line + 1}"
            if not isinstance(key, str):
                raise FusionError(f"{line}: keys are words, found {key if key is None else kind(key)}")
            if key in mapping:
                first = places[(*location, key)].rsplit(":", 1)[-1]
                raise FusionError(f"{line}: {'.'.join(map(str, (*location, key)))}: given twice, first in line {first}")
            places[(*location, key)] = line
            mapping[key] = _build(loader, value_node, name, (*location, key), places)
        return mapping
    raise FusionError(f"{where}: tag {node.tag} is not allowed; write plain mappings, lists and values")
