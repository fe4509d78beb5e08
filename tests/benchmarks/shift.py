"""How far each feature of an experiment shifts from one data set to another, and what a simple method makes of it.

For each feature: how well a logistic regression tells the two data sets apart from it (area under the ROC curve, folds
by instrument; 0.5: not at all), by how many standard deviations its dimensions move within a class, and the accuracy of
a support-vector machine trained on the one and tested on the other's validation notes. Test notes are not looked at.

    python tests/benchmarks/shift.py experiments/nsynth_fusion.yaml --data practice --other DIR
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from fusion.datasets.data import hasher, with_content
from fusion.extraction.prepare import prepare
from fusion.learning.references import pool
from fusion.runtime.progress import Progress
from fusion.runtime.workplace import Workplace
from fusion.settings.experiment import Experiment
from fusion.settings.reading import read_experiment


def features(experiment: Experiment, root: Path, split: str, cache: Path) -> tuple[dict, np.ndarray, np.ndarray]:
    """Return pooled values by feature, labels and groups of one split."""
    workplace = Workplace(root, False, cache, Path("results"), 2, Progress(quiet=True))
    dataset = experiment.dataset.read_split(root, split, hasher(workplace))
    prepared = prepare(experiment, with_content(dataset, workplace), workplace)
    (fold,) = prepared.data.dataset.each_fold()
    part = prepared.parts(fold)["test"]
    values = {name: pool(replace(part, rows={name: rows})) for name, rows in part.rows.items()}
    table = prepared.data.dataset.part("test")
    return values, table["labels"].to_numpy(dtype=str), table["group"].to_numpy(dtype=str)


def discriminability(first: np.ndarray, second: np.ndarray, groups: np.ndarray) -> float:
    """Return the area under the ROC curve of a logistic regression, out of fold by group."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    values = np.concatenate([first, second])
    origins = np.repeat([0, 1], [len(first), len(second)])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=2000))
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=1)
    scores = cross_val_predict(model, values, origins, groups=groups, cv=folds, method="decision_function")
    return float(roc_auc_score(origins, scores))


def moved(first: np.ndarray, second: np.ndarray, labels: tuple[np.ndarray, np.ndarray], classes: list[str]) -> float:
    """Return the mean distance of class means over dimensions and classes, in standard deviations of the first."""
    spread = np.maximum(first.std(axis=0), 1e-9)
    means = [
        np.stack([values[own == label].mean(axis=0) for label in classes])
        for values, own in zip((first, second), labels, strict=True)
    ]
    return float(np.abs((means[1] - means[0]) / spread).mean())


def accuracy(first: np.ndarray, second: np.ndarray, labels: tuple[np.ndarray, np.ndarray]) -> float:
    """Return the accuracy on the second of a machine trained on the first."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    return float(make_pipeline(StandardScaler(), SVC(C=10)).fit(first, labels[0]).score(second, labels[1]))


def main(
    experiment: Path,
    data: Annotated[Path, typer.Option()],
    other: Annotated[Path, typer.Option()],
    cache: Annotated[Path, typer.Option(envvar="FUSION_CACHE")] = Path(".fusion/cache"),
) -> None:
    """Measure and print."""
    warnings.filterwarnings("ignore")
    spec = read_experiment(experiment)
    one, labels, groups = features(spec, data, "train", cache)
    two, other_labels, other_groups = features(spec, other, "validation", cache)
    classes = sorted(set(labels) & set(other_labels))
    mine, theirs = np.isin(labels, classes), np.isin(other_labels, classes)
    all_groups = np.concatenate(
        [[f"1 {name}" for name in groups[mine]], [f"2 {name}" for name in other_groups[theirs]]]
    )
    print(f"{mine.sum()} training notes of {data}, {theirs.sum()} validation notes of {other}, {len(classes)} families")
    print(f"{'feature':20s} {'told apart':>10s} {'moved':>6s} {'accuracy':>9s}")
    one["all"], two["all"] = (np.concatenate(list(values.values()), axis=1) for values in (one, two))
    kept = labels[mine], other_labels[theirs]
    for name in one:
        first, second = one[name][mine], two[name][theirs]
        area = discriminability(first, second, all_groups)
        distance = moved(first, second, kept, classes)
        print(f"{name:20s} {area:10.2f} {distance:6.2f} {accuracy(first, second, kept):9.2f}")


if __name__ == "__main__":
    typer.run(main)
