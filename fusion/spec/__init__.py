"""Experiment files: strict YAML, checked settings, one frozen object that everything else reads."""

from fusion.spec.datasets import Aggregate, DatasetSettings
from fusion.spec.experiment import Experiment
from fusion.spec.reading import read_experiment, resolve
from fusion.spec.search import Choices, Range, SearchSettings
from fusion.spec.settings import FusionModel, ModelSettings, NaiveModel, SeedModel, TrainingSettings

__all__ = [
    "Aggregate",
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
