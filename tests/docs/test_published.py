"""The published tables say what the committed results say, each row, and are small enough for a repository."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fusion.report import index_page
from fusion.report.study_sentences import signed
from fusion.result import listing
from tests.support.pages import DOCS, PAGES, ROOT

sys.path.append(str(ROOT / "experiments"))
from published_tables import TABLES, ablation_text, block, shown_by, smallest_seen, study_text

RESULTS = ROOT / "results" / "published"
PUBLISHED = json.loads((RESULTS / "published.json").read_text())
MADE = [name for name in TABLES if set(PUBLISHED) >= set(shown_by(name))]
PLACE = re.compile(r"<!-- table: (\w+) -->\n(.*?)\n<!-- end of table -->", re.DOTALL)


def places():
    """Return the text of each table by its page and name."""
    return {(page, name): text for page in PAGES for name, text in PLACE.findall(page.read_text())}


@pytest.mark.parametrize("name", MADE)
def test_each_table_is_what_its_results_say(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert places()[ROOT / TABLES[name].page, name] == block(name, PUBLISHED, RESULTS.relative_to(ROOT))


def test_every_place_of_a_table_is_filled_by_a_table_of_that_page():
    assert {name for _, name in places()} == set(MADE) >= set(PUBLISHED)
    for page, name in places():
        assert ROOT / TABLES[name].page == page


def test_a_figure_that_was_changed_is_noticed(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    for folder in PUBLISHED["sample"]["folders"]:
        shutil.copytree(RESULTS / folder, tmp_path / folder)

    def shown():
        return block("sample", PUBLISHED, tmp_path).replace(tmp_path.as_posix(), "results/published")

    assert shown() == block("sample", PUBLISHED, RESULTS.relative_to(ROOT))
    path = tmp_path / PUBLISHED["sample"]["folders"][0] / "metrics.json"
    content = json.loads(path.read_text())
    content["test"]["accuracy"]["mean"] += 0.01
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="not as fusion wrote it"):
        shown()
    del content["checksum"]
    path.write_text(json.dumps(content))
    assert shown() != block("sample", PUBLISHED, RESULTS.relative_to(ROOT))


def test_a_study_has_its_answer_its_arms_and_what_its_steps_could_have_seen():
    path = next(RESULTS.glob("irmas_followup/*/study.json"))
    study = json.loads(path.read_text())
    text = study_text([(path.parent, study)])
    assert text.startswith("fused is 11.3 points of accuracy above mfcc (")
    assert ". The best of " in text
    for arm in study["arms"]:
        assert f"/{arm['digest']}/metrics.json)" in text
    for test in study["tests"]:
        assert f"| {test['arm']} against {test['before']} | {100 * test['difference']:+.1f} [" in text


def test_an_ablation_has_what_each_feature_brings_and_what_leaving_it_out_costs():
    path = next(RESULTS.glob("nsynth_fusion/*/ablation.json"))
    ablation = json.loads(path.read_text())
    text = ablation_text([(path.parent, ablation)])
    for name, share in ablation["shapley"].items():
        assert f"| `{name}` | {100 * share['value']:+.1f}" in text
    path = next(RESULTS.glob("descriptor_families/*/ablation.json"))
    ablation = json.loads(path.read_text())
    text = ablation_text([(path.parent, ablation)])
    for test in ablation["tests"]:
        assert f"| `{test['without'][0]}` | {signed(test['difference'])} [{signed(test['low'])}" in text
    most = max(ablation["tests"], key=lambda test: test["difference"])
    assert text.startswith(f"Leaving out {most['without'][0]} costs {100 * most['difference']:.1f} points of accuracy ")


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no repository")
def test_the_repository_keeps_little_of_results():
    kept = subprocess.run(["git", "ls-files", "results"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / name for name in kept.stdout.splitlines()]
    assert sum(path.stat().st_size for path in files if path.is_file()) < 5_000_000
    assert not [path for path in files if path.suffix in (".keras", ".html", ".npy", ".npz")]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no repository")
def test_the_list_of_results_is_of_those_that_are_kept(tmp_path, monkeypatch):
    kept = subprocess.run(["git", "ls-files", "results"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in kept.stdout.splitlines():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    rows, damaged = listing.list_results(Path("results/published"))
    assert not damaged
    readme = index_page.write_readme(Path("results/published"), rows, *listing.differences(rows))
    assert readme.read_text() == (RESULTS / "README.md").read_text(), "run python experiments/reproduce.py --tables"


def test_the_smallest_difference_that_would_be_seen():
    # with many degrees of freedom 1.96 + 0.84 standard errors (Cohen 1988)
    assert smallest_seen({"low": -0.0196, "high": 0.0196, "df": 1e9}) == pytest.approx(0.0280, abs=1e-4)
    assert smallest_seen({"low": -0.0196, "high": 0.0196, "df": 5}) > 0.0196


def test_the_tables_are_written_again_from_what_is_there(tmp_path):
    before = {page: page.read_text() for page in DOCS.glob("results/*.md")}
    subprocess.run([sys.executable, "experiments/reproduce.py", "--tables"], cwd=ROOT, check=True)
    assert {page: page.read_text() for page in before} == before
