"""Which classes of a room make objects that can change after they are made."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil


def changeable(room: str) -> list[str]:
    """Return the dataclasses of a room, ``fusion.sound`` say, whose fields can be assigned to."""
    modules = [
        importlib.import_module(f"{room}.{module.name}")
        for module in pkgutil.iter_modules(importlib.import_module(room).__path__)
    ]
    return sorted(
        name
        for module in modules
        for name, value in vars(module).items()
        if dataclasses.is_dataclass(value)
        and value.__module__ == module.__name__
        and not value.__dataclass_params__.frozen
    )
