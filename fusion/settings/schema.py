"""A JSON schema of experiment files and studies, made from the classes that check them; editors complete by it.

It is as strict about keys, types, ranges and names as the check itself, but for what one setting asks of another:
whether features fit the clips, which protocol a setting is for, what a search space may open.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from fusion.feature import registry
from fusion.plugins.registry import DATASETS, FEATURES, FUSIONS, discover
from fusion.settings import dataset
from fusion.settings.experiment import NAME
from fusion.settings.feature_lists import LISTS
from fusion.settings.model import MODELS
from fusion.settings.search_space import Range, SearchSettings
from fusion.settings.training import TrainingSettings

Schema = dict[str, Any]

_NAMES: Schema = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_SETS: Schema = {
    "description": "sets of features to compare, or groups of features that stand and fall together, by name",
    "anyOf": [
        {"type": "array", "items": _NAMES, "minItems": 1},
        {"type": "object", "additionalProperties": _NAMES, "minProperties": 1},
    ],
}
_SEEDS: Schema = {
    "description": "random seeds, a network for each",
    "type": "array",
    "items": {"type": "integer", "minimum": 1, "exclusiveMaximum": 2**31},
    "minItems": 1,
    "uniqueItems": True,
}
_PLUGINS: Schema = {
    "description": "folders with plug-ins, relative to this file; their code is run",
    "type": "array",
    "items": {"type": "string"},
}


def experiment_schema(plugins: Iterable[Path] = ()) -> Schema:
    """Return the schema of an experiment file, or of a study with arms.

    Parameters
    ----------
    plugins : iterable of Path
        Plug-in folders whose features, data sets and fusions are known, too; their code is run.

    Raises
    ------
    FusionError
        For a plug-in folder that is not there, or a plug-in that is broken.
    """
    folders = tuple(plugins)
    datasets = {name: dataset.load(source) for name, source in discover(DATASETS, folders).items()}
    features = {name: registry.load(source) for name, source in discover(FEATURES, folders).items()}
    models = [*datasets.values(), *features.values(), *MODELS.values(), TrainingSettings, SearchSettings, Range]
    made, definitions = models_json_schema([(model, "validation") for model in models], ref_template="#/$defs/{model}")
    named: dict[type[BaseModel], str] = {model: made[model, "validation"]["$ref"].rsplit("/", 1)[1] for model in models}
    whole: Schema = _without_titles(definitions["$defs"])
    for name, cls in datasets.items():
        whole[named[cls]]["properties"]["name"] = {"const": name}
    for name, model in MODELS.items():
        whole[named[model]]["properties"]["preset"] = {"const": name}
        if name != "fusion":
            whole[named[model]]["required"] = ["preset"]
    whole[named[MODELS["fusion"]]]["properties"]["fusion"]["enum"] = list(discover(FUSIONS, folders))
    choices = {"type": "array", "minItems": 2}
    searched = {"anyOf": [choices, {"$ref": f"#/$defs/{named[Range]}"}]}
    whole[named[SearchSettings]]["properties"]["space"]["additionalProperties"] = searched

    sections = {
        "dataset": _one_of([named[cls] for cls in datasets.values()]),
        "features": _features({name: named[cls] for name, cls in features.items()}),
        "model": _one_of([named[model] for model in MODELS.values()]),
        "training": _one_of([named[TrainingSettings]]),
    }
    arm = {**sections, "before": {"type": "string", "description": "the arm that this one is tested against"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An experiment of fusion, or a study with arms",
        **_mapping(
            {
                "name": {"type": "string", "pattern": f"^{NAME}$", "description": "else the file's name"},
                "question": {"type": "string", "description": "what a study asks"},
                "answered_by": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "arms of a study whose steps answer its question: what they show is said first",
                },
                **sections,
                "seeds": _SEEDS,
                "search": _one_of([named[SearchSettings]]),
                "ablation": _SETS,
                "plugins": _PLUGINS,
                "arms": {
                    "description": "variations of what stands above, each an experiment: then this is a study",
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": {"anyOf": [_mapping(arm), {"type": "null"}]},
                },
            }
        ),
        "anyOf": [{"required": ["dataset", "features"]}, {"required": ["arms"]}],
        "$defs": whole,
    }


def _mapping(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _one_of(names: list[str]) -> Schema:
    """Return what is one of these classes, or nothing at all."""
    return {"anyOf": [*({"$ref": f"#/$defs/{name}"} for name in names), {"type": "null"}]}


def _features(named: dict[str, str]) -> Schema:
    nothing: Schema = {"type": ["null", "object"], "maxProperties": 0}
    return {
        "description": "features with their parameters, or their names alone; fusion:... is a list of several",
        "anyOf": [
            {"type": "array", "items": {"enum": [*named, *LISTS]}, "minItems": 1, "uniqueItems": True},
            {
                **_mapping(
                    {name: _one_of([model]) for name, model in named.items()} | {name: nothing for name in LISTS}
                ),
                "minProperties": 1,
            },
        ],
    }


def _without_titles(part: Any) -> Any:
    """Return a schema without the titles that pydantic makes of names, which are half of its length."""
    if isinstance(part, list):
        return [_without_titles(value) for value in part]
    if not isinstance(part, dict):
        return part
    return {key: _without_titles(value) for key, value in part.items() if key != "title" or not isinstance(value, str)}
