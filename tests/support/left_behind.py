"""What a command leaves behind, to be compared with what an undisturbed one does."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from fusion.result.folder import is_trained

SPEC = """
dataset: {name: nsynth}
features: {mfcc: {n_mfcc: 6}, zero_crossing_rate: }
model: {conv_filters: [4], dense_units: [4], embedding: 4, dropout: 0.1}
training: {epochs: 2, batch_size: 16}
search: {trials: 2, folds: 2, space: {model.dropout: [0.1, 0.2]}}
seeds: [1, 2]
"""
VOLATILE = {"seconds", "created", "began", "date", "times_tested", "looks", "looks_experiments", "checksum"}


def figures(value: Any) -> Any:
    """Return what JSON says, without what differs from time to time."""
    if isinstance(value, dict):
        return {key: figures(each) for key, each in value.items() if key not in VOLATILE}
    return [figures(each) for each in value] if isinstance(value, list) else value


def snapshot(folder: Path) -> dict[str, Any]:
    """Return all that a command leaves behind and that may not depend on interruptions."""
    found: dict[str, Any] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = str(path.relative_to(folder))
        if name.startswith("tmp/"):
            continue
        if path.suffix == ".json" and path.name in ("metrics.json", "ablation.json", "curve.json", "stress.json"):
            found[name] = figures(json.loads(path.read_text()))
        elif path.name in (
            "predictions.csv",
            "references.csv",
            "history.csv",
            "ablation.csv",
            "curve.csv",
            "stress.csv",
            "examples.json",
            "best.yaml",
        ) or path.suffix in (".wav", ".flac"):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif path.suffix == ".ogg":  # each has a number of its own in its header
            found[name] = soundfile.read(path)[0].tobytes()
        elif path.name == "train.npy":
            found[name] = path.read_bytes()
        elif path.name == "model.keras":
            found[name] = "there"
    for table in sorted(folder.glob("cache/features/*/*/*.csv")):
        values = np.load(table.with_suffix(".npy"))
        store = found.setdefault(str(table.parent.relative_to(folder)), {})
        for row, line in zip(values, table.read_text().splitlines()[1:], strict=True):
            assert line.split(",")[0] not in store, "extracted twice"
            store[line.split(",")[0]] = row.tobytes()
    assert found, "nothing was left behind"
    return found


def finished(folder: Path) -> dict[Path, int]:
    """Return what is done, and when it was: trainings, shards and sounds."""
    trained = [path for path in folder.glob("results/**/seed-*/**/summary.json") if is_trained(path.parent)]
    whole = [*trained, *folder.glob("cache/features/*/*/[!.]*.csv"), *folder.glob("made/**/*.ogg")]
    return {path: path.stat().st_mtime_ns for path in whole if ".tmp-" not in path.name}


def leftovers(folder: Path) -> list[str]:
    marks = ("*.tmp-*", "*.lock", ".*.fetching", "tmp/*")
    return [str(path.relative_to(folder)) for mark in marks for path in folder.rglob(mark)]
