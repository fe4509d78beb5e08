"""Trained networks with features taken away at the test: their values are drawn from other test clips."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.aggregate import aggregate
from fusion.evaluation.decisions import decide
from fusion.extraction.part import Part
from fusion.learning.jobs import MaskJob
from fusion.learning.saved_network import load_model
from fusion.learning.train import predict_windows
from fusion.result.folder import threshold_of


def predict_masked(task: MaskJob) -> NDArray[np.bool_]:
    """Return what the network says without some features, ``(draws, clips, classes)``; runs in a worker process.

    References
    ----------
    L. Breiman: "Random forests", Machine Learning 45, 2001, 5-32, https://doi.org/10.1023/A:1010933404324 (permuting
    what a model hears)
    """
    job = task.job
    model = load_model(job.folder / "model.keras", job.fusion)
    part = job.parts["test"]
    random = np.random.default_rng(job.seed)
    decisions = []
    for _ in range(task.draws):
        scores = aggregate(predict_windows(model, _with_others(part, task.features, random)), part.clips, job.aggregate)
        decisions.append(decide(scores, threshold_of(job.folder)))
    return np.stack(decisions)


def _with_others(part: Part, features: Collection[str], random: np.random.Generator) -> Part:
    """Return the part with each window's values of some features taken from one window of another clip."""
    count = len(part)
    other = random.integers(count, size=count)
    same = part.clips[other] == part.clips
    while same.any() and part.clips.max():  # with a single clip there is no other
        other[same] = random.integers(count, size=int(same.sum()))
        same = part.clips[other] == part.clips
    rows = {name: values.part(other) if name in features else values for name, values in part.rows.items()}
    return Part(rows, part.targets, part.clips)
