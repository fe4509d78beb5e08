"""Ablations of features that bring a known amount: the sound of each clip holds what they read."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fusion.runtime.known_json import write_known
from fusion.studies.ablation_summary import AblationArm, arm_warnings
from tests.support.command import command
from tests.support.notes import SAMPLES, SR, example, names
from tests.support.results import made_up_result

pytestmark = pytest.mark.long

FAMILIES = ["bass", "brass", "flute", "reed"]
PLUGIN = '''
import hashlib

import numpy as np

from fusion import Feature


class Planted(Feature):
    """What the sound tells, made up."""

    def shape(self, samples, sr):
        return (4,)

    def extract(self, clip):
        spectrum = np.abs(np.fft.rfft(clip.y[: clip.sr]))  # one line a Hz
        number = int(np.argmax(spectrum[[500, 1000, 1500, 2000]]))
        return np.asarray({value}, dtype=np.float32)
'''
VALUES = {
    "truth": "np.eye(4)[number]",
    "copy": "np.eye(4)[number]",
    "half": "np.eye(4)[min(number, 2)]",  # flute and reed are one
    "noise": "np.frombuffer(hashlib.sha256(clip.y.tobytes()).digest()[:4], np.uint8) / 255.0",
}
SPEC = """
dataset: {name: nsynth, protocol: official}
features: {copy: {}, half: {}, noise: {}, truth: {}}
model: {dense_units: [16], embedding: 16, dropout: 0.0, branch_dropout: 0.0}
training: {epochs: 15, batch_size: 20, learning_rate: 2.0e-2}
seeds: [1, 2]
plugins: [plugins]
ablation: [[truth], [noise]]
"""
KEYS = ["mode", "metric", "chance", "groups", "arms", "shapley", "tests", "per_class", "warnings"]


def write_planted(folder, notes):
    (folder / "audio").mkdir(parents=True)
    time = np.arange(SAMPLES) / SR
    for seed, note in enumerate(notes):
        number = FAMILIES.index(note.split("_")[0])
        random = np.random.default_rng([seed, len(notes)])
        y = 0.3 * np.sin(2 * np.pi * 500 * (number + 1) * time) + random.normal(0, 0.01, SAMPLES)
        soundfile.write(folder / "audio" / f"{note}.wav", y, SR)
    (folder / "examples.json").write_text(json.dumps({note: example(note) for note in notes}))


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A folder with data, plug-ins and an experiment, every subset of whose features has been run."""
    folder = tmp_path_factory.mktemp("planted")
    write_planted(folder / "data" / "nsynth-train", names(FAMILIES, [0, 1, 2], range(40, 45)))
    write_planted(folder / "data" / "nsynth-valid", names(FAMILIES, [3, 4, 5], range(50, 53)))
    write_planted(folder / "data" / "nsynth-test", names(FAMILIES, [3, 4, 5], range(60, 65)))
    (folder / "plugins").mkdir()
    for name, value in VALUES.items():
        (folder / "plugins" / f"{name}.py").write_text(PLUGIN.replace("{value}", value))
    (folder / "planted.yaml").write_text(SPEC)
    done = command(folder, "ablate", "planted.yaml", "--mode", "all", "--data", "data")
    (folder / "all.txt").write_text(done.stdout)
    return folder


def ablate(folder: Path, mode: str, *words: object, cold: bool = False) -> tuple[dict, str]:
    """Return ablation.json and what was printed; nothing may be trained."""
    before = trained(folder)
    done = command(folder, "ablate", "planted.yaml", "--mode", mode, "--data", "data", *words, cold=cold)
    assert trained(folder) == before
    result = folder / done.stdout.splitlines()[-1]
    return json.loads((result / "ablation.json").read_text()), done.stdout


def trained(folder):
    return {path: path.stat().st_mtime_ns for path in (folder / "results").rglob("model.keras")}


def losses(ablation):
    return {test["without"][0]: test for test in ablation["tests"] if len(test["without"]) == 1}


