"""Studies: how arms are read, what is run and tested, and that no sentence of the report is false."""

import copy
import json
from pathlib import Path

import pytest
from conftest import command

from fusion.errors import FusionError
from fusion.report import study as page
from fusion.spec.study import is_study, read_study

TEXT = """
question: Does fusion help?
dataset: {name: nsynth, protocol: seed}
features: {mfcc: {n_mfcc: 12}, spectral_centroid: {}, zero_crossing_rate: {}}
model: {conv_filters: [8], dense_units: [8], embedding: 8}
training: {epochs: 3, batch_size: 16}
seeds: [1]
arms:
  mfcc:
    features: [mfcc]
  naive:
    model: {preset: naive}
  fused:
    before: mfcc
  started:
    training: {pretrain: fused, learning_rate: 1.0e-3}
  music:
    dataset: {name: irmas, protocol: single}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(TEXT)
    return path


def test_arms_change_the_base(file):
    study = read_study(file, assignments=["training.epochs=7"], seeds=[4])
    arms = {arm.name: arm for arm in study.arms}
    assert (study.name, study.question, study.datasets) == ("small", "Does fusion help?", ("nsynth", "irmas"))
    assert list(arms["mfcc"].experiment.features) == ["mfcc"]
    assert arms["mfcc"].experiment.features["mfcc"].n_mfcc == 12  # the base's
    assert arms["naive"].experiment.model.preset == "naive"
    assert arms["fused"].experiment.model.conv_filters == (8,)
    assert arms["fused"].before == "mfcc"
    assert arms["started"].source == "fused"
    assert arms["started"].experiment.training.batch_size == 16
    assert arms["music"].experiment.dataset.name == "irmas"  # nothing of the base's data set
    assert all(arm.experiment.training.epochs == 7 and arm.experiment.seeds == (4,) for arm in study.arms)
    assert arms["mfcc"].experiment.name == "small.mfcc"


def test_a_study_is_known_by_its_arms(file, experiment):
    assert is_study(file)
    assert not is_study(experiment)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("before: mfcc", "before: mfc", "small.yaml:14: arms.fused.before: no arm 'mfc' above; did you mean 'mfcc'?"),
        ("before: mfcc", "befor: mfcc", "arms.fused.befor: no such part of an arm; did you mean 'before'?"),
        ("preset: naive", "preset: nave", "small.yaml:12: model.preset: should be one of fusion, seed, naive"),
        ("[mfcc]", "[mfc]", "features.mfc: no such feature"),
        ("    model: {preset: naive}", "    - 3", "arms.naive: an arm is a name"),
        ("question: Does fusion help?", "question: 3", "question: should be text"),
    ],
)
def test_mistakes_of_arms_are_named_with_their_line(file, old, new, said):
    file.write_text(TEXT.replace(old, new))
    with pytest.raises(FusionError) as error:
        read_study(file)
    assert said in str(error.value)


def test_the_study_of_the_follow_up_is_whole():
    study = read_study(Path(__file__).parent.parent / "experiments" / "irmas_followup.yaml")
    names = [arm.name for arm in study.arms]
    assert names[:5] == [
        "course_known_notes",
        "course_unknown_notes",
        "course_music_folds",
        "course_music",
        "naive_fusion",
    ]
    assert {"mfcc", "tonnetz", "scalars", "fused", "fused_mixed", "fused_mixed_pretrained"} <= set(names)


@pytest.fixture(scope="module")
def ran(nsynth, tmp_path_factory):
    """A folder where a study of four arms was run, and what it printed."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "small.yaml").write_text(TEXT.split("  music:")[0])
    done = command(folder, "run", "small.yaml", "--data", nsynth, "--jobs", 2, "--paper")
    return folder, done


def test_a_study_runs_its_arms_and_tests_its_steps(ran):
    folder, done = ran
    place = folder / done.stdout.splitlines()[-1]
    study = json.loads((place / "study.json").read_text())
    assert [arm["name"] for arm in study["arms"]] == ["mfcc", "naive", "fused", "started"]
    assert [(test["arm"], test["before"]) for test in study["tests"]] == [
        ("naive", "mfcc"),
        ("fused", "mfcc"),
        ("started", "fused"),
    ]
    assert all(test["p"] <= test["p_holm"] <= 1 for test in study["tests"])
    for arm in study["arms"]:
        assert (folder / "results" / f"small.{arm['name']}" / arm["digest"] / "metrics.json").exists()
    text = (place / "report.html").read_text()
    assert "Does fusion help?" in text
    assert text.count("data:image/png") == 4
    assert 'src="http' not in text
    assert {path.name for path in (place / "paper").iterdir()} == {
        *("arms.csv", "arms.tex", "steps.csv", "steps.tex"),
        *("gap.pdf", "curves.pdf", "steps.pdf", "confusions.pdf"),
    }


