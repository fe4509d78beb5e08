"""Learning curves: fewer training groups on the same test, from the command line and from Python, and what is said."""

import csv
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import fusion as package
from fusion.errors import FusionError
from fusion.report.curve_sentences import EXTRAPOLATION, curve_sentences
from fusion.runtime.known_json import read_known
from fusion.studies.curve import _halves
from fusion.studies.curve_summary import summarise_curve
from tests.support.command import command
from tests.support.curves import made_up

pytestmark = pytest.mark.long

SPEC = """
dataset: {name: nsynth}
features: {mfcc: {n_mfcc: 8}}
model: {conv_filters: [8], dense_units: [8], embedding: 8}
training: {epochs: 3, batch_size: 16, learning_rate: 1.0e-2}
seeds: [1, 2]
"""


@pytest.fixture(scope="module")
def grown(many, tmp_path_factory):
    """A folder with a curve of 3, 5 and all 9 training groups, and what was printed."""
    folder = tmp_path_factory.mktemp("curve")
    (folder / "grown.yaml").write_text(SPEC)
    done = command(folder, "curve", "grown.yaml", "--data", many, "--groups", "5, 3")
    return folder, done.stdout


def test_every_point_is_an_ordinary_result_on_the_same_test(grown):
    folder, out = grown
    result = folder / out.splitlines()[-1]
    curve = json.loads((result / "curve.json").read_text())
    (arm,) = curve["arms"]
    assert (curve["experiment"], arm["name"], arm["metric"], arm["test_groups"]) == ("grown", "grown", "accuracy", 3)
    assert [point["groups"] for point in arm["points"]] == [3, 5, 9]
    clips, groups = [], []
    for point in arm["points"]:
        own = result.parent / point["digest"]
        metrics = json.loads((own / "metrics.json").read_text())
        assert metrics["test"]["accuracy"]["per_seed"] == pytest.approx(point["per_seed"])
        assert metrics["groups"]["train"] == point["groups"]
        assert set(metrics["class_groups"]["train"]) == {"bass", "flute", "reed"}
        assert list(metrics["references"]) == ["majority"]
        predictions = pd.read_csv(own / "predictions.csv")
        clips.append(predictions[["clip", "group", "seed", "true"]])
        groups.append((metrics["clips"]["validation"], metrics["clips"]["test"]))
    assert all(table.equals(clips[0]) for table in clips)
    assert len(set(groups)) == 1
    assert [point["clips"] for point in arm["points"]] == [15, 25, 45]
    assert curve["looks_experiments"] == 3
    assert curve["looks"] == 3 * len(arm["points"][0]["per_seed"])
    assert f"were scored {curve['looks']} times" in " ".join(out.split())
    assert result.name == arm["points"][-1]["digest"]  # all groups: what `fusion run` gives


def test_steps_and_the_line_follow_from_the_points(grown):
    folder, out = grown
    result = folder / out.splitlines()[-1]
    curve = json.loads((result / "curve.json").read_text())
    means = [point["mean"] for point in curve["arms"][0]["points"]]
    assert [step["difference"] for step in curve["steps"]] == pytest.approx(np.diff(means))
    assert [step["groups"] for step in curve["steps"]] == [[3, 5], [5, 9]]
    assert curve["steps"][1]["a_doubling"] == pytest.approx((means[2] - means[1]) / np.log2(9 / 5))
    (fit,) = curve["fits"]
    assert fit["slope"] == pytest.approx(np.polyfit(np.log2([3, 5, 9]), means, 1)[0])
    assert fit["ahead"]["groups"] == 18
    assert curve["tests"] == []
    with (result / "curve.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["arm"], row["groups"]) for row in rows] == [("grown", "3"), ("grown", "5"), ("grown", "9")]
    assert [float(row["mean"]) for row in rows] == pytest.approx(means, abs=1e-6)
    assert (result / "curve.png").read_bytes().startswith(b"\x89PNG")
    text = " ".join(out.split())
    assert "Doubling the training groups brought" in text
    assert "The last step, from 5 to 9, brought" in text
    assert EXTRAPOLATION in text
    assert "! few-groups: only 3 test instruments" in text


def test_the_same_command_trains_nothing(grown, many):
    folder, out = grown
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("model.keras")}
    assert len(before) == 6
    done = command(folder, "curve", "grown.yaml", "--data", many, "--groups", "3,5,9", "--json")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("model.keras")} == before
    assert json.loads(done.stdout) == read_known(folder / out.splitlines()[-1] / "curve.json")


