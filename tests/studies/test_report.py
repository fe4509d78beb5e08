"""Statistics of finished results anew, as for those of an older fusion."""

import json
import shutil

import pytest

import fusion
from fusion.errors import FusionError
from fusion.result.folder import of_older_method
from tests.support.ablations import made_up
from tests.support.results import made_up_result


@pytest.fixture
def old(place, result, tmp_path):
    """A copy of a result, as an older fusion left it: intervals by another method, no networks."""
    folder = tmp_path / "results" / result.parent.name / result.name
    shutil.copytree(result, folder, ignore=shutil.ignore_patterns("seed-*"))
    metrics = json.loads((folder / "metrics.json").read_text())
    for row in (metrics["train"], metrics["test"], *metrics["references"].values()):
        row.pop("network_minus", None)
        for summary in row.values():
            if isinstance(summary, dict) and "per_seed" in summary:
                summary |= {"low": 0.123, "high": 0.987}
                for name in ("df", "se_groups", "se_seeds", "why"):
                    summary.pop(name, None)
    for name in ("nll", "ece", "top_2", "top_3"):
        metrics["test"].pop(name, None)
    metrics.pop("calibration")
    metrics.pop("gap")
    metrics.pop("best_reference")
    del metrics["checksum"]
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "checksums.json").unlink()
    return folder


def test_a_result_of_an_older_method_is_recognised_and_shows_no_interval(old):
    assert of_older_method(json.loads((old / "metrics.json").read_text()))
    row = fusion.results(old.parents[1]).iloc[0]
    assert row["low"] is None
    assert "older-method" in row["warnings"]
    assert "0.987" not in fusion.load(old).table().to_string()


def test_statistics_anew_are_those_of_the_run(old, result):
    (old / "report.html").unlink()
    assert fusion.recompute(old.parents[1]) == []
    assert not [text for text in fusion.load(old).warnings if text.startswith("older-method")]
    anew, first = (json.loads((folder / "metrics.json").read_text()) for folder in (old, result))
    assert not of_older_method(anew)
    for name, summary in first["test"].items():
        if name in anew["test"] and "per_seed" in summary:
            assert anew["test"][name] == _about(summary)
    for name, row in first["references"].items():
        assert anew["references"][name]["accuracy"] == _about(row["accuracy"])
        assert anew["references"][name]["network_minus"] == _about(row["network_minus"])
    assert anew["best_reference"] == first["best_reference"]
    assert anew["train"]["accuracy"]["low"] is None  # tables do not have what was said of training clips
    assert (old / "report.html").is_file()


def _about(summary):
    """Return a summary whose numbers need not agree in their last digit."""
    return {key: value if value is None or key == "why" else pytest.approx(value) for key, value in summary.items()}


@pytest.mark.parametrize("content", ["{}", '{"libraries": 3}'])
def test_it_is_the_environment_that_is_damaged(old, content):
    (old / "environment.json").write_text(content)
    with pytest.raises(FusionError, match=r"environment\.json: damaged"):
        fusion.recompute(old)


def test_through_the_command_line(old, fusion):
    code, out, err = fusion("report", old)
    assert (code, out, err) == (0, f"{old}\n", "")
    code, _, err = fusion("report", old / "nothing")
    assert code == 2
    assert "no result, no study and no folder of these" in err


def test_tables_that_are_for_other_clips_are_a_message(old):
    lines = (old / "references.csv").read_text().splitlines()
    (old / "references.csv").write_text("\n".join(lines[:-3]) + "\n")
    with pytest.raises(FusionError, match=r"references\.csv is for other clips"):
        fusion.recompute(old)


def test_references_that_are_no_longer_there_are_a_message(old):
    (old / "references.csv").unlink()
    with pytest.raises(FusionError, match=r"references\.csv lacks boosting, lda"):
        fusion.recompute(old)


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("study.json", {"study": "x", "arms": [{"name": "a", "digest": "../../elsewhere"}], "tests": []}, "no name of"),
        ("study.json", {"study": "../x", "arms": [{"name": "a", "digest": "0"}], "tests": []}, "no name of"),
        ("study.json", [], "found a list"),
        ("study.json", {}, "damaged"),
        ("ablation.json", {"arms": [{"features": ["mfcc"], "digest": "../elsewhere"}]}, "no name of"),
        ("ablation.json", {"mode": "all"}, "damaged"),
    ],
)
def test_files_of_strangers_lead_nowhere_and_give_no_traceback(old, name, content, text):
    (old / name).write_text(json.dumps(content))
    with pytest.raises(FusionError, match=text):
        fusion.recompute(old)


def test_an_old_ablation_without_its_arms_loses_its_intervals(old):
    arms = [
        {"features": features, "mean": 0.5, "std": 0.1, "low": 0.4, "high": 0.6, "per_seed": [0.5], "digest": "0"}
        for features in (["mfcc", "spectral_centroid"], ["mfcc"])
    ]
    test = {"features": ["mfcc"], "without": ["spectral_centroid"], "difference": 0.1, "low": 0.0, "high": 0.2}
    share = {"value": 0.1, "low": 0.0, "high": 0.2}
    ablation = {"mode": "all", "metric": "accuracy", "chance": 0.3, "groups": 3, "arms": arms, "per_class": {}}
    ablation |= {"tests": [{**test, "p": 0.2, "p_holm": 0.2}], "shapley": {"mfcc": share}, "warnings": []}
    (old / "ablation.json").write_text(json.dumps({**ablation, "experiment": "small", "digest": "0", "trials": 0}))
    (left,) = fusion.recompute(old)
    assert "is not there; run `fusion ablate` again" in left
    anew = json.loads((old / "ablation.json").read_text())
    assert {anew["arms"][0]["low"], anew["tests"][0]["p_holm"], anew["shapley"]["mfcc"]["high"]} == {None}


def test_of_masked_features_the_page_alone_is_written_anew(old):
    ablation = made_up("mask")
    ablation["arms"][0]["digest"] = old.name
    (old / "ablation.json").write_text(json.dumps(ablation))
    (left,) = fusion.recompute(old)
    assert "its page alone is anew; masked features are asked of the networks" in left
    assert "Masking" in (old / "ablation.html").read_text()


@pytest.mark.parametrize("lost", ["parameters", "seconds", "clips"])
def test_a_result_that_lacks_something_is_damaged_and_keeps_its_page(fusion, tmp_path, lost):
    folder = tmp_path / "one" / "0123456789ab"
    metrics, _ = made_up_result(folder)
    metrics |= {"references": {}, "best_reference": None}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    assert fusion("report", folder)[0] == 0
    page = (folder / "report.html").read_bytes()
    del metrics[lost]
    (folder / "metrics.json").write_text(json.dumps(metrics))
    code, _, err = fusion("report", folder)
    assert code == 2
    assert f"{folder / 'metrics.json'}: damaged (" in err
    assert (folder / "report.html").read_bytes() == page
