"""From a document to an experiment: every mistake is gathered and said where it was made.

A section's own key names its class, and pydantic checks it. Sections are checked one by one, so that a mistake in one
hides none in another, nor whether the features fit the clips. (One pydantic model of the whole file, with discriminated
unions, was tried: it takes more code to say as much.)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from fusion.errors import FusionError, did_you_mean
from fusion.feature.contract import Feature
from fusion.feature.registry import build, load
from fusion.plugins.registry import DATASETS, FEATURES, FUSIONS, Kind, Source, Sources, discover, find
from fusion.settings.ablation import read_ablation
from fusion.settings.dataset import DatasetSettings
from fusion.settings.dataset import build as build_dataset
from fusion.settings.dataset import load as load_dataset
from fusion.settings.document import Document
from fusion.settings.experiment import Experiment, wrong_name
from fusion.settings.feature_lists import PREFIX, wrong_list
from fusion.settings.fitting import misfits
from fusion.settings.messages import explain, is_consequence, not_one_of, renamed
from fusion.settings.model import MODELS, ModelSettings
from fusion.settings.search_space import SearchSettings, read_space
from fusion.settings.strict_yaml import Location, kind
from fusion.settings.training import TrainingSettings

Model = TypeVar("Model", bound=BaseModel)

_KEYS = ("name", "dataset", "features", "model", "training", "search", "ablation", "seeds", "plugins")


class Checker:
    """Turns a document into an experiment, gathering every mistake on the way."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.mistakes: list[str] = []
        self.fusions: Sources = {}  # which names of fusions are known

    def experiment(self, name: str, plugins: Iterable[Path]) -> Experiment:
        """Check everything.

        Parameters
        ----------
        name : str
            The experiment's, unless the document has one.
        plugins : iterable of Path
            Further plug-in folders.

        Raises
        ------
        FusionError
            With every mistake found, one a line.
        """
        data = self.document.data
        for key in data:
            if key not in _KEYS:
                self.mistake((key,), f"no such setting{did_you_mean(key, _KEYS)} (known: {', '.join(_KEYS)})")
        folders = [*(self.document.folder / plugin for plugin in self.folders(data.get("plugins"))), *plugins]
        sources, datasets, self.fusions = (self.sources(kind, folders) for kind in (FEATURES, DATASETS, FUSIONS))
        dataset = None
        if datasets:  # without them nothing is known, and all that names a plug-in would be called wrong
            dataset = self.chosen("dataset", "name", datasets, lambda name: self.dataset(datasets[name]))
        model = self.chosen("model", "preset", MODELS, lambda name: self.section("model", MODELS[name]), "fusion")
        training = self.section("training", TrainingSettings)
        seeds = self.seeds(data.get("seeds", [1, 2, 3]))
        features = self.features(sources) if sources else {}
        if dataset and features:
            for location, wrong in misfits(features, dataset, model, training):
                self.mistake(location, wrong)
        search = self.search(training, model, features, sources) if sources and model and training else None
        sets, groups, wrong = read_ablation(data.get("ablation"), features) if sources else (None, None, "")
        if wrong:
            self.mistake(("ablation",), wrong)
        name = data.get("name", name)
        if wrong := wrong_name(name):
            self.mistake(("name",), wrong)
        if self.mistakes or not (dataset and model and training):
            raise FusionError("\n".join(self.mistakes))
        used = {feature: sources[feature] for feature in features}
        source, known = datasets[dataset.name], self.fusions
        return Experiment(name, dataset, source, features, used, model, training, seeds, search, sets, groups, known)

    def mistake(self, location: Location, message: str) -> None:
        path = ".".join(map(str, location))
        self.mistakes.append(f"{self.document.place(location)}: {path}: {message}")

    def chosen(
        self, section: str, key: str, known: Collection[str], made: Callable[[str], Any], default: str | None = None
    ) -> Any:
        """Return a section that is one of several kinds; its own `key` names which, and `made` makes it."""
        value = self.document.data.get(section)
        name = value.get(key, default) if isinstance(value, dict) else default
        if name is None and not isinstance(value, dict):
            wrong = "missing" if value is None else f"should be a mapping, found {kind(value)}"
            self.mistake((section,), f"{wrong}; write for example {section}: {{{key}: {next(iter(known))}}}")
            return None
        if not isinstance(name, str) or name not in known:
            self.mistake((section, key), renamed(key, name, known) or not_one_of(name, known))
            return None
        return made(name)

    def dataset(self, source: Source) -> DatasetSettings | None:
        try:
            fields = load_dataset(source).model_fields
        except FusionError as error:
            self.mistake(("dataset", "name"), str(error))
            return None
        written = self.document.data["dataset"]
        dataset: DatasetSettings | None = self.validated(
            ("dataset",), written, fields, partial(build_dataset, source), "setting"
        )
        return dataset

    def section(self, section: str, cls: type[Model]) -> Model | None:
        value = self.document.data.get(section)
        return self.validated((section,), value, cls.model_fields, self.validate(cls), "setting")

    def validate(self, cls: type[BaseModel]) -> Callable[[str], Any]:
        """Return what checks a section as JSON, with what is known of plug-ins."""
        return partial(cls.model_validate_json, context={"fusions": self.fusions})

    def validated(self, location: Location, value: Any, fields: Iterable[str], validate: Any, noun: str) -> Any:
        """Run pydantic on plain data; its errors become ours."""
        value = {} if value is None else value
        if not isinstance(value, dict):
            self.mistake(location, f"should be a mapping, found {kind(value)}")
            return None
        try:
            return validate(json.dumps(value))  # as JSON, because there strict mode takes lists for tuples
        except ValidationError as error:
            details: list[dict[str, Any]] = [dict(detail) for detail in error.errors()]
            for detail in details:
                if not is_consequence(detail, details):
                    self.mistake((*location, *detail["loc"]), explain(detail, fields, noun))
        except FusionError as error:
            self.mistake(location, str(error))
        return None

    def sources(self, kind: Kind, folders: list[Path]) -> Sources:
        """Return where plug-ins come from; nothing if a plug-in folder is wrong."""
        try:
            found = discover(kind, folders)
            if not found:
                raise FusionError(
                    f"no {kind.noun} is known: fusion is installed as it was before; run pip install again"
                )
            return found
        except FusionError as error:
            if str(error) not in self.mistakes:  # of another kind, too
                self.mistakes.append(str(error))
            return {}

    def features(self, sources: Sources) -> dict[str, Feature]:
        """Return the features that are right, sorted by name."""
        written = self.document.data.get("features")
        if not isinstance(written, dict) or not written:
            self.mistake(
                ("features",),
                "should name at least one feature, each once, as in features: {mfcc: {n_mfcc: 20}} or features: [mfcc]",
            )
            return {}
        features = {}
        for name, value in sorted(written.items()):
            location = ("features", name)
            if name.startswith(PREFIX):
                places = {other: self.document.place(("features", other)) for other in written}
                self.mistake(location, wrong_list(name, value, places))
                continue
            try:
                source = find(FEATURES, name, sources)
                fields = load(source).model_fields
            except FusionError as error:
                self.mistake(location, str(error))
                continue
            make = partial(build, source, folder=self.document.folder)
            features[name] = self.validated(location, value, fields, make, "parameter")
        return {name: feature for name, feature in features.items() if feature is not None}

    def seeds(self, value: Any) -> tuple[int, ...]:
        whole = isinstance(value, list) and all(type(seed) is int and 1 <= seed < 2**31 for seed in value)
        if not whole or not value or len(set(value)) < len(value):
            wanted = "a list of different whole numbers from 1 up, as in [1, 2, 3]"
            self.mistake(("seeds",), f"should be {wanted}, found {'no seed' if value == [] else repr(value)}")
            return ()
        return tuple(value)

    def folders(self, value: Any) -> list[str]:
        value = [] if value is None else value
        if not isinstance(value, list) or not all(isinstance(folder, str) and "\0" not in folder for folder in value):
            self.mistake(("plugins",), f"should be a list of folders, found {value!r}")
            return []
        return value

    def search(
        self,
        training: TrainingSettings,
        model: ModelSettings,
        features: dict[str, Feature],
        sources: Sources,
    ) -> SearchSettings | None:
        """Check the search and, one by one, that every value of its space is one that the setting takes."""
        if self.document.data.get("search") is None:
            return None
        settings = self.section("search", SearchSettings)
        if settings is None:
            return None
        takes: dict[str, Callable[[Any], object]] = {}
        for section, value in (("model", model), ("training", training)):
            # a search's process has as many threads for every trial
            for key in set(type(value).model_fields) - {"preset", "threads"}:
                takes[f"{section}.{key}"] = partial(_with_value, value, key, self.validate(type(value)))
        for name, feature in features.items():
            for key in type(feature).model_fields:
                takes[f"features.{name}.{key}"] = partial(_with_value, feature, key, partial(build, sources[name]))
        space, mistakes = read_space(settings.space, takes)
        for path, message in mistakes:
            self.mistake(("search", "space", path), message)
        return settings.model_copy(update={"space": space})


def _with_value(section: BaseModel, key: str, validate: Callable[[str], object], value: Any) -> None:
    """Raise pydantic's or our own error unless a section takes this value for this key."""
    validate(json.dumps({**section.model_dump(mode="json"), key: value}))
