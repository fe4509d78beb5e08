"""Seconds an epoch: the course project's network against the default one, interleaved on one processor thread.

Same clips, same batches, same optimiser and loss; only the networks differ. Prints the ratio of the medians.

    python tests/benchmarks/epoch.py
"""

from __future__ import annotations

import os

for _name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
    os.environ[_name] = "1"

import time

import numpy as np

from fusion.learning.model import build_model
from fusion.learning.scaling import moments
from fusion.settings.model import CourseModel, FusionModel

CLIPS, SHAPE, CLASSES, BATCH, ROUNDS = 512, (126, 20), 9, 32, 5


def main() -> None:
    """Measure and print."""
    random = np.random.default_rng(0)
    x = random.normal(size=(CLIPS, *SHAPE)).astype(np.float32)
    y = random.integers(0, CLASSES, CLIPS)
    models = {}
    for name, settings in (("course", CourseModel()), ("fusion", FusionModel())):
        model = build_model(settings, {"mfcc": SHAPE}, CLASSES, {"mfcc": moments("mfcc", [x])})
        model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
        model.fit({"mfcc": x}, y, batch_size=BATCH, epochs=1, verbose=0)  # traces and warms up
        models[name] = model
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(ROUNDS):
        for name, model in models.items():
            started = time.perf_counter()
            model.fit({"mfcc": x}, y, batch_size=BATCH, epochs=1, verbose=0)
            seconds[name].append(time.perf_counter() - started)
    medians = {name: float(np.median(values)) for name, values in seconds.items()}
    for name, model in models.items():
        print(
            f"{name:7s} {1000 * medians[name] / CLIPS:7.3f} ms a clip and epoch, {model.count_params():9,} parameters"
        )
    print(f"ratio   {medians['course'] / medians['fusion']:.1f}")


if __name__ == "__main__":
    main()
