"""What trained networks say of distorted clips, and how far each feature shifts; in worker processes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.aggregate import aggregate
from fusion.evaluation.breaking_point import feature_shift
from fusion.extraction.part import Part
from fusion.learning.jobs import GradedJob
from fusion.learning.references import pool

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)  # a task is itself alone: it holds arrays
class ShiftJob:
    """One feature of clips as they are, and at some grades with the numbers of the windows that are left there."""

    feature: str
    clean: Part
    graded: tuple[tuple[NDArray[np.int64], Part], ...]


def predict_grades(job: GradedJob) -> list[Floats]:
    """Return a network's scores of the clips of each grade, ``(clips, classes)``; nothing of none."""
    from fusion.learning.saved_network import load_model
    from fusion.learning.train import predict_windows

    model = load_model(job.model, job.fusion, job.classes)
    return [
        aggregate(predict_windows(model, part), part.clips, job.aggregate)
        if len(part)
        else np.zeros((0, len(job.classes)))
        for part in job.parts
    ]


def measure_shift(job: ShiftJob) -> list[float | None]:
    """Return how far a feature shifts at each grade; None where no window is left."""
    clean = pool(job.clean)
    return [feature_shift(clean[kept], pool(part)) if len(kept) else None for kept, part in job.graded]