@pytest.mark.slow
def test_each_arm_of_a_study_has_a_curve(many, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec = {
        "name": "both",
        "dataset": {"name": "nsynth", "subset_seed": 2},
        "features": {"zero_crossing_rate": {}},
        "model": {"dense_units": [4], "embedding": 4},
        "training": {"epochs": 1},
        "seeds": [1],
        "arms": {"one": {}, "two": {"model": {"embedding": 8}}},
    }
    table = package.curve(spec, groups=[3], data=many, jobs=1)
    rows = table.table()
    assert list(zip(rows["arm"], rows["groups"], strict=True)) == [("one", 3), ("one", 9), ("two", 3), ("two", 9)]
    assert table.folder.as_posix() == f"results/both/{table.content['digest']}"
    assert read_known(table.folder / "curve.json") == table.content
    digests = {path.parent.name for path in tmp_path.glob("results/both.*/*/metrics.json")}
    assert digests == set(rows["digest"])
    assert [text.split(":")[0] for text in table.content["warnings"]].count("few-points") == 2
    spec["dataset"]["subset_seed"] = 1
    whole = package.run({**{key: spec[key] for key in spec if key != "arms"}, "name": "both.one"}, data=many, jobs=1)
    assert whole.folder.name == rows["digest"][1]  # all groups are the same ones by whatever seed


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--groups", "3,x"), "--groups 3,x: should be numbers of training groups, as in 9,18,36"),
        (("--groups", ""), "--groups : should be numbers of training groups"),
        (("--groups", "0"), "--groups 0: should be numbers of training groups"),
        (("--groups", "-4"), "--groups -4: should be numbers of training groups"),
        (("--groups", "4,5,4"), "--groups 4,5,4: each number once"),
        (("--groups", "2"), "--groups 2: quick (nsynth, protocol official) has 9 training groups of 3 classes; take 3"),
        (("--groups", "4,10"), "--groups 10: quick (nsynth, protocol official) has 9 training groups of 3 classes"),
        (("--set", "dataset.train_groups=2"), "dataset.train_groups: 2 of 9 training groups have no clip of"),
        (("--set", "dataset.train_groups=3"), "and fewer would not have every class: there is no curve"),
        (("--set", "dataset.train_groups=0"), "dataset.train_groups: "),
    ],
)
def test_mistakes_are_one_message(fusion, experiment, many, words, message):
    code, out, err = fusion("curve", experiment, "--data", many, "--set", "dataset={name: nsynth}", *words)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_what_a_study_cannot_have_a_curve_of_is_said(fusion, experiment, many):
    experiment.write_text(experiment.read_text() + "arms:\n  a: {}\n  b: {training: {pretrain: a}}\n")
    code, _, err = fusion("curve", experiment, "--data", many, "--features", "mfcc")
    assert (code, "--features mfcc: a study's arms name their features themselves" in err) == (2, True)
    code, _, err = fusion("curve", experiment, "--data", many, "--set", "dataset={name: nsynth}")
    assert (code, "arms.b: starts from the networks of a" in err) == (2, True)


@pytest.mark.parametrize(
    ("everything", "classes", "sizes"),
    [
        (953, 11, [60, 119, 238, 476, 953]),  # NSynth's; no more than five
        (72, 9, [18, 36, 72]),  # two of a class
        (50, 11, [12, 25, 50]),  # one of a class, for a line
        (42, 11, [15, 21, 30, 42]),  # smaller steps
        (12, 11, [12]),
    ],
)
def test_points_are_halves_of_halves_where_that_leaves_a_line(everything, classes, sizes):
    assert sorted(_halves(everything, classes)) == sizes


# What is said of made-up points


def said(shares, tmp_path, **options):
    return curve_sentences(summarise_curve("x", {"x": made_up(shares, tmp_path, **options)}))


