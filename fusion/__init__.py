"""Recognising musical instruments from sound with several kinds of features fused in one network.

``run``, ``study``, ``ablate``, ``curve``, ``tune`` and ``check`` take an experiment file or a dict like it; ``load``,
``compare``, ``side_by_side``, ``stress``, ``predict``, ``recompute``, ``results`` work with what came out; ``extract``,
``features`` and ``plot_feature`` are the registry of features. A feature of your own is a subclass of ``Feature``,
``SeriesFeature`` or ``SpectralFeature`` that gets a ``Clip``; a data set of your own is a subclass of ``Dataset``, with
an ``Archive`` for each file that can be fetched; ``new`` writes one to start from. Errors that you can mend are
``FusionError``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fusion.api.curve import curve
    from fusion.api.data import check
    from fusion.api.experiments import ablate, run, study
    from fusion.api.new import new
    from fusion.api.predictions import predict
    from fusion.api.result import Result
    from fusion.api.results import compare, load, recompute, results, side_by_side
    from fusion.api.search import tune
    from fusion.api.sounds import extract, features, plot_feature
    from fusion.api.stress import stress
    from fusion.datasets.dataset import Dataset
    from fusion.errors import FusionError
    from fusion.feature.contract import Feature, SeriesFeature
    from fusion.feature.parameter_file import FileParameter
    from fusion.feature.spectral import SpectralFeature
    from fusion.runtime.versions import VERSION as __version__  # noqa: N811
    from fusion.settings.archive import Archive
    from fusion.sound.clip import Clip, frame_count

__all__ = [
    "Archive",
    "Clip",
    "Dataset",
    "Feature",
    "FileParameter",
    "FusionError",
    "Result",
    "SeriesFeature",
    "SpectralFeature",
    "__version__",
    "ablate",
    "check",
    "compare",
    "curve",
    "extract",
    "features",
    "frame_count",
    "load",
    "new",
    "plot_feature",
    "predict",
    "recompute",
    "results",
    "run",
    "side_by_side",
    "stress",
    "study",
    "tune",
]

_HOMES = {
    "fusion.api.experiments": ("ablate", "run", "study"),
    "fusion.api.curve": ("curve",),
    "fusion.api.data": ("check",),
    "fusion.api.new": ("new",),
    "fusion.api.predictions": ("predict",),
    "fusion.api.search": ("tune",),
    "fusion.api.result": ("Result",),
    "fusion.api.results": ("compare", "load", "recompute", "results", "side_by_side"),
    "fusion.api.sounds": ("extract", "features", "plot_feature"),
    "fusion.api.stress": ("stress",),
    "fusion.datasets.dataset": ("Dataset",),
    "fusion.errors": ("FusionError",),
    "fusion.feature.contract": ("Feature", "SeriesFeature"),
    "fusion.feature.parameter_file": ("FileParameter",),
    "fusion.feature.spectral": ("SpectralFeature",),
    "fusion.settings.archive": ("Archive",),
    "fusion.sound.clip": ("Clip", "frame_count"),
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used, so that `import fusion` costs nothing."""
    if name == "__version__":
        return importlib.import_module("fusion.runtime.versions").VERSION
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(module), name)
    raise AttributeError(f"module 'fusion' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
