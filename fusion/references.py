"""Reference lines: what simple methods reach on the same clips and the same features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.store import Rows

REFERENCES = ("majority", "svm", "random_forest")

MOST = {"svm": 20_000, "random_forest": 50_000}  # training clips: the cost of an SVM grows with their square, and
# 500 trees on all of NSynth would need more memory than most machines have
_PENALTIES = (1.0, 10.0, 100.0)

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ReferenceJob:
    """One reference and one seed, picklable.

    Attributes
    ----------
    name : str
        One of `REFERENCES`.
    seed : int
    rows : dict of str to dict of str to Rows
        Stored features by split and name.
    labels : dict of str to (clips,) int
        By split; the test's are not among them.
    """

    name: str
    seed: int
    rows: dict[str, dict[str, Rows]]
    labels: dict[str, Ints]


def predict_reference(job: ReferenceJob) -> Ints:
    """Fit one reference on the training clips and return the test clips' classes, ``(clips,)``.

    References
    ----------
    C. Cortes and V. Vapnik: "Support-vector networks", Machine Learning 20, 1995, 273-297,
    https://doi.org/10.1007/BF00994018
    L. Breiman: "Random forests", Machine Learning 45, 2001, 5-32, https://doi.org/10.1023/A:1010933404324
    """
    train = job.labels["train"]
    if job.name == "majority":
        clips = len(next(iter(job.rows["test"].values())))
        return np.full(clips, np.bincount(train).argmax(), dtype=np.int64)
    pooled = {split: pool(rows) for split, rows in job.rows.items()}
    values, train = _at_most(MOST[job.name], pooled["train"], train, job.seed)
    if job.name == "random_forest":
        from sklearn.ensemble import RandomForestClassifier

        model: Any = RandomForestClassifier(500, random_state=job.seed).fit(values, train)
    else:
        model = _svm(values, train, pooled["validation"], job.labels["validation"])
    return np.asarray(model.predict(pooled["test"]), dtype=np.int64)


def pool(rows: dict[str, Rows]) -> NDArray[np.float32]:
    """Return one vector a clip: mean and standard deviation over time of sequences, vectors as they are."""
    columns = []
    for values in rows.values():
        pooled = [
            np.concatenate([batch.mean(axis=1), batch.std(axis=1)], axis=1) if batch.ndim == 3 else batch
            for batch in values.batches()
        ]
        columns.append(np.concatenate(pooled))
    return np.concatenate(columns, axis=1)


def _at_most(count: int, values: NDArray[np.float32], classes: Ints, seed: int) -> tuple[NDArray[np.float32], Ints]:
    """Return all clips, or a random part of each class in proportion."""
    if len(classes) <= count:
        return values, classes
    from sklearn.model_selection import train_test_split

    stratify = classes if np.bincount(classes)[np.unique(classes)].min() > 1 else None
    kept, _, labels, _ = train_test_split(values, classes, train_size=count, stratify=stratify, random_state=seed)
    return kept, labels


def _svm(values: NDArray[np.float32], classes: Ints, held_out: NDArray[np.float32], truth: Ints) -> Any:
    """Return the RBF machine whose penalty does best on the validation clips, scaled on the training clips."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    models = [make_pipeline(StandardScaler(), SVC(C=penalty)).fit(values, classes) for penalty in _PENALTIES]
    return max(models, key=lambda model: model.score(held_out, truth))
