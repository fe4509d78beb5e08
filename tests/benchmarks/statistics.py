"""How long statistics take: of a result of 2,874 clips and five seeds, and of an ablation with 31 arms of that size.

    python tests/benchmarks/statistics.py

Prints seconds, and how many times as long as the first matrix product of the run: seconds of two machines, or of one that
is busy, cannot be compared.
"""

import time
from itertools import combinations

import numpy as np
import scipy.stats  # noqa: F401 (its import is not what is measured)

from fusion.evaluation.label_task import MULTI_LABEL, SINGLE_LABEL
from fusion.result.predictions import Predictions
from fusion.studies.ablation_summary import AblationArm, summarise_ablation

CLIPS, GROUPS, SEEDS = 2874, 208, (1, 2, 3, 4, 5)
CLASSES = ("cel", "cla", "flu", "gac", "gel", "org", "pia", "sax", "tru", "vio", "voi")
FEATURES = ("mfcc", "spectral_centroid", "spectral_rolloff", "tonnetz", "zero_crossing_rate")


def made_up(task, random):
    """Return predictions that are right about two of three clips."""
    true = random.integers(len(CLASSES), size=CLIPS)
    groups = np.sort(random.integers(GROUPS, size=CLIPS))
    if not task.several:
        true = groups % len(CLASSES)  # an instrument has one class
    labels = [CLASSES[number] for number in true]
    clips = {
        f"clip{n:05d}": (f"song{group}", label) for n, (group, label) in enumerate(zip(groups, labels, strict=True))
    }
    wrong = random.integers(len(CLASSES), size=(len(SEEDS), CLIPS))
    predicted = np.where(random.random((len(SEEDS), CLIPS)) < 2 / 3, true, wrong)
    return Predictions("made-up", CLASSES, clips, np.array(CLASSES)[predicted], task, SEEDS)


def seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def main():
    random = np.random.default_rng(0)
    matrix = random.random((2000, 2000))
    unit = min(seconds(lambda: matrix @ matrix) for _ in range(3))
    for task in (SINGLE_LABEL, MULTI_LABEL):
        predictions = made_up(task, random)

        def result(predictions=predictions):
            counts = predictions.counts()
            predictions.truth.over_seeds(counts)
            predictions.truth.by_class(counts, CLASSES, 10)

        subsets = [chosen for size in range(5, 0, -1) for chosen in combinations(FEATURES, size)]
        arms = {chosen: AblationArm(chosen, None, made_up(task, np.random.default_rng(0))) for chosen in subsets}
        for name, work in (
            ("a result", result),
            ("31 arms", lambda arms=arms: summarise_ablation("all", {name: (name,) for name in FEATURES}, arms)),
        ):
            spent = seconds(work)
            print(f"{type(task).__name__}, {name}: {spent:.2f} s, {spent / unit:.0f} products of 2000 x 2000")


if __name__ == "__main__":
    main()
