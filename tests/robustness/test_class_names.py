"""Classes of any name: what tables, formulas of spreadsheets and mathematics of plots could take for their own."""

import json

import numpy as np
import pytest
import soundfile

from tests.support.command import command

pytestmark = pytest.mark.long

SPEC = """dataset: {name: folder, group: parent, window: 0.5, hop: 0.5}
features: {mfcc: {n_mfcc: 4}}
model: {conv_filters: [2], dense_units: [2], embedding: 2}
training: {epochs: 1}
seeds: [1]
"""


def sounds(folder, classes):
    random = np.random.default_rng(0)
    for label in classes:
        for player in "abcde":
            path = folder / "sounds" / label / player / "take.wav"
            path.parent.mkdir(parents=True)
            soundfile.write(path, random.normal(0, 0.1, 8000), 8000)
    (folder / "own.yaml").write_text(SPEC)


def test_a_class_may_be_called_like_a_formula_or_mathematics(tmp_path):
    sounds(tmp_path, ["-a", "=b", "$x_$", "@c"])
    result = tmp_path / command(tmp_path, "run", "own.yaml", "--data", "sounds").stdout.splitlines()[-1]
    assert json.loads((result / "metrics.json").read_text())["classes"] == ["$x_$", "-a", "=b", "@c"]
    assert (result / "confusion.png").exists()
    page = (result / "report.html").read_text()
    assert "Map of the last layer" in page or "map" in page
    command(tmp_path, "stress", result, "--with", "level=-6")
    command(tmp_path, "predict", result, "sounds/-a/a/take.wav")


@pytest.mark.parametrize("name", ["true", "group", "seed"])
def test_a_class_that_is_called_like_a_column_is_a_message(tmp_path, name):
    sounds(tmp_path, [name, "other"])
    done = command(tmp_path, "run", "own.yaml", "--data", "sounds", code=2)
    assert f"a class is called {name}, which is a column of a result's tables (clip, group, seed" in done.stderr
    assert not (tmp_path / "results").exists()
