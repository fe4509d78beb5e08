"""Results found again: what is listed, chosen and sorted, and shown side by side."""

import gzip
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

import fusion as package
from fusion.datasets.nsynth import NSynth
from fusion.datasets.roots import sample_root
from fusion.errors import FusionError
from fusion.report import index_page, result_page
from fusion.result import listing
from fusion.result.clip_files import read_clip_files, write_clip_files
from fusion.result.folder import ResultFolder
from fusion.result.side_by_side import side_by_side
from fusion.result.trained import read_trained
from fusion.runtime.known_json import read_known, write_known
from fusion.settings.changes import changed
from tests.support.results import made_up_result


@pytest.fixture
def top(tmp_path):
    """Three results: the second with other settings, the third of several labels."""
    for number, name in enumerate(("one", "two", "three")):
        made_up_result(tmp_path / name / f"{number:012d}", several=name == "three")
    spec = tmp_path / "two" / f"{1:012d}" / "spec.yaml"
    spec.write_text(spec.read_text().replace("epochs: 7", "epochs: 9, patience: null"))
    return tmp_path


def test_results_are_listed_with_what_tells_them_apart(fusion, top):
    code, out, err = fusion("results", top)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    (two,) = (number for number, line in enumerate(lines) if " two " in line)
    assert "[0." in lines[two]
    assert lines[two].endswith("nsynth, official (data)")
    assert "mfcc; training.epochs=9; training.patience=null" in lines[two + 1]
    assert "best reference 0.500 SVM (RBF); few-groups, below-reference; 2026-01-02" in lines[two + 2]
    assert lines[-1] == "All have: features.mfcc.n_mfcc=13"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), ["one", "three", "two"]),
        (("--where", "training.epochs=9"), ["two"]),
        (("--where", "features=mfcc", "--where", "metric=micro_f1"), ["three"]),
        (("--where", "features=tonnetz"), []),
        (("--where", "warnings=few-groups", "--sort", "training.epochs"), ["one", "three", "two"]),
        (("--where", "training.patience=null"), ["two"]),
    ],
)
def test_results_are_chosen_and_sorted(fusion, top, words, names):
    code, out, err = fusion("results", top, "--json", *words)
    assert code == 0, err
    assert [row["experiment"] for row in json.loads(out)] == names


def test_the_best_figure_comes_first(top):
    rows = listing.ordered(listing.list_results(top)[0], "figure")
    assert [row["mean"] for row in rows] == sorted((row["mean"] for row in rows), reverse=True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nowhere",), "nowhere: no such folder"),
        ((".", "--where", "epochs"), "--where epochs: should be key=value"),
        ((".", "--where", "training.epoch=9"), "did you mean 'training.epochs'"),
        ((".", "--sort", "size"), "--sort size: should be figure"),
    ],
)
def test_what_cannot_be_listed_is_said(fusion, top, words, message):
    code, out, err = fusion("results", *words)
    assert (code, out) == (2, "")
    assert message in err


def test_index_and_readme_lead_to_what_is_there(fusion, top):
    folder = top / "one" / f"{0:012d}"
    result_page.write(folder, ResultFolder(folder).finished(), {})
    code, out, err = fusion("results", top, "--html", "--readme")
    assert (code, err) == (0, "")
    assert out.splitlines() == [str(top / "index.html"), str(top / "README.md")]
    index, readme = ((top / name).read_text() for name in ("index.html", "README.md"))
    assert index.count(f'href="./one/{0:012d}/report.html"') == 1
    assert "./two/" not in index  # it has no page
    assert f"[{1:012d}](./two/{1:012d}/metrics.json)" in readme
    (top / "README.md").write_text("mine")
    code, _, err = fusion("results", top, "--readme")
    assert (code, (top / "README.md").read_text()) == (2, "mine")
    assert "fusion did not make it" in err


