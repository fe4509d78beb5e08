"""Reference models: what simple methods reach on the same clips and the same features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.aggregate import Aggregate, aggregate
from fusion.evaluation.decisions import best_threshold
from fusion.evaluation.reference import RANDOM_FOREST, REFERENCES, SVM
from fusion.extraction.part import Part
from fusion.extraction.store import Rows

_PENALTIES = (1.0, 10.0, 100.0)

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
    aggregate : str
        How the windows of a clip become one prediction.
    fold : int or None
        Where there are folds.
    """

    name: str
    seed: int
    parts: dict[str, Part]
    aggregate: Aggregate
    fold: int | None = None


@dataclass(frozen=True)
class Pooled:
    """One vector for each window, ``(windows, dims)`` float32, and its class, to fit on and to validate on."""

    values: Values
    labels: Ints
    held_out: Values
    held_out_labels: Ints


def predict_reference(job: ReferenceJob) -> tuple[Scores, float | None]:
    """Fit one reference model on the training windows.

    Returns
    -------
    (clips, classes) float64
        Scores of the test clips.
    float or None
        Score from which a class counts as heard, best for mixed validation clips; None where clips have one label.
    """
    train, test, mixed = job.parts["train"], job.parts["test"], job.parts.get("mixed")
    labels, classes = _labels(train), train.targets.shape[1]
    reference = REFERENCES[job.name]
    if reference.trivial:  # how frequent each class is
        shares = np.bincount(labels, minlength=classes) / len(labels)
        constant = np.tile(shares, (len(test.truth), 1))
        return constant, best_threshold(np.tile(shares, (len(mixed.truth), 1)), mixed.truth) if mixed else None
    pooled = {split: pool(part) for split, part in job.parts.items()}
    values, labels = _at_most(reference.most, pooled["train"], labels, job.seed)
    held_out = Pooled(values, labels, pooled["validation"], _labels(job.parts["validation"]))
    model = FITS[job.name](held_out, job.seed)

    def scores(split: str) -> Scores:
        return aggregate(_scores(model, pooled[split], classes), job.parts[split].clips, job.aggregate)

    if mixed:
        return scores("test"), best_threshold(scores("mixed"), mixed.truth)
    if len(test.truth) == len(test):  # a window a clip: the method's own answer
        return np.eye(classes)[model.predict(pooled["test"])], None
    return scores("test"), None


def pool(part: Part) -> Values:
    """Return one vector a window: mean and standard deviation over time of sequences, vectors as they are."""
    columns = []
    for rows in part.rows.values():
        pooled = [
            np.concatenate([batch.mean(axis=1), batch.std(axis=1)], axis=1) if batch.ndim == 3 else batch
            for batch in _without_variants(rows, len(part)).batches()
        ]
        columns.append(np.concatenate(pooled))
    return np.concatenate(columns, axis=1)


def _without_variants(rows: Rows, windows: int) -> Rows:
    return rows.part(np.arange(windows))


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


def _at_most(most: int | None, values: Values, classes: Ints, seed: int) -> tuple[Values, Ints]:
    """Return all windows, or a random part of each class in proportion."""
    if most is None or len(classes) <= most:
        return values, classes
    from sklearn.model_selection import train_test_split

    stratify = classes if np.bincount(classes)[np.unique(classes)].min() > 1 else None
    kept, _, labels, _ = train_test_split(values, classes, train_size=most, stratify=stratify, random_state=seed)
    return kept, labels


def _fit_svm(pooled: Pooled, seed: int) -> Any:
    """Return the RBF machine whose penalty does best on the validation windows, scaled on the training windows.

    References
    ----------
    C. Cortes and V. Vapnik: "Support-vector networks", Machine Learning 20, 1995, 273-297,
    https://doi.org/10.1007/BF00994018
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    models = [
        make_pipeline(StandardScaler(), SVC(C=penalty)).fit(pooled.values, pooled.labels) for penalty in _PENALTIES
    ]
    return max(models, key=lambda model: model.score(pooled.held_out, pooled.held_out_labels))


def _fit_forest(pooled: Pooled, seed: int) -> Any:
    """Return a random forest of 500 trees.

    References
    ----------
    L. Breiman: "Random forests", Machine Learning 45, 2001, 5-32, https://doi.org/10.1023/A:1010933404324
    """
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(500, random_state=seed).fit(pooled.values, pooled.labels)


FITS: dict[str, Callable[[Pooled, int], Any]] = {SVM.name: _fit_svm, RANDOM_FOREST.name: _fit_forest}
"""How each reference model that is not trivial is fitted, from pooled windows and a seed."""
