"""Learning curves of made-up predictions."""

from dataclasses import dataclass

import numpy as np

from fusion.evaluation.label_task import label_task
from fusion.result.predictions import Predictions
from fusion.studies.curve_summary import CurvePoint

CLASSES = ("a", "b", "c")


@dataclass(frozen=True)
class MadeUpPoint(CurvePoint):
    """A point without a result folder."""

    known: int = 0  # test groups that are in training, too

    def row(self):
        value = self.estimate.value
        spread = self.estimate.spread()
        return {
            "groups": self.groups,
            "clips": 10 * self.groups,
            "mean": value,
            "std": 0.01,
            "per_seed": [value - 0.01, value + 0.01],
            "low": spread["low"],
            "high": spread["high"],
            "digest": f"{self.groups:012d}",
            "shared_groups": self.known,
            "warnings": ["few-groups: few", f"did-not-converge: seed 1: {self.groups}"],
        }


def made_up(shares, folder, seeds=(1, 2, 3), groups=18, clips=20, prefix=""):
    """Return points where about such shares of the test clips are right, by number of training groups."""
    random = np.random.default_rng(0)
    of_group = np.repeat(np.arange(groups), clips)
    true = np.array(CLASSES)[of_group % 3]
    wrong = np.array(CLASSES)[(of_group + 1) % 3]
    hard = 0.1 * random.normal(size=groups)[of_group]
    truth = {
        f"{prefix}{n:04d}": (f"g{g:02d}", str(label)) for n, (g, label) in enumerate(zip(of_group, true, strict=True))
    }
    points = []
    for size, share in shares.items():
        right = random.uniform(size=(len(seeds), len(true))) < share + hard
        predictions = Predictions(
            "made up", CLASSES, truth, np.where(right, true, wrong), label_task(False), tuple(seeds)
        )
        points.append(MadeUpPoint(size, folder / str(size), predictions))
    return points