def test_a_folder_whose_name_is_markup_is_only_a_name(top):
    (top / "one").rename(top / 'a"><b>')
    rows, _ = listing.list_results(top)
    index_page.write_index(top, rows, *listing.differences(rows), listing.PAGES)
    assert '"><b>' not in (top / "index.html").read_text()


def test_a_damaged_result_is_named(fusion, top):
    path = top / "one" / f"{0:012d}" / "metrics.json"
    path.write_text('{"test": {"accuracy": {}}}')
    code, out, err = fusion("results", top)
    assert code == 2
    assert f"{path}: damaged" in err
    assert " two " in out  # the others are listed all the same
    assert " three " in out


def test_json_is_alone_on_stdout(fusion, top):
    code, out, err = fusion("results", top, "--json", "--html", "--readme")
    assert code == 0
    assert len(json.loads(out)) == 3
    assert err.splitlines() == [str(top / "index.html"), str(top / "README.md")]


@pytest.mark.parametrize("changed", [{"features": [["mfcc"]]}, {"dataset": [["nsynth"]]}, {"digest": 5}])
def test_names_that_are_no_text_are_damage(top, changed):
    path = top / "one" / f"{0:012d}" / "metrics.json"
    write_known(path, read_known(path) | changed)
    with pytest.warns(UserWarning, match=r"metrics\.json: damaged"):
        assert package.results(top)["experiment"].tolist() == ["three", "two"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"warnings": None}, "no warnings"),
        ({"references": []}, "no references"),
        ({"seeds": []}, "no seeds"),
        ({"test": {}}, "no test"),
        ({"experiment": 5, "classes": []}, "no experiment and no classes"),
        ({"warnings": [1]}, "warnings that are no texts"),
    ],
)
def test_a_result_that_lacks_what_every_result_has_is_damaged(fusion, top, changed, said):
    path = top / "one" / f"{0:012d}" / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))  # without a hash, as older results are
    sound = next(top.glob("one/*.wav"))
    for words in (("predict", path.parent, sound), ("report", path.parent, top / "two"), ("export", path.parent)):
        code, _, err = fusion(*words)
        assert code == 2
        assert f"{path}: damaged ({said}" in err


def test_an_environment_of_another_form_is_damage(top):
    folder = top / "one" / f"{0:012d}"
    (folder / "environment.json").write_text('{"features": 5}')
    with pytest.raises(FusionError, match=r"environment\.json: damaged"):
        read_trained(folder)


def test_results_in_python_have_a_column_for_each_setting_that_is_changed(top):
    table = package.results(top).set_index("experiment")
    assert table.loc["two", "training.epochs"] == 9
    assert table.loc["one", "features"] == "mfcc"
    assert table["features.mfcc.n_mfcc"].tolist() == [13, 13, 13]


def test_side_by_side_are_figures_tests_and_settings(fusion, top):
    code, out, err = fusion("report", top / "one", top / "two", top / "three")
    assert (code, err) == (0, "")
    text = Path(out.strip()).read_text()
    assert f"two {1:012d} minus one {0:012d}: 0.0 points of accuracy" in text
    assert "is on other test clips than" in text  # of several labels
    assert '<th scope="row">training.epochs</th><td>7</td><td>9</td><td>7</td>' in text
    assert f"../../two/{1:012d}/report.html" in text


def test_side_by_side_leads_to_results_wherever_they_are(top, tmp_path_factory):
    other = tmp_path_factory.mktemp("other results") / "two"
    shutil.copytree(top / "two", other)
    folders = [folder / number for folder, number in ((top / "one", f"{0:012d}"), (other, f"{1:012d}"))]
    for folder in folders:
        result_page.write(folder, ResultFolder(folder).finished(), {})
    page = package.side_by_side(*folders)
    links = re.findall(r'href="([^"#]*/report\.html)"', page.read_text())
    assert [(page.parent / unquote(link)).resolve() for link in links] == [f / "report.html" for f in folders]


