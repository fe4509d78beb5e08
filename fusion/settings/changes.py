"""Which settings of an experiment differ from the defaults: what a reader of a result wants to know first."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from fusion.errors import FusionError
from fusion.feature.registry import load as load_feature
from fusion.plugins.registry import DATASETS, FEATURES, discover
from fusion.settings.dataset import load as load_dataset
from fusion.settings.model import CourseModel, FusionModel, NaiveModel
from fusion.settings.training import TrainingSettings

_MODELS: dict[str, type[BaseModel]] = {"fusion": FusionModel, "course": CourseModel, "naive": NaiveModel}


def changed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that differ from the defaults, by dotted path.

    Parameters
    ----------
    settings : dict
        Resolved, as spec.yaml of a result has them, perhaps by an older fusion. Code of plug-in folders is not run, so
        of their features and data sets all settings count as changed.

    Returns
    -------
    dict
        Without names, features as a whole, seeds and plug-in folders.
    """
    dataset, model = (_mapping(settings.get(section)) for section in ("dataset", "model"))
    named = str(dataset.pop("name", ""))
    changes = _against(_class(DATASETS, named, load_dataset), dataset, "dataset")
    for name, parameters in _mapping(settings.get("features")).items():
        changes |= _against(_class(FEATURES, name, load_feature), _mapping(parameters), f"features.{name}")
    preset = str(model.get("preset", "fusion"))
    changes |= {} if preset == "fusion" else {"model.preset": preset}
    changes |= _against(_MODELS.get(preset, FusionModel), model, "model")
    return changes | _against(TrainingSettings, _mapping(settings.get("training")), "training")


@cache
def _class(kind: Any, name: str, load: Any) -> type[BaseModel] | None:
    """Return the class of an installed plug-in; None where there is none, or it cannot be imported."""
    source = discover(kind).get(name)
    try:
        return load(source) if source else None
    except FusionError:  # what it needs is not installed here; a result can be read all the same
        return None


def _against(cls: type[BaseModel] | None, settings: Mapping[str, Any], section: str) -> dict[str, Any]:
    fields = {} if cls is None else cls.model_fields
    defaults = {
        name: _listed(field.get_default(call_default_factory=True, validated_data=dict(settings)))
        for name, field in fields.items()
    }
    return {
        f"{section}.{name}": value
        for name, value in settings.items()
        if name not in defaults or _listed(value) != defaults[name]
    }


def _listed(value: Any) -> Any:
    """Return a value as a file has it, where tuples are lists."""
    if isinstance(value, (tuple, list)):
        return [_listed(each) for each in value]
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _mapping(value: Any) -> dict[str, Any]:
    """Return a section of settings, which a stranger may have made anything of."""
    return dict(value) if isinstance(value, dict) else {}
