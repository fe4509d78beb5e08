"""Texts that look like YAML, and what comes of reading them."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from fusion.errors import FusionError
from fusion.settings.strict_yaml import MOST_LEVELS


def outcome(function: Callable[..., Any], *arguments: Any) -> tuple[Any, str]:
    """Return what a function gives and the message of its error: one of them."""
    try:
        return function(*arguments), ""
    except FusionError as error:
        return None, str(error)


def is_plain(data: Any, levels: int = MOST_LEVELS + 1) -> bool:
    if type(data) is dict:
        return levels > 0 and all(type(key) is str and is_plain(value, levels - 1) for key, value in data.items())
    if type(data) is list:
        return levels > 0 and all(is_plain(value, levels - 1) for value in data)
    return data is None or type(data) in (bool, int, float, str)


_PIECES = [
    *["a", "b", ": ", ":", "- ", "? ", "[", "]", "{", "}", ",", "\n", "\n  ", " ", "\t", "&x ", "*x", "!!int "],
    *["!!bool ", "!!null ", "!!str ", "!!seq ", "!!set ", "!x ", "'", '"', "\\", "|\n", ">-\n", "#", "---\n", "...\n"],
    *["%YAML 1.2\n", "1", ".5", "e9", "true", "~", "<<", "\x00", "\ufeff", "\x85", "\\ud800", "9" * 20],
]
yamlish = st.lists(st.sampled_from(_PIECES), max_size=24).map("".join)
