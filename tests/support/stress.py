"""Stress tests of made-up predictions: nothing is trained or distorted."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from fusion.evaluation.label_task import SINGLE_LABEL
from fusion.result.predictions import Predictions
from fusion.sound.grade import Grade
from fusion.sound.graded import GRADED, IMPULSE
from fusion.studies.stress_summary import Graded, summarise_stress


def made_up(digest, right, heard=None):
    """Return what a result of 12 clips in 6 groups and two classes says, right about so many of them at each grade."""
    clips = {f"c{n:02}": (f"g{n // 2}", "ab"[n % 4 // 2]) for n in range(12)}
    targets = np.array([[label == "a", label == "b"] for _, label in clips.values()])
    outcomes = []
    for number, count in enumerate(right):
        said = np.where((np.arange(12) < count)[:, np.newaxis], targets, ~targets)
        scores = np.stack([said, said]).astype(float)
        left = np.ones(12, dtype=bool) if heard is None or number not in heard else heard[number]
        grade = Grade("noise", 50.0 - 10 * number) if number else None
        outcomes.append(Graded(grade, left, scores, np.stack([said, said]), {"mfcc": 0.1 * number} if number else {}))
    names = np.array([["a"] * 12] * 2)
    predictions = Predictions(f"made {digest}", ("a", "b"), clips, names, SINGLE_LABEL, (1, 2))
    return predictions, outcomes, summary_of(digest, predictions, outcomes)


def summary_of(digest, predictions, outcomes, features=("mfcc",)):
    """Return what stress.json says of them."""
    kept = dict.fromkeys(("dataset", "protocol", "sample")) | {"experiment": "made", "digest": digest}
    training = SimpleNamespace(copies=1, distortions=("noise",))
    saved = SimpleNamespace(
        metrics={**kept, "warnings": ["sample: x", "below-reference: y"]},
        seeds=(1, 2),
        experiment=SimpleNamespace(features=features, training=training, plugin_folders=lambda: ["my own"]),
    )
    return summarise_stress(saved, predictions, outcomes)


KINDS = tuple(kind for kind in GRADED if kind != IMPULSE)


def of_kinds(digest, hardness=1.0, chosen=KINDS, features=("mfcc", "spectral_centroid", "tonnetz")):
    """Return what a result of 60 clips in 20 groups and two classes says at each level of some distortions.

    Later distortions cost more, at ever milder levels.
    """
    random = np.random.default_rng(0)
    clips = {f"c{n:02}": (f"g{n // 3:02}", "ab"[n // 3 % 2]) for n in range(60)}
    targets = np.array([[label == "a", label == "b"] for _, label in clips.values()])
    hard = random.uniform(size=(2, 60)) * 0.7 + random.uniform(size=20)[np.arange(60) // 3] * 0.3
    grades = [None] + [Grade(kind, level) for kind in chosen for level in GRADED[kind].levels]
    outcomes = []
    for grade in grades:
        step = 0.0 if grade is None else (GRADED[grade.kind].levels.index(grade.level) + 1) / 6
        damage = 0.05 if grade is None else 0.05 + hardness * step * KINDS.index(grade.kind) / len(KINDS) / 2
        said = np.where((hard > damage)[:, :, np.newaxis], targets, ~targets)
        left = np.ones(60, dtype=bool) if grade is None or grade.kind != "invert" else hard[0] < 1.2 - step
        shift = {} if grade is None else {name: step * (1 + place) for place, name in enumerate(features)}
        outcomes.append(Graded(grade, left, said.astype(float), said, shift))
    predictions = Predictions(f"made {digest}", ("a", "b"), clips, np.array([["a"] * 60] * 2), SINGLE_LABEL, (1, 2))
    return predictions, outcomes, summary_of(digest, predictions, outcomes, features)