def test_a_study_that_is_whole_trains_nothing(ran, nsynth):
    folder, done = ran
    networks = {path: path.stat().st_mtime_ns for path in folder.glob("results/*/*/seed-*/model.keras")}
    again = command(folder, "run", "small.yaml", "--data", nsynth)
    assert again.stdout.splitlines()[-1] == done.stdout.splitlines()[-1]
    assert {path: path.stat().st_mtime_ns for path in folder.glob("results/*/*/seed-*/model.keras")} == networks


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--data", "x"), "several data sets are used; write nsynth=DIR, irmas=DIR"),
        (("--features", "mfcc"), "a study's arms name their features"),
        (("--data", "irmas=nowhere", "--data", "nsynth=nowhere"), "NSynth is not there"),
    ],
)
def test_options_that_do_not_fit_a_study_are_messages(file, fusion, words, said):
    code, _, err = fusion("run", file, *words)
    assert code == 2
    assert said in err


def test_paper_is_for_studies(experiment, fusion):
    code, _, err = fusion("run", experiment, "--paper")
    assert code == 2
    assert "--paper: for a study" in err


def arm(name, train, test, warnings=(), **more):
    figure = {"mean": test, "std": 0.01, "low": test - 0.05, "high": test + 0.05, "per_seed": [test, test]}
    of = {"accuracy": figure, "macro_f1": figure}
    common = {"dataset": "irmas", "protocol": "single", "features": ["mfcc"], "model": "fusion", "classes": ["a", "b"]}
    sizes = {split: 10 for split in ("train", "validation", "test")}
    parts = {"clips": sizes, "groups": sizes, "seeds": [1, 2], "confusion": [[3, 1], [1, 3]], "references": {"svm": of}}
    train = {"accuracy": {**figure, "mean": train}, "macro_f1": figure}
    return {
        "name": name,
        **common,
        **parts,
        "train": train,
        "test": of,
        "warnings": list(warnings),
        "digest": name,
        **more,
    }


def made(difference, p, gap=(0.9, 0.9)):
    first, second = arm("one", gap[0], 0.5), arm("two", gap[1], 0.5 + difference)
    test = {"arm": "two", "before": "one", "metric": "accuracy", "difference": difference, "p": p, "p_holm": p}
    test |= {"low": difference - 0.1, "high": difference + 0.1}
    data = {"irmas": {"folder": "music", "rendered": True}}
    return {"study": "s", "question": "?", "sample": False, "data": data, "arms": [first, second], "tests": [test]}


@pytest.mark.parametrize(
    ("difference", "p", "said"),
    [
        (
            0.05,
            0.01,
            "two is 5.0 points of accuracy above one (95 % interval -5.0 to +15.0, p = 0.010 after Holm): more than chance.",
        ),
        (-0.05, 0.01, "two is 5.0 points of accuracy below one"),
        (0.05, 0.5, ": not shown to differ."),
        (0.0, 1.0, "two is as good as one"),
    ],
)
def test_steps_are_told_as_they_are(difference, p, said):
    study = made(difference, p)
    assert said in page.step_sentence(study["tests"][0])
    sure, unsure = page.shown(study)
    assert len(sure) == (p < 0.05)
    assert any("rendered practice data" in text for text in unsure)


@pytest.mark.parametrize(("after", "said"), [(0.95, "widens"), (0.8, "narrows"), (0.9, "stays as wide")])
def test_gaps_are_told_as_they_are(after, said):
    (sentence,) = page.gap_sentences(made(0.0, 1.0, gap=(0.9, after)))
    assert said in sentence


def test_published_results_stand_beside_ours_on_the_real_test_alone():
    study = made(0.1, 0.5)
    real = {"protocol": "official", "clips": {"test": 2874}, "groups": {"test": 208}}
    study["arms"][1] |= real
    study["arms"][1]["test"] = {"micro_f1": {"mean": 0.6}, "macro_f1": {"mean": 0.5}}
    assert page.published(study) == []  # rendered
    study["data"]["irmas"]["rendered"] = False
    assert len(page.published(study)) == 5
    sample = copy.deepcopy(study)
    sample["sample"] = True
    assert page.published(sample) == []


def test_trainings_that_failed_are_in_the_page(tmp_path):
    study = made(-0.3, 0.2)
    study["arms"][1]["warnings"] = ["did-not-converge: seed 1: training loss 2.3 is above; likely because"]
    folders = {}
    for name in ("one", "two"):
        folders[name] = tmp_path / name
        folders[name].mkdir()
        (folders[name] / "history.csv").write_text(
            "seed,epoch,loss,accuracy,val_loss,val_accuracy\n1,1,2,0.1,2,0.1\n1,2,1,0.3,2,0.1\n"
        )
    page.write(tmp_path, study, folders)
    text = (tmp_path / "report.html").read_text()
    assert "two: did-not-converge: seed 1" in text
    assert "1 of 2 did not converge" in text
    assert "No step differs from the one before by more than chance." in text