def test_a_curve_that_grows_is_said_to(tmp_path):
    slope, last, bend, ahead, trust = said({9: 0.3, 18: 0.4, 36: 0.5, 72: 0.6}, tmp_path)
    assert slope.startswith("Doubling the training groups brought +")
    assert slope.endswith("more than chance.")
    assert last.startswith("The last step, from 36 to 72, brought +")
    assert "no bend is shown" in bend
    assert ahead.startswith("With 144 training groups, where nothing was measured, the line has ")
    assert trust == EXTRAPOLATION


def test_a_curve_that_flattens_promises_too_much(tmp_path):
    *_, bend, ahead, _ = said({9: 0.2, 18: 0.5, 36: 0.7, 72: 0.6}, tmp_path)
    assert "the curve flattens, and the line promises too much" in bend
    assert ahead.endswith("less is likely, since the last step brought less than the line has.")


def test_bends_of_several_arms_are_adjusted_for_one_another(tmp_path):
    arms = {name: made_up({9: 0.2, 18: 0.5, 36: 0.7, 72: 0.6}, tmp_path / name) for name in "ab"}
    first, second = (fit["bend"] for fit in summarise_curve("x", arms)["fits"])
    assert first["p_holm"] == second["p_holm"] == pytest.approx(2 * first["p"])


def test_a_bend_that_is_not_shown_is_no_reason_for_caution(tmp_path):
    *_, bend, ahead, _ = said({9: 0.3, 18: 0.41, 36: 0.5, 72: 0.59}, tmp_path)
    assert "no bend is shown" in bend
    assert "less is likely" not in ahead


def test_a_line_above_everything_cannot_go_on(tmp_path):
    assert any(
        "above 100 % of accuracy, so it cannot go on" in text for text in said({9: 0.2, 18: 0.6, 36: 1}, tmp_path)
    )


def test_one_seed_has_no_interval_and_two_points_no_line(tmp_path):
    slope, *_ = said({9: 0.3, 18: 0.4, 36: 0.5}, tmp_path, seeds=(1,))
    assert "no interval and no p: one seed: how much seeds vary cannot be known" in slope
    (last,) = said({9: 0.3, 20: 0.4}, tmp_path)
    assert " a doubling (" in last


def test_slopes_of_arms_are_compared_where_the_test_is_the_same(tmp_path):
    steep, flat = made_up({9: 0.3, 18: 0.5, 36: 0.7}, tmp_path), made_up({9: 0.5, 18: 0.5, 36: 0.5}, tmp_path)
    other = made_up({9: 0.3, 18: 0.4, 36: 0.5}, tmp_path, prefix="other")
    curve = summarise_curve("x", {"flat": flat, "steep": steep, "other": other})
    (test,) = curve["tests"]
    slopes = {fit["arm"]: fit["slope"] for fit in curve["fits"]}
    assert (test["arm"], test["before"]) == ("steep", "flat")
    assert test["difference"] == pytest.approx(slopes["steep"] - slopes["flat"])
    assert test["low"] > 0
    assert len(curve["steps"]) == 6
    assert all(step["p_holm"] >= step["p"] for step in curve["steps"])
    assert any(text.startswith("A doubling brings steep +") for text in curve_sentences(curve))
    assert "did-not-converge: 1 trainings of flat with 9 training groups" in "".join(curve["warnings"])


@pytest.mark.parametrize(("known", "told"), [((4, 9, 18), True), ((18, 18, 18), False), ((0, 0, 0), False)])
def test_a_test_that_grows_easier_with_the_training_groups_is_told(tmp_path, known, told):
    points = made_up({9: 0.3, 18: 0.4, 36: 0.5}, tmp_path)
    points = [replace(point, known=count) for point, count in zip(points, known, strict=True)]
    warnings = summarise_curve("x", {"x": points})["warnings"]
    assert any("training of x knows 4, 9, 18 of its test groups" in text for text in warnings) == told


def test_points_on_other_clips_are_refused(tmp_path):
    first, second, third = made_up({9: 0.3, 18: 0.4, 36: 0.5}, tmp_path)
    fewer = dict(list(second.predictions.clips.items())[1:])
    moved = replace(second.predictions, clips=fewer, predicted=second.predictions.predicted[:, 1:])
    with pytest.raises(FusionError, match="not on the same test clips"):
        summarise_curve("x", {"x": [first, replace(second, predictions=moved), third]})
