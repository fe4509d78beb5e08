"""Processor time of an epoch: data held in memory, data read as it goes, and Keras' own `fit` on arrays.

    python tests/benchmarks/training.py [--clips 3000] [--rounds 3]

Made-up values of the five features in their default shapes, the default network, one thread. The ways take turns; each
trains for 2 epochs and for 8, and the difference is what 6 epochs take, without tracing. Prints the medians, and each
one's ratio to arrays.
"""

from __future__ import annotations

import os

for _name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from fusion.extraction.part import Part
from fusion.extraction.store import Rows
from fusion.learning import graph_batches
from fusion.learning.fit import fit
from fusion.learning.jobs import TrainingJob
from fusion.learning.model import build_model
from fusion.learning.scaling import moments
from fusion.settings.model import FusionModel
from fusion.settings.training import TrainingSettings

SHAPES = {
    "mfcc": (126, 20),
    "spectral_centroid": (8,),
    "spectral_rolloff": (8,),
    "tonnetz": (48,),
    "zero_crossing_rate": (8,),
}
CLASSES, BATCH, SHORT, LONG = 11, 32, 2, 8


def part(folder: Path, clips: int) -> Part:
    """Return made-up clips."""
    random = np.random.default_rng(0)
    rows = {}
    for name, shape in SHAPES.items():
        np.save(folder / f"{name}.npy", random.normal(size=(clips, *shape)).astype(np.float32))
        places = np.column_stack([np.zeros(clips, int), np.arange(clips)]).astype(np.int32)
        rows[name] = Rows((folder / f"{name}.npy",), places, shape)
    return Part(rows, np.eye(CLASSES, dtype=bool)[random.integers(CLASSES, size=clips)], np.arange(clips))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        whole = part(Path(name), options.clips)
        values = {feature: rows.take() for feature, rows in whole.rows.items()}
        targets = whole.targets.astype(np.float32)
        most = graph_batches.MOST_BYTES

        def fusion(epochs: int, limit: int) -> None:
            graph_batches.MOST_BYTES = limit
            settings = TrainingSettings(epochs=epochs, batch_size=BATCH, patience=None)
            labels = tuple(map(str, range(CLASSES)))
            fit(TrainingJob(Path(name) / "seed", 1, FusionModel(), settings, labels, {"train": whole}, (), {}))

        def arrays(epochs: int) -> None:
            scaling = {feature: moments(feature, rows.batches()) for feature, rows in whole.rows.items()}
            model = build_model(FusionModel(), SHAPES, CLASSES, scaling)
            loss, metrics = "categorical_crossentropy", ["accuracy"]
            model.compile(keras.optimizers.Adam(1e-3), loss, metrics=metrics, jit_compile=False)
            model.fit(values, targets, batch_size=BATCH, epochs=epochs, verbose=0)

        ways: dict[str, Callable[[int], None]] = {
            "arrays": arrays,
            "one graph": lambda epochs: fusion(epochs, most),
            "read as it goes": lambda epochs: fusion(epochs, 0),
        }
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(options.rounds):
            for way, train in ways.items():
                taken = []
                for epochs in (SHORT, LONG):
                    keras.utils.set_random_seed(1)
                    started = time.process_time()
                    train(epochs)
                    taken.append(time.process_time() - started)
                seconds[way].append((taken[1] - taken[0]) / (LONG - SHORT))
    for way, each in seconds.items():
        ratio = np.median(np.array(each) / np.array(seconds["arrays"]))
        print(f"{way:15s} {np.median(each):6.2f} s an epoch of {options.clips} clips, {ratio:.2f} of arrays'")


if __name__ == "__main__":
    main()
