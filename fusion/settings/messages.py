"""Pydantic's errors in our own words: what is wrong, what was found, what was meant perhaps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from fusion.errors import did_you_mean
from fusion.settings.section import RENAMED


def is_consequence(detail: dict[str, Any], details: Iterable[dict[str, Any]]) -> bool:
    """Say whether pydantic adds this only because a value is wrong already, which it reports, too."""
    if detail["type"] == "too_short":  # a list that lost its wrong items
        loc = detail["loc"]
        return any(other["loc"][: len(loc)] == loc and other is not detail for other in details)
    return bool(detail["type"] == "default_factory_not_called")


def explain(detail: dict[str, Any], fields: Iterable[str], noun: str) -> str:
    """Return one of pydantic's errors as a sentence.

    Parameters
    ----------
    detail : dict
        From ``ValidationError.errors()``.
    fields : iterable of str
        What is known there.
    noun : str
        What such a field is called.
    """
    last = str(detail["loc"][-1]) if detail["loc"] else ""
    if detail["type"] == "extra_forbidden":
        hint = did_you_mean(last, fields) or f" (known: {', '.join(fields)})"
        return f"no such {noun}{hint}"
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] in ("value_error", "missing"):
        return message
    for theirs, ours in (("Input should", "should"), ("Tuple should", "should"), (" after validation", "")):
        message = message.replace(theirs, ours)
    near = ""
    if detail["type"] == "literal_error" and isinstance(detail["input"], str):
        known = re.findall(r"'(\w+)'", detail["ctx"]["expected"])
        if new := renamed(last, detail["input"], known):
            return new
        near = did_you_mean(detail["input"], known)
    return f"{message}, found {detail['input']!r}{near}"


def not_one_of(value: Any, known: Iterable[str]) -> str:
    """Return what is said of a value that is none of the known words."""
    near = did_you_mean(value, known) if isinstance(value, str) else ""
    return f"should be one of {', '.join(known)}, found {'nothing' if value is None else repr(value)}{near}"


def renamed(setting: str, value: Any, known: Iterable[str]) -> str:
    """Return what is said of a setting's old word for one of the known ones; an empty string for any other value."""
    new = RENAMED.get(setting, {}).get(value) if isinstance(value, str) else None
    return f"{value!r} was renamed to {new}" if new and new in known else ""
