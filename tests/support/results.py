"""A result folder with made-up numbers, large or small, without any training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile

from fusion.evaluation.calibration import reliability
from fusion.report.clip_sounds import ClipFile

SR = 16000


def summary(values: list[float]) -> dict[str, Any]:
    """Return a metric as metrics.json has it."""
    mean = float(np.mean(values))
    spread = {"low": mean - 0.05, "high": mean + 0.05, "se_groups": 0.02, "se_seeds": 0.01, "df": 12.0}
    return {"mean": mean, "std": float(np.std(values)), "per_seed": values, **spread}


def made_up_result(
    folder: Path,
    clips: int = 60,
    classes: tuple[str, ...] = ("bass", "flute", "reed"),
    several: bool = False,
    values: int = 2,
) -> tuple[dict[str, Any], dict[str, ClipFile]]:
    """Write a result of two seeds with its predictions, and sounds for its clips; return its metrics and the sounds.

    A third of the clips are mistaken, each time for the next class. Of so many `values` it has quantiles.
    """
    random = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    true = np.arange(clips) % len(classes)
    names = [f"part/{classes[label]}_acoustic_{clip % 9:03d}-{clip:04d}-100" for clip, label in enumerate(true)]
    tables, scores = [], []
    for seed in (1, 2):
        wrong = random.uniform(size=clips) < 1 / 3
        said = np.where(wrong, (true + 1) % len(classes), true)
        own = random.dirichlet(np.ones(len(classes)), clips) * 0.3
        own[np.arange(clips), said] += 0.7
        scores.append(own)
        labels = np.array(classes)
        table = pd.DataFrame({"clip": names, "group": [name[:-9] for name in names], "seed": seed})
        tables.append(table.assign(true=labels[true], predicted=labels[said], **dict(zip(classes, own.T, strict=True))))
    pd.concat(tables).to_csv(folder / "predictions.csv", index=False)
    _made_up_insides(folder / "seed-1", names, true, len(classes), values)
    targets = np.eye(len(classes), dtype=bool)[true]
    right = [float((own.argmax(axis=1) == true).mean()) for own in scores]
    confusion = np.mean([targets.T.astype(float) @ np.eye(len(classes))[own.argmax(axis=1)] for own in scores], axis=0)
    name = "micro_f1" if several else "accuracy"
    test = {name: summary(right), "macro_f1": summary(right), "nll": summary([0.9, 1.1]), "ece": summary([0.1, 0.1])}
    rows = {"precision": 0.66, "recall": 0.67, "f1": 0.665, "low": None, "high": None, "support": 20, "groups": 2}
    reference = {name: summary([0.5]), "macro_f1": summary([0.5]), "settings": {"C": 1.0}}
    against = {"difference": 0.1, "low": -0.02, "high": 0.2, "p": 0.1, "p_holm": 0.2, "first": 0.6, "second": 0.5}
    metrics = {
        **{"experiment": folder.parent.name, "digest": folder.name, "dataset": "nsynth", "protocol": "official"},
        **{
            "sample": False,
            "classes": list(classes),
            "features": ["mfcc"],
            "seeds": [1, 2],
            "group_noun": "instruments",
        },
        **{"clips": {"train": 90, "validation": 0, "test": clips}, "groups": {"train": 9, "validation": 0, "test": 9}},
        **{"shared_groups": {"train": 0, "validation": 0}, "duplicates": {"pairs": 0}, "trained_on": ["train"]},
        "warnings": ["few-groups: 9 test instruments", "below-reference: not above <b>SVM</b>"],
        **{"seconds": {"train": 3.0}, "parameters": 12345, "epochs": [2, 2], "best_epochs": [1, 2]},
        **{"train": {name: summary([0.9, 0.9])}, "test": {**test, "per_class": dict.fromkeys(classes, rows)}},
        **({"thresholds": [0.5, 0.5]} if several else {"confusion": confusion.tolist()}),
        "calibration": {"temperature": [None], "bins": reliability(targets, scores, several), "why": "none are left"},
        **{"references": {"svm": {**reference, "network_minus": against}}, "best_reference": "svm"},
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))
    environment = {"fusion": "0", "commit": "c", "python": "3", "libraries": {}, "device": "cpu", "threads": 1}
    (folder / "environment.json").write_text(json.dumps({**environment, "data": "data", "date": "2026-01-02T03:04"}))
    (folder / "spec.yaml").write_text(
        "dataset: {name: nsynth}\nfeatures: {mfcc: {n_mfcc: 13}}\nmodel: {preset: fusion}\ntraining: {epochs: 7}\n"
    )
    epochs = "".join(f"{seed},{epoch},1.0,0.5,1.1,0.4\n" for seed in (1, 2) for epoch in (1, 2))
    (folder / "history.csv").write_text(f"seed,epoch,loss,accuracy,val_loss,val_accuracy\n{epochs}")
    sound = folder.parent / f"{folder.name}.wav"
    soundfile.write(sound, np.sin(np.arange(2 * SR) / 9), SR)
    return metrics, dict.fromkeys(names, ClipFile(sound, 0.0, 1.5))


def _made_up_insides(training: Path, names: list[str], true: np.ndarray[Any, Any], classes: int, values: int) -> None:
    """Write what a training leaves for the page: a map, and quantiles."""
    training.mkdir()
    pd.DataFrame({"clip": names}).to_csv(training / "predictions.csv", index=False)
    random = np.random.default_rng(1)
    angles = 2 * np.pi * true / classes
    points = 0.2 * random.normal(size=(len(true), 2)) + 0.5 * np.column_stack([np.cos(angles), 0.6 * np.sin(angles)])
    kept = np.arange(len(true), dtype=np.int32)
    halves = (points / np.abs(points).max()).astype(np.float16)
    np.savez(training / "map.npz", clips=kept, labels=true.astype(np.int16), points=halves, shares=np.array([0.4, 0.2]))
    quantiles = np.arange(classes)[:, np.newaxis] + np.array([-2.0, -1, 0, 1, 2])
    np.savez(training / "classes.npz", names=[f"mfcc {n}, mean" for n in range(values)], quantiles=[quantiles] * values)
