"""Planted truth: features whose worth is known, and what each mode of an ablation says of them."""

import csv
import json

import numpy as np
import pytest
from conftest import command, names, write_part

from fusion.report import ablation as plots

# the family is told by the overtones, so a feature may read it from the sound
PLUGIN = '''
from typing import ClassVar

import numpy as np

from fusion.clip import Clip
from fusion.feature import Feature


class NAME(Feature):
    """PLANTED."""

    version: ClassVar[int] = 1

    def shape(self, samples, sr):
        return (3,)

    def extract(self, clip: Clip):
        spectrum = np.abs(np.fft.rfft(clip.y[:16384] * np.hanning(16384)))
        f0 = 1 + int(np.argmax(spectrum[20:500])) + 19
        bins = np.array([spectrum[max(k * f0 - 3, 0) : k * f0 + 4].max() for k in (1, 2, 3)])
        told = (bins / (bins.max() + 1e-9)).astype(np.float32)
        noise = np.random.default_rng(int(1e6 * abs(clip.y[1000:1010]).sum())).normal(size=3).astype(np.float32)
        return VALUE
'''
PLANTS = {
    "truth": "told",
    "duplicate": "told",
    "half": "np.array([told[0], told[0], told[0]], dtype=np.float32)",
    "noise": "noise",
}
TEXT = """
dataset: {name: nsynth, protocol: seed}
features: {truth: {}, half: {}, noise: {}}
model: {dense_units: [16], embedding: 8, dropout: 0.0}
training: {epochs: 20, batch_size: 16, learning_rate: 1.0e-2, patience: null}
seeds: [1, 2]
plugins: [plugins]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with notes, plug-ins and an experiment; all its arms are trained in mode all."""
    folder = tmp_path_factory.mktemp("planted")
    families = ["bass", "flute", "reed"]
    write_part(folder / "data" / "nsynth-valid", names(families, list(range(6)), range(45, 75, 3)))
    write_part(folder / "data" / "nsynth-test", names(families, list(range(6)), range(46, 76, 6)))
    (folder / "plugins").mkdir()
    for name, value in PLANTS.items():
        text = PLUGIN.replace("NAME", name.title()).replace("PLANTED", name.title()).replace("VALUE", value)
        (folder / "plugins" / f"{name}.py").write_text(text)
    (folder / "planted.yaml").write_text(TEXT)
    command(folder, "ablate", "planted.yaml", "--mode", "all", "--data", "data")
    return folder


def ablate(place, *words, code=0):
    done = command(place, "ablate", "planted.yaml", "--data", "data", *words, code=code)
    return done if code else json.loads(done.stdout)


def reached(found, *features):
    return next(arm["mean"] for arm in found["arms"] if arm["features"] == sorted(features))


def test_all_subsets_show_what_each_feature_brings(place):
    found = ablate(place, "--mode", "all", "--json")
    assert len(found["arms"]) == 7
    assert reached(found, "truth") > 0.9
    assert reached(found, "noise") < 0.55
    assert reached(found, "noise") < reached(found, "half") < reached(found, "truth") + 0.01
    shares = {name: row["value"] for name, row in found["shapley"].items()}
    assert shares["truth"] > shares["half"] > shares["noise"]
    assert abs(shares["noise"]) < 0.12
    assert sum(shares.values()) == pytest.approx(reached(found, "truth", "half", "noise") - found["chance"])


def test_arms_are_results_and_not_trained_again(place):
    before = {path: path.stat().st_mtime_ns for path in place.glob("results/planted/*/seed-*/model.keras")}
    assert len(before) == 14
    found = ablate(place, "--json")
    assert {path: path.stat().st_mtime_ns for path in place.glob("results/planted/*/seed-*/model.keras")} == before
    assert [test["without"] for test in found["tests"]] == [["truth"], ["noise"], ["half"]] or len(found["tests"]) == 3
    costs = {test["without"][0]: test["difference"] for test in found["tests"]}
    assert costs["truth"] > 0.1 > abs(costs["noise"])
    assert next(test for test in found["tests"] if test["without"] == ["truth"])["p_holm"] < 0.05
    done = command(place, "run", "planted.yaml", "--data", "data", "--features", "truth", "--json")
    assert set(json.loads(done.stdout)["references"]) >= {"majority", "svm", "random_forest"}  # added, not trained


def test_alone_the_truth_is_as_good_as_all(place):
    found = ablate(place, "--mode", "only-one", "--json")
    less = {tuple(test["features"]): test["difference"] for test in found["tests"]}
    assert less["noise",] > less["half",] > less["truth",] - 0.01
    assert abs(less["truth",]) < 0.1


def test_masking_needs_no_training_and_says_the_same(place):
    before = set(place.glob("results/planted/*"))
    found = ablate(place, "--mode", "mask", "--json")
    costs = {test["without"][0]: test["difference"] for test in found["tests"]}
    assert costs["truth"] > 0.1 > abs(costs["noise"])
    assert set(place.glob("results/planted/*")) == before
    assert [arm["digest"] is None for arm in found["arms"]].count(True) == 3


