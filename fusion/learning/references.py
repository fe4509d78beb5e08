"""Reference models: what simple methods reach on the same clips and the same features."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.aggregate import Aggregate, aggregate
from fusion.evaluation.decisions import best_threshold
from fusion.evaluation.reference import REFERENCES
from fusion.extraction.part import Part
from fusion.learning.reference_models import Settings, fit_reference
from fusion.learning.sampling import draw_windows

Ints = NDArray[np.int64]
Scores = NDArray[np.float64]
Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)  # a task is itself alone: it holds arrays
class ReferenceJob:
    """One reference model and one seed, picklable.

    Attributes
    ----------
    name : str
        One of `fusion.evaluation.reference.REFERENCES`.
    seed : int
    parts : dict of str to Part
        As a network's training has them; copies and mixtures are not used.
    groups : (training clips,) int
        What settings are chosen and windows drawn by: clips of one group are no independent witnesses.
    aggregate : str
        How the windows of a clip become one prediction.
    fold : int or None
        Where there are folds.
    repeat : int
        Of cross-validation with several divisions.
    about : str
        `contents_of` its parts and groups.
    """

    name: str
    seed: int
    parts: dict[str, Part]
    groups: Ints
    aggregate: Aggregate
    fold: int | None = None
    repeat: int = 0
    about: str = ""

    @property
    def question(self) -> tuple[Hashable, ...]:
        """Equal for jobs with the same answer: arms of a study that differ in their networks alone ask the same."""
        return self.name, self.seed, self.aggregate, self.fold, self.repeat, self.about


def contents_of(parts: dict[str, Part], groups: Ints) -> str:
    """Return a digest of what references learn and are tested on: windows, features, labels, groups; no variants."""
    digest = hashlib.blake2b(groups.tobytes(), digest_size=16)
    for split in ("train", "test", "mixed"):
        if part := parts.get(split):
            digest.update(split.encode() + part.clips.tobytes() + part.targets[: len(part)].tobytes())
            for name, rows in part.rows.items():
                shards, numbers = np.unique(rows.places[: len(part), 0], return_inverse=True)
                digest.update(f"{name} {rows.shape} {[rows.shards[shard] for shard in shards]}".encode())
                digest.update(numbers.tobytes() + rows.places[: len(part), 1].tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class ReferenceOutput:
    """What one reference model says of the test clips.

    Attributes
    ----------
    scores : (clips, classes) float64
    threshold : float or None
        Score from which a class counts as heard, best for mixed validation clips; None where clips have one label.
    settings : dict of str to float
        Chosen inside the training clips.
    """

    scores: Scores
    threshold: float | None
    settings: Settings


def predict_reference(job: ReferenceJob) -> ReferenceOutput:
    """Fit one reference model on the training windows."""
    train, test, mixed = job.parts["train"], job.parts["test"], job.parts.get("mixed")
    labels, classes = _labels(train), train.targets.shape[1]
    reference = REFERENCES[job.name]
    if reference.trivial:  # how frequent each class is among clips, however long these are
        shares = train.truth.mean(axis=0)
        constant = np.tile(shares, (len(test.truth), 1))
        threshold = best_threshold(np.tile(shares, (len(mixed.truth), 1)), mixed.truth) if mixed else None
        return ReferenceOutput(constant, threshold, {})
    groups = job.groups[train.clips]
    drawn = draw_windows(labels, groups, reference.most, job.seed)
    model, settings = fit_reference(job.name, pool(train, drawn), labels[drawn], groups[drawn], job.seed)

    def scores(part: Part, values: Values) -> Scores:
        return aggregate(_scores(model, values, classes), part.clips, job.aggregate)

    values = pool(test)
    if mixed:
        threshold = best_threshold(scores(mixed, pool(mixed)), mixed.truth)
        return ReferenceOutput(scores(test, values), threshold, settings)
    if len(test.truth) == len(test):  # a window a clip: the method's own answer
        return ReferenceOutput(np.eye(classes)[model.predict(values)], None, settings)
    return ReferenceOutput(scores(test, values), None, settings)


def pool(part: Part, windows: Ints | None = None) -> Values:
    """Return one vector for each of some windows, or for all: what follows of its features, side by side.

    Mean and standard deviation over time of sequences, vectors as they are; ``(windows, dims)`` float32.
    """
    columns = []
    for rows in part.rows.values():
        pooled = [
            np.concatenate([batch.mean(axis=1), batch.std(axis=1)], axis=1) if batch.ndim == 3 else batch
            for batch in rows.part(np.arange(len(part)) if windows is None else windows).batches()
        ]
        columns.append(np.concatenate(pooled))
    return np.concatenate(columns, axis=1)


def _labels(part: Part) -> Ints:
    """Return the class of each window, without variants; the first of several."""
    return part.targets[: len(part)].argmax(axis=1)


def _scores(model: Any, values: Values, classes: int) -> Scores:
    """Return scores in [0, 1]: probabilities of a forest, the softmax of a machine's one-against-rest decisions."""
    if hasattr(model, "predict_proba"):
        known = model.predict_proba(values)
    else:
        decisions = model.decision_function(values)
        if decisions.ndim == 1:
            decisions = np.stack([-decisions, decisions], axis=1)
        known = np.exp(decisions - decisions.max(axis=1, keepdims=True))
        known /= known.sum(axis=1, keepdims=True)
    scores = np.zeros((len(values), classes))
    scores[:, model.classes_] = known  # a fold may lack a class
    return scores
