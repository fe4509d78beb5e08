"""Recognising musical instruments from sound with several kinds of features fused in one network."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fusion.errors import FusionError
    from fusion.feature.contract import Feature, SeriesFeature
    from fusion.runtime.versions import VERSION as __version__  # noqa: N811
    from fusion.sound.clip import Clip, frame_count

__all__ = ["Clip", "Feature", "FusionError", "SeriesFeature", "__version__", "frame_count"]

_HOMES = {
    "Clip": "fusion.sound.clip",
    "Feature": "fusion.feature.contract",
    "FusionError": "fusion.errors",
    "SeriesFeature": "fusion.feature.contract",
    "frame_count": "fusion.sound.clip",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used, so that `import fusion` costs nothing."""
    if name == "__version__":
        return importlib.import_module("fusion.runtime.versions").VERSION
    if name not in _HOMES:
        raise AttributeError(f"module 'fusion' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