def test_leaving_out_what_is_there_twice_costs_nothing(place):
    found = ablate(place, "--features", "truth,duplicate,noise", "--json")
    costs = {test["without"][0]: test["difference"] for test in found["tests"]}
    assert all(abs(cost) < 0.1 for cost in costs.values())


def test_sets_of_the_file(place):
    (place / "sets.yaml").write_text(TEXT + "ablation: [[truth], [noise, half]]\n")
    done = command(place, "ablate", "sets.yaml", "--data", "data", "--mode", "sets", "--json")
    assert [arm["features"] for arm in json.loads(done.stdout)["arms"]] == [
        ["half", "noise", "truth"],
        ["truth"],
        ["half", "noise"],
    ]


def test_what_is_written(place):
    done = command(place, "ablate", "planted.yaml", "--data", "data", "--mode", "all")
    folder = place / done.stdout.splitlines()[-1]
    assert all((folder / name).exists() for name in ("ablation.png", "shapley.png", "per_class.png", "ablation.json"))
    with (folder / "ablation.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 7
    command(place, "ablate", "planted.yaml", "--data", "data")
    assert not (folder / "shapley.png").exists()  # of another mode


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--mode", "some"), "--mode some: should be one of leave-one-out"),
        (("--mode", "sets"), "names no sets"),
        (("--features", "truth"), "needs at least two features"),
        (("--features", "truth,noise", "--set", "ablation=[[truht]]"), "did you mean 'truth'"),
        (("--set", "ablation=truth"), "should be a list of lists of features"),
    ],
)
def test_what_cannot_be_ablated_is_a_message(place, words, said):
    done = ablate(place, *words, code=2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def made(difference, p, low=None, high=None, mode="leave-one-out", tests=2):
    test = {
        "features": ["a"],
        "without": ["b"],
        "difference": difference,
        "low": low,
        "high": high,
        "p": p,
        "p_holm": p,
    }
    arm = {"features": ["a"], "mean": 0.4, "std": 0.01, "low": low, "high": high, "per_seed": [0.4, 0.41]}
    whole = {**arm, "features": ["a", "b"], "mean": 0.4 + difference}
    common = {"mode": mode, "metric": "accuracy", "chance": 0.1, "groups": 42, "shapley": {}, "per_class": {}}
    return {**common, "arms": [whole, arm], "tests": [test] * tests, "warnings": []}


@pytest.mark.parametrize(
    ("ablation", "said"),
    [
        (
            made(0.012, 0.11, -0.003, 0.029),
            "Leaving out b costs 1.2 points of accuracy (95 % interval -0.3 to 2.9, p = .11 after Holm): not shown to matter.",
        ),
        (
            made(-0.05, 0.01, -0.08, -0.02),
            "Leaving out b gains 5.0 points of accuracy (95 % interval 2.0 to 8.0, p = .010",
        ),
        (made(0.05, 0.01, 0.02, 0.08), "shown to matter on these 42 test groups."),
        (
            made(0.0, 1.0),
            "Leaving out b leaves accuracy as it is (no interval, p = 1 after Holm): not shown to matter.",
        ),
        (made(0.2, 0.001, 0.1, 0.3, mode="mask"), "Masking b costs 20.0 points"),
        (
            made(0.2, 0.3, 0.1, 0.3, mode="only-one"),
            "a alone reaches an accuracy of 40.0 %, 20.0 points less than both",
        ),
        (
            made(-0.2, 0.3, mode="only-one"),
            "20.0 points more than both features (no interval, p = .30 after Holm): not shown",
        ),
    ],
)
def test_sentences_say_what_the_numbers_say(ablation, said):
    assert said in plots.sentences(ablation)[0]


def test_shares_are_told_whatever_their_signs():
    rows = {"a": {"value": 0.3, "low": 0.2, "high": 0.4}, "b": {"value": -0.05, "low": None, "high": None}}
    text = plots.sentences({**made(0.1, 0.2, mode="all"), "shapley": rows})[-1]
    assert text == (
        "Of the 25.0 points of accuracy above chance, a brings 30.0 (95 % interval 20.0 to 40.0) and b -5.0 (no interval)."
    )


@pytest.mark.parametrize("count", [2, 31])
def test_figures_of_few_and_many_arms(tmp_path, count):
    random = np.random.default_rng(0)
    ablation = made(0.1, 0.2, 0.0, 0.2)
    for number in range(count):
        arm = {"features": [f"feature_{number}"] * (number % 4 + 1), "mean": random.random(), "std": 0.01}
        ablation["arms"].append({**arm, "low": 0.2, "high": 0.9, "per_seed": [0.4, 0.5]})
    ablation["per_class"] = {"b": {"bass": 0.1, "flute": -0.2}}
    plots.write(tmp_path, ablation)
    assert {path.name for path in tmp_path.iterdir()} == {"ablation.png", "per_class.png"}
