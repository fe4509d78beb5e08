"""The registry as text: what features there are, their parameters, shapes and origins."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fusion.errors import FusionError
from fusion.feature import Feature
from fusion.registry import Source, discover, find, load

_SECONDS, _SR = 4.0, 16000


def features(folders: Iterable[Path] = ()) -> list[dict[str, Any]]:
    """Return every feature of the registry as plain data; a broken plug-in has an ``error`` instead of a shape."""
    return [_entry(source) for source in discover(folders).values()]


def feature(name: str, folders: Iterable[Path] = ()) -> dict[str, Any]:
    """Return one feature as plain data: what it is, its parameters, its shape for a 4 s clip, its origin.

    Raises
    ------
    FusionError
        If there is no such feature, or its plug-in is broken.
    """
    try:
        source = find(name, discover(folders))
    except FusionError as error:
        raise FusionError(f"{name}: {error}") from None
    cls = load(source)
    return {
        **_entry(source),
        "documentation": inspect.cleandoc(cls.__doc__ or ""),
        "parameters": [
            {
                "name": key,
                "default": None
                if field.is_required()
                else field.get_default(call_default_factory=True, validated_data={}),
                "description": field.description or "",
            }
            for key, field in cls.model_fields.items()
        ],
    }


def _entry(source: Source) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": source.name, "origin": str(source)}
    try:
        cls = load(source)
        entry["version"] = cls.version
        entry["summary"] = (inspect.cleandoc(cls.__doc__ or "").splitlines() or [""])[0]
        entry["shape"] = list(_default(cls).shape(round(_SECONDS * _SR), _SR))
    except Exception as error:  # a broken plug-in must not hide the others
        entry["error"] = str(error)
    return entry


def _default(cls: type[Feature]) -> Feature:
    return cls.model_validate({})
