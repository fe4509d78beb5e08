"""Trained networks on distorted test clips: from the command line, and what is made of it."""

import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import soundfile

import fusion as package
from fusion.errors import FusionError
from fusion.report.stress_plot import plot_stress
from fusion.report.stress_sentences import comparison_rows, comparison_sentences, stress_rows, stress_sentences
from fusion.runtime.known_json import read_known
from fusion.studies.stress_summary import compare_stress
from tests.support.command import command
from tests.support.stress import made_up

KINDS = "noise=60:0,invert=0"


@pytest.fixture(scope="module")
def stressed(place, result, tmp_path_factory):
    """A folder with a copy of a result that was tested, and what was printed."""
    folder = tmp_path_factory.mktemp("stress")
    copy = folder / "results" / "small" / result.name
    shutil.copytree(result, copy)
    shutil.copy(place / "results" / "looks.jsonl", folder / "results")
    soundfile.write(folder / "room.wav", 0.9 ** np.arange(0, 400, 5.0), 8000)
    words = ("stress", copy, "--with", KINDS, "--impulse", "room.wav", "--levels", 1)
    return folder, copy, command(folder, *words).stdout


def content_of(copy):
    return read_known(copy / "stress.json")


@pytest.mark.long
def test_every_level_has_its_figure_its_change_and_each_features_shift(stressed):
    _, copy, out = stressed
    content = content_of(copy)
    metrics = json.loads((copy / "metrics.json").read_text())
    assert content["clean"]["per_seed"] == pytest.approx(metrics["test"]["accuracy"]["per_seed"])
    assert content["chance"] == pytest.approx(1 / 3)
    assert [kind["name"] for kind in content["distortions"]] == ["impulse", "noise", "invert"]
    mild, severe = content["distortions"][1]["levels"]
    assert (mild["level"], severe["level"], severe["silent"]) == (60, 0, 0)
    assert severe["change"]["difference"] == pytest.approx(severe["mean"] - content["clean"]["mean"])
    assert severe["lost"] == pytest.approx(-severe["change"]["difference"] / (content["clean"]["mean"] - 1 / 3))
    assert set(severe["shift"]) == {"mfcc", "spectral_centroid"}
    assert all(severe["shift"][name] > mild["shift"][name] > 0 for name in severe["shift"])
    assert out.splitlines()[-1] == str(copy)
    assert (
        "nearest to where noise costs a half" in " ".join(out.split())
        or content["distortions"][1]["half"]["position"] is None
    )


@pytest.mark.long
def test_clips_that_nothing_is_left_of_are_told_and_not_averaged_in(stressed):
    _, copy, out = stressed
    content = content_of(copy)
    (row,) = content["distortions"][2]["levels"]
    assert (row["clips"], row["silent"], row["mean"], row["change"], row["lost"]) == (0, content["clips"], *[None] * 3)
    assert f"silent: nothing is left of some clips, which are left out there: invert 0 ms ({content['clips']}" in (
        " ".join(out.split())
    )


