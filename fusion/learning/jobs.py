"""What a training needs, as plain data that travels to a worker process; imports no keras."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.aggregate import Aggregate
from fusion.extraction.part import Part
from fusion.plugins.registry import Source
from fusion.settings.model import ModelSettings
from fusion.settings.training import TrainingSettings

Ints = NDArray[np.int64]
ExportFormat = Literal["onnx", "keras", "saved-model", "litert"]


@dataclass(frozen=True, eq=False)  # a task is itself alone: it holds arrays
class TrainingJob:
    """Everything that one training needs, picklable.

    Attributes
    ----------
    folder : Path
        Where the result appears.
    seed : int
    model, training : Section
    classes : tuple of str
    parts : dict of str to Part
        By split: train, validation where there is one, test; ``mixed``, on which a threshold is chosen, where clips
        have several labels.
    ids : tuple of str
        Of the test clips.
    aggregate : str
        How the windows of a clip become one prediction.
    threshold : float, str or None
        Score from which a class counts as heard, or how it is chosen; None: the class with the largest score is.
    versions : dict
        Of fusion and the libraries, recorded with the network.
    source : Path or None
        Folder of a seed that is trained already, to be applied to the test clips.
    pretrained : Path or None
        A network whose branches this one starts from.
    fusion : Source or None
        Where the model's fusion comes from; None: from an installed package, or the model has none.
    folds : int
        Trainings of this seed.
    repeat : int
        Of cross-validation with several partitions, the partition's number.
    names : dict of str to tuple of str
        What each value of a feature is called, pooled over time; empty: nothing is said of how classes differ.
    logs : Path or None
        Where TensorBoard finds each epoch's metrics while it trains; None: they are not logged.
    """

    folder: Path
    seed: int
    model: ModelSettings
    training: TrainingSettings
    classes: tuple[str, ...]
    parts: dict[str, Part]
    ids: tuple[str, ...]
    versions: dict[str, Any]
    aggregate: Aggregate = "mean"
    threshold: float | str | None = None
    source: Path | None = None
    pretrained: Path | None = None
    fusion: Source | None = None
    folds: int = 1
    repeat: int = 0
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    logs: Path | None = None
    trains: ClassVar[bool] = True  # so where some workers of a cluster have GPUs, it wants one

    @property
    def name(self) -> str:
        """What messages call it: the same wherever the folder lies."""
        return "/".join(self.folder.parts[-3:])

    @property
    def reads(self) -> tuple[Path, ...]:
        """Folders whose files are needed."""
        return (self.source,) if self.source else ()

    @property
    def random_seed(self) -> int:
        """What the training draws from: its seed, in later repeats another number for each of them."""
        if not self.repeat:
            return self.seed
        return int(np.random.SeedSequence([self.seed, self.repeat]).generate_state(1)[0] >> 1)


@dataclass(frozen=True, eq=False)  # a task is itself alone: it holds arrays
class MaskJob:
    """A training that is done, the features to mask together at the test, and how often their values are drawn."""

    job: TrainingJob
    features: tuple[str, ...]
    draws: int

    @property
    def reads(self) -> tuple[Path, ...]:
        """Folders whose files are needed."""
        return (self.job.folder,)


@dataclass(frozen=True)
class ExportJob:
    """What to export, picklable.

    Attributes
    ----------
    models : tuple of Path
        Saved networks with the same inputs; the mean of their probabilities is exported.
    path : Path
        Of the file or folder to write.
    format : str
    classes : tuple of str
    fusion : Source or None
        Where the networks' fusion comes from.
    """

    models: tuple[Path, ...]
    path: Path
    format: ExportFormat
    classes: tuple[str, ...]
    fusion: Source | None = None


@dataclass(frozen=True, eq=False)  # a task is itself alone: it holds arrays
class GradedJob:
    """A trained network, and the windows of its test clips at some grades of distortion.

    Attributes
    ----------
    number : tuple of int
        Of the seed, and of its training: where there are folds, one of several.
    model : Path
    classes : tuple of str
    parts : tuple of Part
        One a grade.
    aggregate : str
    fusion : Source or None
        As a `TrainingJob` has it.
    """

    number: tuple[int, int]
    model: Path
    classes: tuple[str, ...]
    parts: tuple[Part, ...]
    aggregate: Aggregate
    fusion: Source | None = None
