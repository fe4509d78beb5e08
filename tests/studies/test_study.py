"""Studies: what is run and tested, and what the report says of numbers going either way."""

import csv
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from fusion.api.results import recompute
from fusion.datasets.irmas import IRMAS
from fusion.report import study_page as page
from fusion.report import study_plots as plots
from fusion.report.study_sentences import answer, conclusions, gap_sentences, step_sentence
from fusion.report.study_tables import arms_table, published_table, short_table, steps_table, study_warnings
from fusion.runtime.known_json import read_known
from tests.support.command import command

# Running

TINY = """question: Does fusing help with these notes?
answered_by: [fused]
dataset: {name: nsynth, protocol: course}
features: {mfcc: {n_mfcc: 8}, spectral_centroid: {statistics: [mean, std]}}
model: {conv_filters: [8], dense_units: [8], embedding: 8}
training: {epochs: 3, batch_size: 16}
seeds: [1, 2]
arms:
  alone: {features: [mfcc]}
  fused:
  naive: {model: {preset: naive}, before: alone}
"""


@pytest.fixture(scope="module")
def tiny(nsynth, tmp_path_factory):
    """A folder with a study that has been run once, and what was printed."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "tiny.yaml").write_text(TINY)
    (folder / "out.txt").write_text(command(folder, "run", "tiny.yaml", "--data", nsynth, "--paper").stdout)
    return folder


def test_an_arm_with_more_seeds_than_asked_for_is_a_warning(tiny, nsynth, tmp_path):
    place = Path(shutil.copytree(tiny, tmp_path / "copy"))
    said = command(place, "run", "tiny.yaml", "--data", nsynth, "--seeds", "1").stdout
    study = read_known(place / said.splitlines()[-1] / "study.json")
    for arm in study["arms"]:
        assert f"other-seeds: {arm['name']} has the seeds 1, 2, asked for: 1" in arm["warnings"]
    folder = place / said.splitlines()[-1]
    recompute(folder)
    assert read_known(folder / "study.json")["arms"] == study["arms"]
    study["arms"][0]["seeds"] = [2]
    page.write(
        folder, study, {arm["name"]: folder.parents[1] / f"tiny.{arm['name']}" / arm["digest"] for arm in study["arms"]}
    )
    text = (folder / "report.html").read_text()
    assert f"seeds {study['arms'][0]['name']}: 2; {study['arms'][1]['name']}: 1, 2" in text
    assert "--seeds 2," in text


@pytest.mark.long
def test_arms_on_other_clips_are_not_compared_and_that_is_told(nsynth, tmp_path):
    arms = "arms:\n  all: {}\n  some: {before: all, dataset: {families: [bass, flute]}}\n"
    (tmp_path / "other.yaml").write_text(f"{TINY.split('arms:')[0].replace('answered_by: [fused]', '')}{arms}")
    words = ("run", "other.yaml", "--data", nsynth, "--seeds", "1", "--set", "training.epochs=1")
    said = command(tmp_path, *words).stdout
    study = read_known(tmp_path / said.splitlines()[-1] / "study.json")
    assert study["tests"] == []
    (warning,) = [text for text in study["arms"][1]["warnings"] if text.startswith("other-clips:")]
    assert "some has other test clips than all" in warning
    assert "some has other test clips than all" in " ".join(said.split())


@pytest.mark.long
def test_what_a_finished_arm_started_from_is_not_needed_to_stress_it(nsynth, tmp_path, monkeypatch):
    arms = "arms:\n  a: {}\n  b: {training: {pretrain: a}}\n"
    (tmp_path / "start.yaml").write_text(f"{TINY.split('arms:')[0].replace('answered_by: [fused]', '')}{arms}")
    command(tmp_path, "run", "start.yaml", "--data", nsynth, "--seeds", "1", "--set", "training.epochs=1")
    (pretrained,) = (tmp_path / "results" / "start.b").iterdir()
    shutil.rmtree(tmp_path / "results" / "start.a")
    (tmp_path / "elsewhere").mkdir()
    said = command(tmp_path / "elsewhere", "stress", pretrained, "--with", "noise=20", "--data", nsynth).stdout
    assert said.splitlines()[-1] == str(pretrained)


def outcome(tiny):
    return tiny / (tiny / "out.txt").read_text().splitlines()[-1]


def test_a_study_from_its_file_to_its_figures(tiny, nsynth):
    folder = outcome(tiny)
    study = read_known(folder / "study.json")
    keys = ["study", "question", "answered_by", "digest", "sample", "data", "arms", "tests", "known_groups"]
    assert (list(study), study["answered_by"]) == (keys, ["fused"])
    assert (study["study"], study["sample"], folder.name) == ("tiny", False, study["digest"])
    assert study["data"] == {"nsynth": {"folder": str(nsynth), "rendered": False, "published": {}}}
    assert [arm["name"] for arm in study["arms"]] == ["alone", "fused", "naive"]
    assert [arm["features"] for arm in study["arms"]] == [["mfcc"], *[["mfcc", "spectral_centroid"]] * 2]
    for arm in study["arms"]:
        metrics = json.loads((tiny / "results" / f"tiny.{arm['name']}" / arm["digest"] / "metrics.json").read_text())
        assert metrics["test"] == arm["test"]
        assert arm["seeds"] == [1, 2]
    assert [(test["arm"], test["before"]) for test in study["tests"]] == [("fused", "alone"), ("naive", "alone")]
    scores = {arm["name"]: arm["test"]["accuracy"]["mean"] for arm in study["arms"]}
    low = min(test["p"] for test in study["tests"])
    for test in study["tests"]:
        fixed = ["arm", "before", "metric", "difference", "low", "high", "p", "se_groups", "se_seeds", "df", "p_holm"]
        assert list(test) == fixed
        assert test["difference"] == pytest.approx(scores[test["arm"]] - scores["alone"])
        assert test["p_holm"] == pytest.approx(min(1, 2 * low if test["p"] == low else max(2 * low, test["p"])))


def test_its_report_stands_alone(tiny):
    text = (outcome(tiny) / "report.html").read_text()
    assert "Does fusing help with these notes?" in text
    assert not re.findall(r'(?:src|href)="(?!data:|#|https://fusion-mir|\.\./\.\./tiny\.)', text)
    assert text.count('<svg role="img" aria-label="') == 4
    pages = re.findall(r'href="(\.\./\.\./[^"]+)"', text)
    assert len(pages) == 3
    assert all((outcome(tiny) / page).is_file() for page in pages)


def test_its_paper_files(tiny):
    paper = outcome(tiny) / "paper"
    files = {f"{name}.{end}" for name in ("arms", "steps") for end in ("csv", "tex")}
    assert {path.name for path in paper.iterdir()} == files | {
        f"{name}.pdf" for name in ("gap", "curves", "steps", "confusions")
    }
    with (paper / "arms.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["arm"] for row in rows[:3]] == ["alone", "fused", "naive"]
    tex = (paper / "steps.tex").read_text()
    assert tex.startswith("\\begin{tabular}{lllllll}\n\\toprule\n")
    assert tex.count(r" \\") == 3
    assert "%" not in tex.replace("\\%", "")
    assert "spectral\\_centroid" in (paper / "arms.tex").read_text()
    assert all((paper / name).read_bytes().startswith(b"%PDF") for name in ("gap.pdf", "steps.pdf"))


def test_run_again_nothing_is_trained(tiny, nsynth):
    def times():
        return {path: path.stat().st_mtime_ns for path in (tiny / "results").rglob("model.keras")}

    before = times()
    assert len(before) == 6
    done = command(tiny, "run", "tiny.yaml", "--data", f"nsynth={nsynth}", "--jobs", 1, "--json", cold=True)
    assert times() == before
    assert json.loads(done.stdout) == read_known(outcome(tiny) / "study.json")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--data", "somewhere"), "--data somewhere: several data sets are used; write nsynth=DIR, irmas=DIR"),
        (("--features", "mfcc"), "--features mfcc: a study's arms name their features themselves"),
    ],
)
def test_options_that_do_not_fit_a_study(fusion, tmp_path, words, message):
    two = TINY + "  music: {dataset: {name: irmas, protocol: single}}\n"
    (tmp_path / "two.yaml").write_text(two)
    code, out, err = fusion("run", "two.yaml", *words)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_options_that_fit_a_study_alone(fusion, experiment, nsynth):
    code, out, err = fusion("run", experiment, "--data", nsynth, "--paper")
    assert (code, out) == (2, "")
    assert "--paper: for a study, a file with arms; this is a single experiment" in err


# The report of made-up numbers


def arm(name="a", test=0.5, train=0.9, dataset="irmas", protocol="single", warnings=(), clips=100, groups=50):
    figure = "micro_f1" if (dataset, protocol) == ("irmas", "official") else "accuracy"
    spread = {"per_seed": [test - 0.01, test, test + 0.01], "std": 0.01, "low": test - 0.05, "high": test + 0.05}
    return {
        **{"name": name, "digest": "0" * 12, "dataset": dataset, "protocol": protocol, "features": ["mfcc"]},
        **{"classes": ["cel", "flu"], "seeds": [1, 2, 3], "model": "fusion", "warnings": list(warnings)},
        "clips": {"train": 300, "validation": 50, "test": clips},
        "groups": {"train": 90, "validation": 20, "test": groups},
        "train": {figure: {"mean": train}},
        "test": {figure: {"mean": test, **spread}, "macro_f1": {"mean": test, **spread}},
        "references": {},
        "confusion": [[3, 1], [2, 2]] if figure == "accuracy" else None,
    }


def step(difference=0.1, p=0.01, arm="b", before="a"):
    ends = {"low": difference - 0.04, "high": difference + 0.04}
    return {"arm": arm, "before": before, "metric": "accuracy", "difference": difference, **ends, "p": p, "p_holm": p}


def made_up(*arms, tests=(), sample=False, rendered=False):
    data = {"irmas": {"folder": "/d", "rendered": rendered, "published": IRMAS.published}}
    return {
        **{"study": "s", "question": "Is it?", "digest": "0" * 12, "sample": sample, "data": data},
        **{"arms": list(arms), "tests": list(tests)},
    }


@pytest.mark.parametrize("p", [0.0001, 0.04, 0.0499, 0.05, 0.4, 1.0])
@pytest.mark.parametrize("difference", [0.1, -0.1, 0.0004, -0.0004, 0.0])
def test_a_step_is_told_as_it_is(difference, p):
    said = step_sentence(step(difference, p))
    assert said.startswith("b ")
    assert (" is 10.0 points of accuracy above a (" in said) == (difference == 0.1)
    assert (" is 10.0 points of accuracy below a (" in said) == (difference == -0.1)
    assert (" is less than 0.1 points of accuracy from a (" in said) == (0 < abs(difference) < 0.001)
    assert (" has the same accuracy as a (" in said) == (difference == 0)
    assert said.endswith(": not shown to differ.") == (p >= 0.05)
    assert said.endswith(": more than chance.") == (p < 0.05)
    assert ("p = .05" in said) == (p == 0.05)
    assert ("p < .001 after Holm" in said) == (p == 0.0001)
    assert "-0.0" not in said
    low, high = map(float, re.search(r"interval (\S+) to (\S+),", said).groups())
    assert (low, high) == pytest.approx((100 * difference - 4, 100 * difference + 4), abs=0.051)


def test_the_answer_begins_with_the_steps_that_the_study_names():
    arms, tests = [arm(), arm("b"), arm("c")], [step(arm="b"), step(-0.1, 0.2, arm="c", before="b")]
    study = made_up(*arms, tests=tests)
    assert answer(study)[0].startswith("The best of 3 arms")
    told = answer(study | {"answered_by": ["c", "b", "a"]})
    assert told[:3] == [step_sentence(tests[1]), step_sentence(tests[0]), "a was tested against no other arm."]
    assert told[3:] == answer(study)


def test_the_best_arm_is_one_of_those_with_the_same_test():
    easy = arm("easy") | {"classes": ["flute"], "test": {"accuracy": {**arm()["test"]["accuracy"], "mean": 0.99}}}
    assert "The best of 2 arms" in " ".join(answer(made_up(arm(), arm("b"), easy)))


def test_a_step_without_an_interval():
    unknown = {**dict.fromkeys(("low", "high", "p", "p_holm")), "why": "one seed"}
    said = step_sentence({**step(0.1), **unknown})
    assert said == "b is 10.0 points of accuracy above a (no interval and no p: one seed): not shown to differ."
    header, (row,) = steps_table(made_up(arm(), arm("b"), tests=[{**step(-0.0001), **unknown}]))
    assert dict(zip(header, row, strict=True))["difference, points"] == "0.0"
    assert row[-3:] == ["", "no p", "no p"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ((0.9, 0.5), (0.8, 0.6), "40.0 points for a and 20.0 for b"),
        ((0.5, 0.48), (0.5, 0.55), "2.0 points for a and -5.0 for b"),
    ],
)
def test_gaps_are_told_and_not_how_they_change_which_is_not_tested(before, after, said):
    arms = [arm(name, test, train) for name, (train, test) in (("a", before), ("b", after))]
    (sentence,) = gap_sentences(made_up(*arms, tests=[step()]))
    assert sentence == f"The gap between training and test is {said}."


def test_a_terminal_has_a_line_an_arm_by_test_and_the_warnings():
    references = {name: {"accuracy": {"mean": mean}} for name, mean in (("lda", 0.4), ("svm", 0.3))}
    first = {**arm("a", warnings=["few-groups: few"]), "references": references}
    second = {**arm("b", warnings=["did-not-converge: seed 1: nothing learnt"]), "references": references}
    header, rows = short_table(made_up(first, {**second, "protocol": "elsewhere"}))
    assert header == ["arm", "test score", "best reference"]
    assert [row[0] for row in rows] == ["irmas, single:", "a", "irmas, elsewhere:", "b, did not converge"]
    assert [row[1:] for row in rows[1::2]] == [["0.500 ± 0.010", "0.400 shrinkage LDA"]] * 2
    assert study_warnings(made_up(first, second)) == ["few-groups: irmas, single: few"]


def test_what_is_shown_and_what_is_not():
    tests = [step(0.1, 0.01), step(-0.1, 0.3, "c")]
    below = arm("c", warnings=["below-reference: below the SVM"])
    sure, unsure = conclusions(made_up(arm(), arm("b"), below, tests=tests))
    assert [text.split()[0] for text in sure] == ["b"]
    assert [text.split()[0] for text in unsure] == ["c", "c:"]
    assert "c: below the SVM." in unsure
    for options, word in (({"sample": True}, "embedded sample"), ({"rendered": True}, "rendered practice data")):
        assert any(word in text for text in conclusions(made_up(arm(), **options))[1])
    assert conclusions(made_up(arm())) == ([], [])


OFFICIAL = {"protocol": "official", "clips": 2874, "groups": 208}


@pytest.mark.parametrize(
    ("changes", "options", "beside"),
    [
        ({}, {}, True),
        ({"clips": 2873}, {}, False),
        ({"groups": 207}, {}, False),
        ({"protocol": "single"}, {}, False),
        ({}, {"rendered": True}, False),
        ({}, {"sample": True}, False),
    ],
)
def test_published_results_stand_beside_the_real_test_alone(changes, options, beside):
    study = made_up(arm("ours", **{**OFFICIAL, **changes}), **options)
    _, rows = published_table(study)
    assert len(rows) == (1 + len(IRMAS.published["rows"]) if beside else 0)
    if beside:
        assert rows[0] == ["ours", "0.500", "0.500", "this study"]


def write(folder, study):
    history = folder / "history.csv"
    history.write_text("epoch,accuracy\n1,0.2\n2,0.4\n")
    page.write(folder, study, {arm["name"]: folder for arm in study["arms"]})
    return (folder / "report.html").read_text()


def test_trainings_that_did_not_converge_are_listed(tmp_path):
    failed = [f"did-not-converge: seed {seed}: training loss 2.3 is above" for seed in (1, 2)]
    study = made_up(arm(), arm("b", warnings=failed), arm("folds", protocol="cv", warnings=failed))
    rows = {row[0]: row[-1] for row in arms_table(study)[1]}
    assert rows == {"a": "", "b": "2 of 3 did not converge", "folds": "2 did not converge"}
    text = write(tmp_path, study)
    listed = text.split("Trainings that did not converge</h2>")[1].split("<h2>")[0]
    assert re.findall(r"<li>(\w+): did-not-converge: seed 1", listed) == ["b", "folds"]


def test_a_report_without_tests_claims_none(tmp_path):
    text = write(tmp_path, made_up(arm()))
    assert "<p>None.</p>" in text
    assert "Nothing was tested." in text
    assert not (tmp_path / "steps.png").exists()
    assert "by more than chance" not in text
    assert "Beside published results" not in text


def test_a_question_is_text_and_no_markup(tmp_path):
    study = made_up(arm(), arm("b"), tests=[step()])
    study["question"] = "Is <b>it</b> & so?"
    text = write(tmp_path, study)
    assert "Is &lt;b&gt;it&lt;/b&gt; &amp; so?" in text
    assert "b is 10.0 points of accuracy above a" in text


def test_plots_name_the_metrics_they_show():
    only, both = made_up(arm()), made_up(arm(), arm("o", **OFFICIAL))
    label = plots.plot_gaps(only).axes[0].get_xlabel()
    assert label.startswith("accuracy; hollow: training")
    assert plots.plot_gaps(both).axes[0].get_xlabel().startswith("accuracy (irmas, official: micro F1); ")
    assert plots.plot_steps(only) is None
    assert plots.plot_confusion_pair(both) is None
    steps = plots.plot_steps(made_up(arm(), arm("b"), tests=[step(p=0.0001)]))
    assert [text.get_text() for text in steps.axes[0].get_yticklabels()] == ["b against a  (p < .001)"]
    pair = plots.plot_confusion_pair(made_up(arm(), arm("b")))
    assert np.array([axes.get_title() for axes in pair.axes]).tolist() == ["a: 0.500", "b: 0.500"]