@pytest.mark.long
def test_the_table_the_plot_and_the_page_are_there(stressed):
    folder, copy, _ = stressed
    with (copy / "stress.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    content = content_of(copy)
    assert [(row["distortion"], float(row["level"])) for row in rows] == [
        (kind["name"], row["level"]) for kind in content["distortions"] for row in kind["levels"]
    ]
    assert float(rows[1]["shift_mfcc"]) == pytest.approx(
        content["distortions"][1]["levels"][0]["shift"]["mfcc"], rel=1e-4
    )
    assert rows[-1]["mean"] == ""
    assert (copy / "stress.png").read_bytes().startswith(b"\x89PNG")
    assert "breaks the network first" in (copy / "stress.html").read_text() or content["clean"]["mean"] <= 1 / 3
    (copy / "stress.html").unlink()
    command(folder, "report", copy)
    assert (copy / "stress.html").is_file()


@pytest.mark.long
def test_a_second_time_nothing_is_extracted_and_the_look_counts_once(stressed):
    folder, copy, _ = stressed
    before = {path: path.stat().st_mtime_ns for path in (folder / ".fusion").rglob("*.npy")}
    first = content_of(copy)
    words = ("stress", copy, "--with", KINDS, "--impulse", "room.wav", "--levels", 1, "--json")
    again = json.loads(command(folder, *words).stdout)
    assert again == first
    assert {path: path.stat().st_mtime_ns for path in (folder / ".fusion").rglob("*.npy")} == before
    looks = [json.loads(line) for line in (folder / "results" / "looks.jsonl").read_text().splitlines()]
    own = [look for look in looks if look["digest"] == copy.name]
    assert len(own) == 4  # two seeds, each as it is and distorted
    assert first["looks"] >= 4
    assert sum(look["training"].endswith(" distorted") for look in own) == 2


@pytest.mark.long
def test_two_results_stand_side_by_side(stressed, monkeypatch):
    folder, copy, _ = stressed
    other = copy.with_name("0123456789ab")
    shutil.copytree(copy, other)
    metrics = json.loads((other / "metrics.json").read_text())
    shutil.copytree(other / "seed-1", other / "seed-2", dirs_exist_ok=True)
    monkeypatch.chdir(folder)
    for level in (True, [True]):
        with pytest.raises(FusionError, match="noise should have a level"):
            package.stress(copy, kinds={"noise": level})
    table = package.stress(copy, other, kinds={"noise": [20]}, jobs=1, seeds=[1])
    assert table.content["breaks"][0]["first"] is None  # the same network
    assert all(test["difference"] == 0 for test in table.content["tests"])
    assert (copy / f"stress-{other.name}.json").is_file()
    assert list(table.table()["distortion"]) == ["noise", "noise"]
    assert metrics["digest"] == copy.name


@pytest.mark.long
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--with", "nois"], "did you mean 'noise'"),
        (["--with", "noise=loud"], "levels are numbers"),
        (["--with", "noise,noise"], "named twice"),
        (["--with", "noise=1000"], "levels go from -40 to 120 dB"),
        (["--levels", "9"], "from 1 to 6"),
        (["--impulse", "absent.wav", "--with", "noise=20"], "absent.wav"),
        (["--data", "nowhere", "--with", "noise=20"], "name the folder of its data with --data"),
        (["--data", "nsynht=nowhere", "--with", "noise=20"], "--data nsynht=nowhere: nsynth alone is used here"),
        (
            ["--data", "nsynth=a", "--data", "irmas=b", "--with", "noise=20"],
            "--data irmas=b: nsynth alone is used here",
        ),
    ],
)
def test_wrong_words_are_a_message(stressed, words, said):
    folder, copy, _ = stressed
    done = command(folder, "stress", copy, *words, code=2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_folds_test_their_own_clips_and_other_data_are_refused(many, stressed, tmp_path):
    spec = "dataset: {name: nsynth, protocol: cv, folds: 2}\nfeatures: {mfcc: {n_mfcc: 8}}\nseeds: [1]\n"
    spec += "model: {conv_filters: [8], dense_units: [8], embedding: 8}\ntraining: {epochs: 3, batch_size: 16}\n"
    (tmp_path / "folds.yaml").write_text(spec)
    done = command(tmp_path, "run", "folds.yaml", "--data", many)
    result = tmp_path / done.stdout.splitlines()[-1]
    found = json.loads(command(tmp_path, "stress", result, "--with", "level=-0.01", "--json").stdout)
    metrics = json.loads((result / "metrics.json").read_text())
    assert found["clips"] == metrics["clips"]["test"]
    assert found["clean"]["per_seed"] == pytest.approx(metrics["test"]["accuracy"]["per_seed"])
    assert found["distortions"][0]["levels"][0]["mean"] == pytest.approx(found["clean"]["mean"], abs=0.1)
    words = ("stress", stressed[1], result, "--with", "noise=20")
    assert "not on the same test clips" in command(stressed[0], *words, code=2).stderr


def test_what_is_lost_is_a_share_of_the_advantage_over_chance():
    _, _, content = made_up("a" * 12, [12, 12, 9, 6])
    (kind,) = content["distortions"]
    assert kind["trained"] is True
    assert [row["lost"] for row in kind["levels"]] == pytest.approx([0, 0.5, 1])
    assert (kind["half"]["level"], kind["half"]["position"]) == pytest.approx((30, 2))
    assert kind["tenth"]["level"] == pytest.approx(38)
    assert content["warnings"][0] == "sample: x"
    assert not [text for text in content["warnings"] if text.startswith("below-reference")]
    assert stress_rows(content) == [("noise", "38 dB", "30 dB", "1.00 0.75 0.50", "yes")]
    assert "noise" in " ".join(stress_sentences(content))


def test_silent_clips_are_compared_on_those_that_are_left():
    left = np.arange(12) < 6  # all of them right, and right before
    _, _, content = made_up("a" * 12, [12, 6], {1: left})
    (row,) = content["distortions"][0]["levels"]
    assert (row["clips"], row["silent"], row["mean"], row["change"]["difference"]) == (6, 6, 1, 0)


def test_no_advantage_is_told_and_nothing_is_lost_of_it():
    _, _, content = made_up("a" * 12, [5, 3])
    assert content["distortions"][0]["levels"][0]["lost"] is None
    assert content["distortions"][0]["half"] == dict.fromkeys(("earliest", "latest")) | {
        "level": None,
        "position": None,
    }
    assert [text for text in content["warnings"] if text.startswith("no-advantage:")]
    assert stress_rows(content)[0][1] == "unknown"


def test_the_one_that_loses_a_half_at_a_milder_level_breaks_first():
    first, second = made_up("a" * 12, [12, 10, 6, 6]), made_up("b" * 12, [12, 12, 12, 6])
    comparison = compare_stress(first, second)
    assert [test["difference"] for test in comparison["tests"]] == pytest.approx([0, -1 / 6, -1 / 2, 0])
    assert comparison["breaks"][0]["first"] is None  # two groups a class have intervals that overlap
    comparison["tests"][2] |= {"p": 0.001, "p_holm": 0.004}  # a better figure at one level is another question
    assert "Neither is shown to break first with noise." in comparison_sentences(comparison)
    assert comparison_rows(comparison)[0][-1] == ""
    half = [outcome[2]["distortions"][0]["half"] for outcome in (first, second)]
    half[0] |= {"earliest": {"level": 35.0, "position": 1.5}, "latest": {"level": 25.0, "position": 2.5}}
    half[1] |= {"earliest": {"level": 24.0, "position": 2.6}, "latest": {"level": None, "position": None}}
    for order in (1, -1):
        comparison = compare_stress(*(first, second)[::order])
        assert comparison["breaks"][0]["first"] == "a" * 12
        assert "aaaaaaaaaaaa breaks first with noise." in comparison_sentences(comparison)
        assert comparison_rows(comparison)[0][-1] == "a" * 12
    half[1]["earliest"] = {"level": None, "position": None}
    assert compare_stress(first, second)["breaks"][0]["first"] == "a" * 12
    half[0]["latest"] = {"level": None, "position": None}
    assert compare_stress(first, second)["breaks"][0]["first"] is None
    assert len(plot_stress(comparison["results"]).axes) == 1
    without = compare_stress(first, made_up("c" * 12, [5, 5, 5, 5]))
    assert without["breaks"][0]["first"] is None  # it has nothing to lose
    alike = compare_stress(first, (replace(first[0], name="x"), *first[1:]))
    assert alike["breaks"][0]["first"] is None


def test_what_is_lost_by_chance_alone_is_told_to_be():
    _, _, content = made_up("a" * 12, [12, 6])
    row = content["distortions"][0]["levels"][0]
    row["change"] |= {"p": 0.3, "p_holm": 0.3}
    answer, *rest = stress_sentences(content)
    assert answer.endswith("; no level of it is shown to cost more than chance.")
    assert "No level of any distortion is shown to cost anything, after Holm." in rest
    row["change"] |= {"p": 0.001, "p_holm": 0.001, "difference": 0.2}  # a gain
    assert "No level of any distortion is shown to cost anything, after Holm." in stress_sentences(content)
    row["change"]["difference"] = -0.5
    assert "; no level of it" not in stress_sentences(content)[0]
