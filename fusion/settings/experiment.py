"""An experiment as checked settings, complete with all defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from fusion.feature.contract import Feature
from fusion.plugins.registry import Source, Sources
from fusion.settings.dataset import DatasetSettings
from fusion.settings.model import FusionModel, ModelSettings
from fusion.settings.search_space import SearchSettings
from fusion.settings.training import TrainingSettings
from fusion.sound import distortion, mixing

FeatureSets = tuple[tuple[str, ...], ...]
FeatureGroups = dict[str, tuple[str, ...]]

NAME = r"[\w@-][\w.@-]{0,199}"


def wrong_name(name: Any) -> str:
    """Return why an experiment cannot be called so, or an empty string.

    >>> wrong_name("violin_v1.2")
    ''
    """
    if isinstance(name, str) and re.fullmatch(NAME, name):
        return ""
    return (
        "should be letters, digits, _ . - and @ and begin with no dot, 200 at most, since results go to a folder of "
        f"this name, found {name!r}; rename the file, or write another name: in it"
    )


@dataclass(frozen=True)
class Experiment:
    """Everything that one run needs to know, checked.

    Attributes
    ----------
    name : str
        What the file says, else its stem; results go to ``results/<name>``. No part of a result's identity.
    dataset, model, training : Section
    dataset_source : Source
        Where the data set's class comes from.
    features : dict of str to Feature
        Sorted by name: the order in a file changes nothing.
    sources : dict of str to Source
        Where each feature comes from.
    seeds : tuple of int
        One network is trained for each.
    search : SearchSettings or None
        What ``fusion tune`` may vary; no part of a result's identity.
    ablation : tuple of tuple of str or None
        Sets of features for ``fusion ablate``; no part of it either.
    feature_groups : dict of str to tuple of str or None
        Groups of features that ``fusion ablate`` leaves out or takes together, every feature in one; nor are these.
    fusions : dict of str to Source
        Where every fusion that is known comes from.
    """

    name: str
    dataset: DatasetSettings
    dataset_source: Source
    features: dict[str, Feature]
    sources: dict[str, Source]
    model: ModelSettings
    training: TrainingSettings
    seeds: tuple[int, ...]
    search: SearchSettings | None = None
    ablation: FeatureSets | None = None
    feature_groups: FeatureGroups | None = None
    fusions: Sources = field(default_factory=dict)

    @property
    def validates(self) -> bool:
        """Whether validation clips choose something: when to stop, the learning rate, or a threshold.

        Where clips have several labels, the references choose a threshold on them in any case.
        """
        training = self.training
        return training.patience is not None or training.schedule == "plateau" or self.dataset.several_labels

    @property
    def fusion(self) -> Source | None:
        """Where the model's fusion comes from; None for a model without one."""
        return self.fusions.get(self.model.fusion) if isinstance(self.model, FusionModel) else None

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return each feature's shape for this data set's clips."""
        return {name: feature.shape(self.dataset.samples, self.dataset.sr) for name, feature in self.features.items()}

    def settings(self) -> dict[str, Any]:
        """Return the resolved settings as plain data, all defaults written out, as an experiment file has them."""
        return {
            "name": self.name,
            "dataset": self.dataset.model_dump(mode="json"),
            "features": {name: feature.model_dump(mode="json") for name, feature in self.features.items()},
            "model": self.model.model_dump(mode="json"),
            "training": self.training.model_dump(mode="json"),
            "seeds": list(self.seeds),
            **({"plugins": folders} if (folders := self.plugin_folders()) else {}),
        }

    def plugin_folders(self) -> list[str]:
        """Return the folders that plug-ins of this experiment come from beside installed packages."""
        searched = self.search.space.get("model.fusion") if self.search else None
        fusions = [self.fusion, *(self.fusions[name] for name in (searched.examples if searched else ()))]
        sources = [self.dataset_source, *self.sources.values(), *filter(None, fusions)]
        return sorted({str(source.folder) for source in sources if source.folder})

    def identity(self) -> dict[str, Any]:
        """Return what a result's digest covers: the settings without seeds and paths, versions, and plug-ins' texts."""
        training = self.training.identity()
        training.pop("pretrain", None)  # a path; the digest covers what is there
        versions = self.versions()
        if self.training.copies:
            versions["distortion"] = distortion.version(self.training.distortions)
        if self.training.mixes:
            versions["mixing"] = mixing.VERSION
        if isinstance(self.model, FusionModel) and self.model.loses_branches(self.shapes()):
            versions["branch_dropout"] = 2  # before, a missing branch was zeros, and the others were scaled up
        if self.fusion and self.fusion.file:
            versions[f"fusion:{self.fusion.name}"] = self.fusion.fingerprint
        elif self.fusion and not self.fusion.module.startswith("fusion."):  # those of fusion are known by their name
            versions[f"fusion:{self.fusion.name}"] = str(self.fusion)
        dataset = self.dataset.identity()
        if self.dataset_source.file:
            dataset["plugin"] = self.dataset_source.fingerprint
        return {
            "dataset": dataset,
            "features": {name: feature.identity() for name, feature in self.features.items()},
            "model": self.model.identity(),
            "training": training,
            "versions": versions,
        }

    def versions(self) -> dict[str, Any]:
        """Return each feature's version, the fingerprint of its code, and hashes of the files that it reads."""
        return {
            name: [feature.version, self.sources[name].fingerprint, *feature.contents().values()]
            for name, feature in self.features.items()
        }
