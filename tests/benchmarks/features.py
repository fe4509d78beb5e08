"""What features cost beside one another: all that come from the short-time spectrum against the first five.

    python tests/benchmarks/features.py [--clips 32] [--rounds 9]

One core, one BLAS thread; the sets take turns, and medians of processor time are compared, so other programs disturb
little. As in extraction each set reads the file, its features share one `Clip`, many clips share a call of the statistics,
and each feature has its statistics by default. Lines of one feature have reading and its share of the spectrum in them.
The constant-Q transform, which costs many times more, is in none of the sets.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from fusion.extraction.column import Column
from fusion.feature.contract import Feature
from fusion.feature.registry import load
from fusion.plugins.registry import FEATURES, discover
from fusion.sound.clip import Clip
from fusion.sound.reading import read_audio

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


def cost(features: dict[str, Feature], sounds: list[Path]) -> float:
    """Return seconds of processor time a clip for all features."""
    start = time.process_time()
    shapes = {name: feature.shape(round(SECONDS * SR), SR) for name, feature in features.items()}
    columns = [Column(name, feature, shapes[name], len(sounds)) for name, feature in features.items()]
    for sound in sounds:
        clip = Clip(read_audio(sound, SR, 0.0, SECONDS), SR)
        for column in columns:
            column.add(clip, sound.name)
    for column in columns:
        column.values()
    return (time.process_time() - start) / len(sounds)


def columns(features: dict[str, Feature]) -> int:
    """Return how many numbers a frame, or a clip where there are no frames, the features have together."""
    samples = round(SECONDS * SR)
    return sum(
        feature.model_copy(update={"statistics": None} if "statistics" in type(feature).model_fields else {}).shape(
            samples, SR
        )[-1]
        for feature in features.values()
    )


def main() -> None:
    """Print each set's cost and its ratio to the five's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    classes = {name: load(source) for name, source in discover(FEATURES).items()}
    every: dict[str, Feature] = {
        name: cls() for name, cls in classes.items() if not any(f.is_required() for f in cls.model_fields.values())
    }
    five = {name: every[name] for name in FIVE}
    added = {name: feature for name, feature in every.items() if name not in (*FIVE, *SLOW)}
    sets = {
        "the five": five,
        "all others": added,
        "all": five | added,
        "reading alone": {},
        **{f"{name}, by itself": {name: every[name]} for name in (*added, *SLOW)},
    }
    times: dict[str, list[float]] = {name: [] for name in sets}
    with tempfile.TemporaryDirectory() as folder:
        sounds = [Path(folder) / f"{number}.wav" for number in range(options.clips)]
        for number, sound in enumerate(sounds):
            soundfile.write(sound, note(number), SR)
        for features in sets.values():
            cost(features, sounds[:1])
        for number in range(options.rounds):
            for name, features in sets.items():
                if not name.startswith(SLOW) or number == 0:
                    times[name].append(cost(features, sounds))
    medians = {name: float(np.median(values)) for name, values in times.items()}
    print(f"{options.clips} notes of {SECONDS:g} s at {SR} Hz, {options.rounds} rounds, one thread, medians")
    for name, seconds in medians.items():
        ratio = seconds / medians["the five"]
        goal = f"  (goal: at most {GOAL:g})" if name == "all" else ""
        print(f"{name:34} {columns(sets[name]):4} columns {1e3 * seconds:7.2f} ms {ratio:7.2f} times the five{goal}")


if __name__ == "__main__":
    main()
