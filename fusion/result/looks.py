"""How often test clips were scored: ``looks.jsonl`` in the results folder, one line for each training that was.

Lines are only added, so two runs at once lose none. A training is known by the identity in its summary: an evaluation
that is repeated counts once, a network that is trained or applied again counts again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fusion.datasets.corpus import Corpus
from fusion.result.folder import ResultFolder
from fusion.runtime.files import unwritable
from fusion.runtime.lock import alone

FILE = "looks.jsonl"
KEYS = ("looks", "looks_experiments")
"""What a result, and whatever is made of several, has of them."""

_WAIT = 60.0  # s for another run that adds its lines
_KEYS = ("test", "experiment", "digest", "seed", "training", "time")


def record_looks(
    results: Path, dataset: Corpus, experiment: str, result: ResultFolder, seeds: Sequence[int], how: str = ""
) -> dict[str, int]:
    """Add a result's trainings to the log, those that are not in it yet, and count all of its test clips.

    Parameters
    ----------
    results : Path
        The folder of all results.
    dataset : Corpus
        With content hashes.
    experiment : str
        Its name.
    result : ResultFolder
    seeds : sequence of int
        Trained and scored; a seed counts once, with all its folds.
    how : str
        What was done to the clips, which counts as a look of its own; empty: nothing.

    Returns
    -------
    dict
        ``looks``: trainings whose predictions for these very clips were scored in this folder so far;
        ``looks_experiments``: results that they belong to.

    Raises
    ------
    FusionError
        If the log cannot be written, or another run keeps it for a minute.
    """
    test, digest = _fingerprint(dataset), result.folder.name
    now = datetime.now(UTC).isoformat(timespec="seconds")
    ids = {seed: str(result.summaries(seed)[0].get("training") or f"{digest} seed {seed}") for seed in seeds}
    # networks of an older fusion have no identity
    trainings = {f"{training} {how}".rstrip(): seed for seed, training in ids.items()}
    log = results / FILE
    try:
        with alone(log.with_name(f".{FILE}.lock"), f"{log}: another run keeps it; wait for it", _WAIT):
            text = log.read_bytes() if log.exists() else b""
            looks = [look for line in text.splitlines() if (look := _look(line)) and look["test"] == test]
            known = {look["training"] for look in looks}
            fresh = [
                dict(zip(_KEYS, (test, experiment, digest, seed, training, now), strict=True))
                for training, seed in trainings.items()
                if training not in known
            ]
            if fresh:
                lines = "".join(f"{json.dumps(look, ensure_ascii=False)}\n" for look in fresh).encode()
                with log.open("ab") as file:  # a line that a killed process left half-written is ended first
                    file.write(lines if not text or text.endswith(b"\n") else b"\n" + lines)
    except OSError as error:
        raise unwritable(log, error) from error
    looks += fresh
    return {
        "looks": len({look["training"] for look in looks}),
        "looks_experiments": len({(look.get("experiment"), look["digest"]) for look in looks}),
    }


def most_looks(results: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return how often test clips that several results share were scored: what the last of these results counted.

    Parameters
    ----------
    results : iterable of dict
        The content of each metrics.json.

    Returns
    -------
    dict
        ``looks`` and ``looks_experiments``; empty where no result says so (one of an older fusion does not).
    """
    counts = [{key: metrics[key] for key in KEYS} for metrics in results if "looks" in metrics]
    return max(counts, key=lambda count: count["looks"], default={})


def _fingerprint(dataset: Corpus) -> str:
    """Return a hash of the test clips' sound: whatever they are called, and whatever trained."""
    test = dataset.part("test")
    lines = sorted("\t".join(map(str, row)) for row in zip(*(test[key] for key in _SOUND), strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


_SOUND = ("content", "start", "duration")


def _look(line: bytes) -> dict[str, Any] | None:
    """Return what a line says; None for one that is not whole."""
    try:
        look = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(look, dict) and all(isinstance(look.get(key), str) for key in ("test", "digest", "training"))
    return look if whole else None
