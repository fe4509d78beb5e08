"""Experiment files: strict YAML, checked settings, one frozen object that everything else reads."""

from fusion.spec.experiment import Experiment, read_experiment
from fusion.spec.settings import DatasetSettings, FusionModel, ModelSettings, NaiveModel, SeedModel, TrainingSettings

__all__ = [
    "DatasetSettings",
    "Experiment",
    "FusionModel",
    "ModelSettings",
    "NaiveModel",
    "SeedModel",
    "TrainingSettings",
    "read_experiment",
]
