"""The registry as text: what features there are, their parameters, shapes and origins."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from fusion.errors import FusionError
from fusion.feature.registry import load
from fusion.plugins.registry import FEATURES, Source, discover, find

_SECONDS, _SR = 4.0, 16000


def features(folders: Iterable[Path] = ()) -> list[dict[str, Any]]:
    """Return every feature of the registry as plain data.

    A feature has ``needs``, parameters that must be given, instead of a shape, and a broken plug-in an ``error``.
    """
    return [_entry(source) for source in discover(FEATURES, folders).values()]


def feature(name: str, folders: Iterable[Path] = ()) -> dict[str, Any]:
    """Return one feature as plain data: what it is, its parameters, its shape for a 4 s clip, its origin.

    Raises
    ------
    FusionError
        If there is no such feature, or its plug-in is broken.
    """
    try:
        source = find(FEATURES, name, discover(FEATURES, folders))
    except FusionError as error:
        raise FusionError(f"{name}: {error}") from None
    cls = load(source)
    return {
        **_entry(source),
        "documentation": inspect.cleandoc(cls.__doc__ or ""),
        "parameters": [
            {"name": key, "default": _default(field), "description": field.description or ""}
            for key, field in cls.model_fields.items()
        ],
    }


def _entry(source: Source) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": source.name, "origin": str(source)}
    try:
        cls = load(source)
        entry["version"] = cls.version
        entry["summary"] = (inspect.cleandoc(cls.__doc__ or "").splitlines() or [""])[0]
        entry["shape"] = list(cls.model_validate({}).shape(round(_SECONDS * _SR), _SR))
    except ValidationError as error:
        entry["needs"] = [".".join(map(str, detail["loc"])) for detail in error.errors()]
    except Exception as error:  # a broken plug-in must not hide the others
        entry["error"] = str(error)
    return entry


def _default(field: FieldInfo) -> Any:
    if field.is_required():
        return "(must be given)"
    return to_jsonable_python(field.get_default(call_default_factory=True, validated_data={}), fallback=str)
