"""Several processes with the same cache and results at once."""

from __future__ import annotations

import pytest

from tests.support.cold import start
from tests.support.left_behind import SPEC, leftovers, snapshot
from tests.support.notes import names, write_part

BUSY = "another run is at work on this result"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("together") / "nsynth"
    for split, numbers, first in (("train", [0, 1, 3], 40), ("valid", [2], 40), ("test", [5], 41)):
        write_part(root / f"nsynth-{split}", names(["bass", "flute"], numbers, range(first, first + 20, 5)))
    return root


def texts(features):
    return SPEC.replace("mfcc: {n_mfcc: 6}, zero_crossing_rate: ", features).replace("seeds: [1, 2]", "seeds: [1]")


def together(folder, commands, data):
    """Run commands at once in a folder; return their exit codes and what they said."""
    shared = ("--data", data, "--cache", "cache", "--jobs", 1)
    started = [
        start(folder, [*words, *shared, *([] if words[0] == "extract" else ["--results", "results"])])
        for words in commands
    ]
    said = [each.communicate(timeout=900)[0] for each in started]
    return [each.returncode for each in started], said


@pytest.mark.slow
def test_four_identical_runs(tmp_path, data):
    (tmp_path / "x.yaml").write_text(texts("mfcc: {n_mfcc: 6}, zero_crossing_rate: "))
    codes, said = together(tmp_path, [["run", "x.yaml"]] * 4, data)
    assert 0 in codes
    for code, text in zip(codes, said, strict=True):
        assert code == 0 or (code == 2 and BUSY in text), (code, text)
    print("codes", codes, "extracted by", sum("clips extracted" in text for text in said))
    assert leftovers(tmp_path) == []
    at_once = snapshot(tmp_path)  # which has no clip twice
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "x.yaml").write_text((tmp_path / "x.yaml").read_text())
    codes, said = together(alone, [["run", "x.yaml"]], data)
    assert codes == [0], said
    assert at_once == snapshot(alone)


@pytest.mark.slow
def test_four_extractions_of_overlapping_features(tmp_path, data):
    features = {
        "a": "mfcc: {n_mfcc: 6}, zero_crossing_rate: ",
        "b": "mfcc: {n_mfcc: 6}, spectral_centroid: ",
        "c": "spectral_centroid: , zero_crossing_rate: ",
        "d": "mfcc: {n_mfcc: 6}, spectral_centroid: , zero_crossing_rate: ",
    }
    alone = tmp_path / "alone"
    for folder in (tmp_path, alone):
        folder.mkdir(exist_ok=True)
        for name, chosen in features.items():
            (folder / f"{name}.yaml").write_text(texts(chosen))
    commands = [["extract", f"{name}.yaml"] for name in features]
    codes, said = together(tmp_path, commands, data)
    assert codes == [0] * 4, said
    assert leftovers(tmp_path) == []
    at_once = snapshot(tmp_path)
    codes, said = together(alone, commands[3:], data)
    assert codes == [0], said
    assert at_once == snapshot(alone)