@pytest.mark.parametrize("names", [("one",), ("one", "one")])
def test_side_by_side_are_several(top, names):
    with pytest.raises(FusionError, match=r"at least two|named twice"):
        package.side_by_side(*(top / name for name in names))


def test_only_what_differs_from_the_defaults_is_a_change():
    assert changed({"dataset": {"name": "nsynth"}, "training": {"epochs": 50, "patience": None}}) == {
        "training.patience": None
    }
    assert changed({"features": {"mfcc": {"n_mfcc": 20}, "mine": {"width": 3}}}) == {"features.mine.width": 3}
    assert changed({"model": {"preset": "course"}}) == {"model.preset": "course"}


def test_the_sounds_of_a_result_are_found_where_its_data_are(place, result, nsynth, tmp_path):
    metrics = ResultFolder(result).finished()
    files = read_clip_files(ResultFolder(result), metrics)
    assert len(files) == metrics["clips"]["test"]
    assert all(file.path.is_file() and file.path.is_relative_to(nsynth) for file in files.values())
    assert (result / "report.html").read_text().count("<audio controls") >= len(metrics["classes"])
    copy = tmp_path / "copy"
    shutil.copytree(result, copy, ignore=shutil.ignore_patterns("seed-*"))
    (copy / "clips.csv.gz").write_bytes(b"damaged")
    assert read_clip_files(ResultFolder(copy), metrics) == {}
    (copy / "clips.csv.gz").unlink()
    assert read_clip_files(ResultFolder(copy), metrics) == {}


def test_side_by_side_clips_that_changed_stand_under_the_name_of_their_result(top):
    folder = top / "four" / f"{3:012d}"
    made_up_result(folder)
    predictions = pd.read_csv(folder / "predictions.csv", dtype=str)
    predictions.loc[predictions["clip"] == predictions["clip"].iloc[0], "predicted"] = "flute"
    predictions.to_csv(folder / "predictions.csv", index=False)
    same, other = top / "two" / f"{1:012d}", folder
    content = side_by_side([ResultFolder(place) for place in (top / "one" / f"{0:012d}", same, other)])
    assert content["tests"][0]["difference"] == 0
    assert content["changed"]["result"] == content["tests"][1]["result"]
    assert len(content["changed"]["clips"]) == 1
    page = package.side_by_side(top / "one", top / "two", top / "four").read_text()
    assert "1 clips; these changed most, with the share of seeds that are right." in page


def test_side_by_side_a_damaged_result_is_no_bug(top):
    path = top / "two" / f"{1:012d}" / "metrics.json"
    metrics = json.loads(path.read_text())
    del metrics["train"]
    path.write_text(json.dumps(metrics))
    with pytest.raises(FusionError, match=r"one's metrics\.json is damaged"):
        package.side_by_side(top / "one", top / "two")


def test_the_sounds_of_the_sample_are_found_and_none_leads_out_of_its_folder(tmp_path):
    root = sample_root("nsynth")
    dataset = NSynth(name="nsynth").read_corpus(root, lambda paths: [""] * len(paths))
    write_clip_files(tmp_path, dataset, root)
    files = read_clip_files(ResultFolder(tmp_path), {"sample": True, "dataset": "nsynth"})
    assert set(files) == set(dataset.part("test")["id"])
    assert all(file.path.is_file() for file in files.values())
    whole = replace(dataset, table=dataset.table.assign(duration=np.nan))  # to the end of each file
    write_clip_files(tmp_path, whole, root)
    assert set(read_clip_files(ResultFolder(tmp_path), {"sample": True, "dataset": "nsynth"})) == set(files)
    table = "clip,path,start,duration\na,../secret.wav,0,1\nb,/etc/secret.wav,0,1\nc,in.wav,0,1\n"
    (tmp_path / "clips.csv.gz").write_bytes(gzip.compress(table.encode()))
    files = read_clip_files(ResultFolder(tmp_path), {"sample": True, "dataset": "nsynth"})
    assert {clip: file.path for clip, file in files.items()} == {"c": root / "in.wav"}
