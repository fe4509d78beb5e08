"""Reference lines: what simple methods reach on the same clips and the same features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.aggregate import Aggregate, aggregate
from fusion.evaluation.multi_label import best_threshold
from fusion.extraction.part import Part
from fusion.extraction.store import Rows

MAJORITY, TOP_K = "majority", "top_k"
LEARNT = ("svm", "random_forest")

MOST = {"svm": 20_000, "random_forest": 50_000}  # training windows: the cost of an SVM grows with their square, and
# 500 trees on all of NSynth would need more memory than most machines have
_PENALTIES = (1.0, 10.0, 100.0)

Ints = NDArray[np.int64]
Scores = NDArray[np.float64]


def names(several: bool) -> tuple[str, ...]:
    """Return the reference lines of data whose clips have one label, or several."""
    return (TOP_K if several else MAJORITY, *LEARNT)


@dataclass(frozen=True, eq=False)  # a task is itself alone: it holds arrays
class ReferenceJob:
    """One reference and one seed, picklable.

    Attributes
    ----------
    name : str
        One of `names`.
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


def predict_reference(job: ReferenceJob) -> tuple[Scores, float | None]:
    """Fit one reference on the training windows.

    Returns
    -------
    (clips, classes) float64
        Scores of the test clips.
    float or None
        Score from which a class counts as heard, best for mixed validation clips; None where clips have one label.

    References
    ----------
    C. Cortes and V. Vapnik: "Support-vector networks", Machine Learning 20, 1995, 273-297,
    https://doi.org/10.1007/BF00994018
    L. Breiman: "Random forests", Machine Learning 45, 2001, 5-32, https://doi.org/10.1023/A:1010933404324
    """
    train, test, mixed = job.parts["train"], job.parts["test"], job.parts.get("mixed")
    labels = train.targets[: len(train)].argmax(axis=1)
    classes = train.targets.shape[1]
    if job.name in (MAJORITY, TOP_K):
        shares = np.bincount(labels, minlength=classes) / len(labels)
        constant = np.tile(shares, (len(test.truth), 1))
        return constant, best_threshold(np.tile(shares, (len(mixed.truth), 1)), mixed.truth) if mixed else None
    pooled = {split: pool(part) for split, part in job.parts.items()}
    values, labels = _at_most(MOST[job.name], pooled["train"], labels, job.seed)
    if job.name == "random_forest":
        from sklearn.ensemble import RandomForestClassifier

        model: Any = RandomForestClassifier(500, random_state=job.seed).fit(values, labels)
    else:
        truth = job.parts["validation"].targets.argmax(axis=1)
        model = _svm(values, labels, pooled["validation"], truth)

    def scores(split: str) -> Scores:
        found = _scores(model, pooled[split], classes)
        return aggregate(found, job.parts[split].clips, job.aggregate)

    if mixed:
        return scores("test"), best_threshold(scores("mixed"), mixed.truth)
    if len(test.truth) == len(test):  # a window a clip: the method's own answer
        return np.eye(classes)[model.predict(pooled["test"])], None
    return scores("test"), None


def pool(part: Part) -> NDArray[np.float32]:
    """Return one vector a window: mean and standard deviation over time of sequences, vectors as they are."""
    columns = []
    for rows in part.rows.values():
        pooled = [
            np.concatenate([batch.mean(axis=1), batch.std(axis=1)], axis=1) if batch.ndim == 3 else batch
            for batch in _windows(rows, len(part)).batches()
        ]
        columns.append(np.concatenate(pooled))
    return np.concatenate(columns, axis=1)


def _windows(rows: Rows, count: int) -> Rows:
    """Return the windows themselves, without their variants."""
    return rows.part(np.arange(count))


def _scores(model: Any, values: NDArray[np.float32], classes: int) -> Scores:
    """Return scores in [0, 1]: probabilities of a forest, the softmax of a machine's one-against-rest decisions."""
    if hasattr(model, "predict_proba"):
        said = model.predict_proba(values)
    else:
        decisions = model.decision_function(values)
        if decisions.ndim == 1:
            decisions = np.stack([-decisions, decisions], axis=1)
        said = np.exp(decisions - decisions.max(axis=1, keepdims=True))
        said /= said.sum(axis=1, keepdims=True)
    found = np.zeros((len(values), classes))
    found[:, model.classes_] = said  # a fold may lack a class
    return found


def _at_most(count: int, values: NDArray[np.float32], classes: Ints, seed: int) -> tuple[NDArray[np.float32], Ints]:
    """Return all windows, or a random part of each class in proportion."""
    if len(classes) <= count:
        return values, classes
    from sklearn.model_selection import train_test_split

    stratify = classes if np.bincount(classes)[np.unique(classes)].min() > 1 else None
    kept, _, labels, _ = train_test_split(values, classes, train_size=count, stratify=stratify, random_state=seed)
    return kept, labels


def _svm(values: NDArray[np.float32], classes: Ints, held_out: NDArray[np.float32], truth: Ints) -> Any:
    """Return the RBF machine whose penalty does best on the validation windows, scaled on the training windows."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    models = [make_pipeline(StandardScaler(), SVC(C=penalty)).fit(values, classes) for penalty in _PENALTIES]
    return max(models, key=lambda model: model.score(held_out, truth))
