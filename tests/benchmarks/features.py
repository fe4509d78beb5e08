"""What features cost beside one another: all that come from the short-time spectrum against the first five.

    python tests/benchmarks/features.py [--clips 8] [--rounds 25]

One core, one BLAS thread; the sets take turns clip by clip, and medians of processor time are compared, so other
programs disturb little. A set's features share one `Clip`, as in extraction; reading a file is left out, statistics are
in, those that each has by default. Lines of one feature have its share of the spectrum in them. The constant-Q
transform, which costs many times more, is in none of the sets.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import argparse
import time

import numpy as np

from fusion.feature.contract import Feature
from fusion.feature.registry import load
from fusion.plugins.registry import FEATURES, discover
from fusion.sound.clip import Clip

SR, SECONDS = 16000, 4.0
FIVE = ("mfcc", "spectral_centroid", "spectral_rolloff", "tonnetz", "zero_crossing_rate")
SLOW = ("cqt",)
GOAL = 3.0  # times what the five cost


def note(number: int) -> np.ndarray:
    """Return a decaying note of a dozen overtones with a little noise."""
    random = np.random.default_rng(number)
    seconds = np.arange(round(SECONDS * SR)) / SR
    f0 = 55 * 2 ** random.uniform(0, 4)
    y = random.normal(0, 1e-3, seconds.size)
    for k in range(1, 13):
        y += 0.3 / k * np.exp(-seconds * random.uniform(0.2, 3)) * np.sin(2 * np.pi * k * f0 * seconds)
    return y.astype(np.float32)


def cost(features: list[Feature], y: np.ndarray) -> float:
    """Return seconds of processor time for all features of one clip."""
    start = time.process_time()
    clip = Clip(y, SR)
    for feature in features:
        feature.extract(clip)
    return time.process_time() - start


def columns(features: list[Feature]) -> int:
    """Return how many numbers a frame, or a clip where there are no frames, the features have together."""
    samples = round(SECONDS * SR)
    return sum(
        feature.model_copy(update={"statistics": None} if "statistics" in type(feature).model_fields else {}).shape(
            samples, SR
        )[-1]
        for feature in features
    )


def main() -> None:
    """Print each set's cost and its ratio to the five's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=25)
    options = parser.parse_args()
    classes = {name: load(source) for name, source in discover(FEATURES).items()}
    five: list[Feature] = [classes[name]() for name in FIVE]
    added: dict[str, Feature] = {name: cls() for name, cls in classes.items() if name not in (*FIVE, *SLOW)}
    sets: dict[str, list[Feature]] = {
        "the five": five,
        "all others": list(added.values()),
        "all": [*five, *added.values()],
        **{f"{name}, by itself": [feature] for name, feature in added.items()},
        **{f"{name}, by itself": [classes[name]()] for name in SLOW},
    }
    clips = [note(number) for number in range(options.clips)]
    for features in sets.values():
        cost(features, clips[0])
    times: dict[str, list[float]] = {name: [] for name in sets}
    for number in range(options.rounds):
        for y in clips:
            for name, features in sets.items():
                if not name.startswith(SLOW) or number == 0:
                    times[name].append(cost(features, y))
    medians = {name: float(np.median(values)) for name, values in times.items()}
    print(f"{options.clips} notes of {SECONDS:g} s at {SR} Hz, {options.rounds} rounds, one thread, medians")
    for name, seconds in medians.items():
        ratio = seconds / medians["the five"]
        goal = f"  (goal: at most {GOAL:g})" if name == "all" else ""
        print(f"{name:34} {columns(sets[name]):4} columns {1e3 * seconds:7.2f} ms {ratio:7.2f} times the five{goal}")


if __name__ == "__main__":
    main()