@pytest.mark.slow
def test_every_subset_and_shapley_values(planted):
    out = (planted / "all.txt").read_text()
    result = planted / out.splitlines()[-1]
    ablation = json.loads((result / "ablation.json").read_text())
    assert [key for key in ablation if key in KEYS] == KEYS
    assert set(ablation) - set(KEYS) == {
        "experiment",
        "digest",
        "trials",
        "seeds",
        "looks",
        "looks_experiments",
        "feature_groups",
        "checksum",
    }
    assert (ablation["looks"], ablation["looks_experiments"]) == (15 * len(ablation["seeds"]), 15)
    assert f"were scored {ablation['looks']} times so far, for 15 results in" in " ".join(out.split())
    assert (ablation["mode"], ablation["metric"], ablation["groups"]) == ("all", "accuracy", 12)
    assert ablation["chance"] == 0.25
    assert [text for text in ablation["warnings"] if text.startswith("few-groups: only 12 test groups")]
    assert len(ablation["arms"]) == 15
    means = {frozenset(arm["features"]): arm["mean"] for arm in ablation["arms"]}
    assert all(mean > 0.97 for features, mean in means.items() if features & {"truth", "copy"})
    assert 0.6 < means[frozenset(["half"])] < 0.9
    assert means[frozenset(["noise"])] < 0.5
    shares = {name: row["value"] for name, row in ablation["shapley"].items()}
    whole = means[frozenset(VALUES)] - 0.25
    assert sum(shares.values()) == pytest.approx(whole)
    assert shares["truth"] == pytest.approx(shares["copy"], abs=0.03)
    assert shares["truth"] == pytest.approx((0.75 - 0.5 / 3) / 2, abs=0.06)
    assert shares["half"] == pytest.approx(0.5 / 3, abs=0.06)
    assert shares["noise"] == pytest.approx(0, abs=0.06)
    assert [len(test["without"]) for test in ablation["tests"]] == [1, 1, 1, 1]
    assert f"Of the {100 * whole:.1f} points of accuracy above chance" in " ".join(out.split())
    for name in ("ablation.png", "shapley.png", "per_class.png"):
        assert (result / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_arms_are_ordinary_results_and_rows_of_the_table(planted):
    result = planted / (planted / "all.txt").read_text().splitlines()[-1]
    ablation = json.loads((result / "ablation.json").read_text())
    with (result / "ablation.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["features", "mean", "low", "high", "std", "digest"]
    assert len({arm["digest"] for arm in ablation["arms"]}) == 15
    for arm, row in zip(ablation["arms"], rows, strict=True):
        metrics = json.loads((result.parent / arm["digest"] / "metrics.json").read_text())
        assert sorted(metrics["features"]) == arm["features"] == row["features"].split()
        assert metrics["test"]["accuracy"]["per_seed"] == pytest.approx(arm["per_seed"])
        assert (row["digest"], float(row["mean"])) == (arm["digest"], pytest.approx(arm["mean"], abs=1e-6))
        assert (row["low"] == "") == (arm["low"] is None)
        assert float(row["std"]) == pytest.approx(arm["std"], abs=1e-6)


@pytest.mark.slow
def test_what_another_feature_says_too_costs_nothing(planted):
    ablation, out = ablate(planted, "leave-one-out")
    assert (ablation["mode"], len(ablation["arms"]), ablation["shapley"]) == ("leave-one-out", 5, {})
    for name, test in losses(ablation).items():
        assert abs(test["difference"]) < 0.03, name
        assert test["p_holm"] is None or test["p_holm"] > 0.05
    said = " ".join(out.split())
    assert "None is shown to matter (" in said or "Differences are not tested; " in said  # where every arm is right
    assert not (planted / out.splitlines()[-1] / "shapley.png").exists()  # of the mode before
    again, same = ablate(planted, "leave-one-out")
    assert (again, same) == (ablation, out)


@pytest.mark.slow
def test_what_no_other_feature_says_is_missed(planted):
    ablation, out = ablate(planted, "leave-one-out", "--features", "half,noise,truth")
    lost = losses(ablation)
    assert lost["truth"]["difference"] > 0.1
    assert lost["truth"]["low"] >= 0  # with few groups, a class may be told by luck
    known = sum(test["p"] is not None for test in lost.values())
    assert lost["truth"]["p_holm"] == pytest.approx(min(1, known * lost["truth"]["p"]))
    assert abs(lost["noise"]["difference"]) < 0.03
    row = ablation["per_class"]["truth"]  # half tells bass and brass
    assert row["flute"] + row["reed"] > 0.3
    assert row["bass"] < 0.2
    assert row["brass"] < 0.2
    assert out.index("Leaving out truth costs") < out.index("Leaving out noise")


@pytest.mark.slow
def test_each_alone(planted):
    ablation, out = ablate(planted, "only-one")
    assert [arm["features"] for arm in ablation["arms"][1:]] == [["copy"], ["half"], ["noise"], ["truth"]]
    lost = {test["features"][0]: test for test in ablation["tests"]}
    assert lost["noise"]["difference"] > 0.5
    assert lost["noise"]["p_holm"] < 0.05
    assert abs(lost["truth"]["difference"]) < 0.03
    assert ablation["per_class"] == {}
    assert "noise alone reaches an accuracy of" in " ".join(out.split())


@pytest.mark.slow
def test_masked_without_training(planted):
    ablation, out = ablate(planted, "mask", "--features", "half,noise,truth", cold=True)
    lost = losses(ablation)
    assert lost["truth"]["difference"] > 0.1
    assert lost["truth"]["p_holm"] < 0.05
    assert abs(lost["noise"]["difference"]) < 0.1
    assert [bool(arm["digest"]) for arm in ablation["arms"]] == [True, False, False, False]
    assert all(len(arm["per_seed"]) == 2 for arm in ablation["arms"])
    log = [json.loads(line) for line in (planted / "results" / "looks.jsonl").read_text().splitlines()]
    assert sum(look["training"].endswith(" masked") for look in log) == 2  # two seeds; a look is a look
    assert ablation["looks"] == len(log)
    assert "Masking truth costs" in " ".join(out.split())


@pytest.mark.slow
def test_sets_of_the_file(planted):
    ablation, out = ablate(planted, "sets")
    assert [arm["features"] for arm in ablation["arms"]] == [sorted(VALUES), ["truth"], ["noise"]]
    assert [test["without"] for test in ablation["tests"]] == [["copy", "half", "noise"], ["copy", "half", "truth"]]
    assert abs(ablation["tests"][0]["difference"]) < 0.03
    assert ablation["tests"][1]["difference"] > 0.5
    assert "Leaving out copy, half and truth costs" in " ".join(out.split())


@pytest.mark.slow
def test_as_json(planted):
    ablation, _ = ablate(planted, "only-one")
    done = command(planted, "ablate", "planted.yaml", "--mode", "only-one", "--data", "data", "--json")
    assert json.loads(done.stdout) == {
        key: value for key, value in ablation.items() if key != "checksum"
    }  # of the file


@pytest.mark.parametrize(
    ("words", "extra", "message"),
    [
        (("--mode", "sets"), "", "quick: names no sets; add a section such as ablation: [[mfcc], [mfcc, tonnetz]]"),
        (("--mode", "sets"), "ablation: [[mfcc], [tonetz]]\n", "quick.yaml:7: ablation: 'tonetz' is no feature of"),
        (("--mode", "sets"), "ablation: mfcc\n", "quick.yaml:7: ablation: should be sets of features"),
        (("--mode", "all"), "", "quick: an ablation needs at least two features, found mfcc"),
        (("--mode", "mask"), "", "quick: an ablation needs at least two features, found mfcc"),
        (("--mode", "each"), "", "--mode each: should be one of leave-one-out, only-one, all, mask, sets"),
    ],
)
def test_mistakes_are_one_message(fusion, experiment, nsynth, words, extra, message):
    experiment.write_text(experiment.read_text() + extra)
    code, out, err = fusion("ablate", experiment, "--data", nsynth, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err


def test_an_ablation_tells_what_its_arms_warn_of(tmp_path):
    arms = {}
    for name, features, warnings in (
        ("0" * 12, ("mfcc", "rms"), ["sample: the embedded sample", "did-not-converge: seed 1: learnt nothing"]),
        ("1" * 12, ("mfcc",), ["sample: the embedded sample", "below-reference: a forest is above"]),
        ("2" * 12, ("rms",), ["did-not-converge: seed 1: no", "did-not-converge: seed 2: no"]),
    ):
        metrics, _ = made_up_result(tmp_path / name)
        write_known(tmp_path / name / "metrics.json", {**metrics, "warnings": warnings})
        arms[features] = AblationArm(features, tmp_path / name, None)
    arms["masked",] = AblationArm(("masked",), None, None)
    assert arm_warnings(arms) == [
        "sample: the embedded sample",
        "did-not-converge: 1 training with mfcc, rms; the page of that arm says why",
        "did-not-converge: 2 trainings with rms; the page of that arm says why",
    ]
