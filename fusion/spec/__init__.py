"""Experiment files: strict YAML, checked settings, one frozen object that everything else reads."""

from fusion.spec.experiment import Experiment
from fusion.spec.reading import read_experiment, resolve
from fusion.spec.search import Choices, Range, SearchSettings
from fusion.spec.settings import DatasetSettings, FusionModel, ModelSettings, NaiveModel, SeedModel, TrainingSettings

__all__ = [
    "Choices",
    "DatasetSettings",
    "Experiment",
    "FusionModel",
    "ModelSettings",
    "NaiveModel",
    "Range",
    "SearchSettings",
    "SeedModel",
    "TrainingSettings",
    "read_experiment",
    "resolve",
]
