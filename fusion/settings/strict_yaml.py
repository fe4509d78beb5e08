"""Strict YAML: duplicate keys are errors, every value remembers its line, nothing but plain data is made.

Scalars follow YAML 1.2's core schema, so ``1e-3`` is a number and ``on`` a word. PyYAML parses; the data are built
here, because its own constructors keep the last of two equal keys and forget the lines.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

from fusion.errors import FusionError

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
    """Return plain data as YAML that `parse` gives back."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False)


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
        problem = str(error.problem or error.context)
        hint = (
            "; indent by spaces, not tabs"
            if "\\t" in problem
            else "; look at its indentation"
            if "block" in problem
            else ""
        )
        raise FusionError(f"{where}: not valid YAML: {problem}{hint}") from None
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
