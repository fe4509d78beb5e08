"""Cross-validation over instruments, divided several times, through the command line."""

import json

import numpy as np
import pandas as pd
import pytest

from fusion.result.predictions import read_predictions
from tests.support.command import command

SPEC = """
dataset: {name: nsynth, protocol: cv, folds: 2, repeats: 2}
features: [mfcc, zero_crossing_rate]
model: {conv_filters: [8], dense_units: [8], embedding: 8}
training: {epochs: 3, batch_size: 16, learning_rate: 5.0e-3}
seeds: [1]
"""


@pytest.fixture(scope="module")
def repeated(many, tmp_path_factory):
    """The result of two divisions into two folds, one seed, in a folder of its own."""
    folder = tmp_path_factory.mktemp("repeats")
    (folder / "repeats.yaml").write_text(SPEC)
    done = command(folder, "run", "repeats.yaml", "--data", many)
    return folder, folder / done.stdout.splitlines()[-1]


def test_every_clip_is_tested_once_a_repeat(repeated):
    table = pd.read_csv(repeated[1] / "predictions.csv")
    assert set(table.groupby("clip")["repeat"].apply(lambda repeats: tuple(sorted(repeats)))) == {(0, 1)}
    assert (table.groupby(["repeat", "group"])["fold"].nunique() == 1).all()  # instruments are whole
    divided = table.pivot(index="clip", columns="repeat", values="fold")
    assert (divided[0] != divided[1]).any()
    history = pd.read_csv(repeated[1] / "history.csv")  # trainings are named as there
    both = ["seed", "repeat", "fold"]
    assert set(map(tuple, history[both].to_numpy())) == set(map(tuple, table[both].to_numpy()))
    assert (history.groupby(both)["epoch"].max() == history["epoch"].max()).all()
    references = pd.read_csv(repeated[1] / "references.csv")
    assert (references.groupby(["clip", "reference", "seed"])["repeat"].nunique() == 2).all()


def test_one_seed_has_an_interval_by_its_repeats(repeated):
    metrics = json.loads((repeated[1] / "metrics.json").read_text())
    accuracy = metrics["test"]["accuracy"]
    assert accuracy["low"] <= accuracy["mean"] <= accuracy["high"]
    assert len(accuracy["per_seed"]) == 1
    assert metrics["groups"]["test"] == 15
    predictions = read_predictions(repeated[1])
    assert (predictions.repeats, predictions.seeds, len(predictions.predicted)) == (2, (1,), 2)
    right = predictions.predicted == np.array([label for _, label in predictions.clips.values()])
    assert accuracy["mean"] == pytest.approx(right.mean())
    for row in metrics["references"].values():
        assert row["network_minus"]["p"] is not None
    assert metrics["gap"]["low"] < metrics["gap"]["difference"] < metrics["gap"]["high"]


def test_a_feature_can_be_masked_in_every_repeat(repeated, many):
    folder, result = repeated
    command(folder, "ablate", "repeats.yaml", "--data", many, "--mode", "mask")
    ablation = json.loads((result / "ablation.json").read_text())
    assert [len(arm["per_seed"]) for arm in ablation["arms"]] == [1, 1, 1]  # the mean of its draws
    assert all(test["p"] is None or 0 <= test["p"] <= 1 for test in ablation["tests"])
