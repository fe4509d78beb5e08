"""Processor seconds of each reference on 20,000 windows of 60 dimensions in 200 groups, on one thread.

Prints them, with the settings chosen and the accuracy on other groups, and how much a choice inside the training windows
costs beside the three machines of fixed penalties that were fitted before.

    python tests/benchmarks/references.py
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fusion.evaluation.reference import RANDOM_FOREST, REFERENCES, SVM
from fusion.learning.reference_models import MODELS, fit_reference

WINDOWS, DIMS, GROUPS, CLASSES, SEEDS = 22_000, 60, 220, 11, 5


def main() -> None:
    """Measure and print."""
    random = np.random.default_rng(0)
    groups = random.integers(GROUPS, size=WINDOWS)
    labels = groups % CLASSES
    centres, offsets = random.normal(size=(CLASSES, DIMS)), 1.2 * random.normal(size=(GROUPS, DIMS))
    spread = 1.5 * random.normal(size=(WINDOWS, DIMS))
    values = ((centres[labels] + offsets[groups] + spread) @ random.normal(size=(DIMS, DIMS))).astype(np.float32)
    train = groups < GROUPS - 20
    before = seconds(
        lambda: [make_pipeline(StandardScaler(), SVC(C=C)).fit(values[train], labels[train]) for C in (1, 10, 100)]
    )[0]
    now = {}
    for name in MODELS:
        now[name], (model, settings) = seconds(
            lambda name=name: fit_reference(name, values[train], labels[train], groups[train], 1)
        )
        accuracy = model.score(values[~train], labels[~train])
        print(f"{name:13s} {now[name]:6.1f} s, accuracy {accuracy:.3f}, {settings}", flush=True)
    total = sum(value * (SEEDS if REFERENCES[name].seeded else 1) for name, value in now.items())
    old = before + SEEDS * now[RANDOM_FOREST.name]
    print(f"SVM, ratio to fixed penalties {now[SVM.name] / before:.2f}; all of {SEEDS} seeds, ratio {total / old:.2f}")


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the processor seconds of a call, and what it gives."""
    started = time.process_time()
    output = call()
    return time.process_time() - started, output


if __name__ == "__main__":
    main()
