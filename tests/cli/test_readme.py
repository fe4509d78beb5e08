"""What the README shows works as shown."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from fusion.datasets.folder import Folder
from fusion.datasets.irmas import IRMAS
from fusion.datasets.medley_solos import MedleySolos
from fusion.datasets.nsynth import NSynth
from fusion.datasets.table import Table
from fusion.learning.fuse import fuse
from fusion.plugins.registry import FUSIONS, discover
from fusion.report.wording import score
from fusion.settings.model import FusionModel
from fusion.settings.search_space import SearchSettings
from fusion.settings.training import TrainingSettings

README = Path(__file__).parents[2] / "README.md"


def blocks(language):
    """Return the fenced blocks of a language; fences come in pairs, so every second part is a block."""
    parts = re.split(r"^```(.*)\n", README.read_text(), flags=re.M)
    return [text for kind, text in zip(parts[1::4], parts[2::4], strict=True) if kind == language]


@pytest.fixture
def plugin(tmp_path):
    (source,) = [block for block in blocks("python") if "SeriesFeature" in block]
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "loudness.py").write_text(source)
    return folder


def test_the_feature_shown_is_complete_in_25_lines(plugin):
    assert len((plugin / "loudness.py").read_text().strip().splitlines()) <= 25


def test_the_feature_shown_works_as_a_plug_in(plugin, fusion, nsynth, experiment):
    code, out, err = fusion("features", "loudness", "--plugins", plugin)
    assert code == 0, err
    assert "Level relative to full scale" in out
    code, out, err = fusion(
        "extract", experiment, "--data", nsynth, "--plugins", plugin, "--features", "mfcc,loudness", "--jobs", 1
    )
    assert code == 0, err
    assert re.search(r"loudness: \d+ clips extracted", out)


def test_the_feature_shown_works_through_an_entry_point(plugin, fusion, tmp_path, monkeypatch):
    site = tmp_path / "site"
    (site / "my_package").mkdir(parents=True)
    (site / "my_package" / "__init__.py").write_text("")
    (site / "my_package" / "loudness.py").write_text((plugin / "loudness.py").read_text())
    info = site / "my_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (announced,) = [block for block in blocks("toml") if "fusion.features" in block]
    entry = announced.splitlines()[1].replace('"', "")
    (info / "entry_points.txt").write_text(f"[fusion.features]\n{entry}\n")
    monkeypatch.syspath_prepend(str(site))
    code, out, err = fusion("features", "loudness")
    assert code == 0, err
    assert "my_package.loudness (my-package 1.0)" in out


def test_the_fusion_shown_works_as_a_plug_in(tmp_path):
    (source,) = [block for block in blocks("python") if "branches" in block]
    (tmp_path / "fusions").mkdir()
    (tmp_path / "fusions" / "average.py").write_text(source)
    for count in (1, 3):
        branches = {name: keras.Input((8,)) for name in ("mfcc", "tonnetz", "all-vectors")[:count]}
        assert fuse(discover(FUSIONS, [tmp_path])["average"], branches, 5).shape == (None, 5)


@pytest.mark.long
def test_the_python_shown_runs(tmp_path):
    (script,) = [block for block in blocks("python") if "fusion.run(" in block]
    (tmp_path / "experiments").symlink_to(README.parent / "experiments")
    (tmp_path / "shown.py").write_text(script)
    done = subprocess.run([sys.executable, "shown.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "")  # nothing is printed unless asked


def commands():
    shown = "\n".join(blocks("sh") + blocks(""))
    return sorted(set(re.findall(r"\bfusion ((?:data )?[a-z]+)", shown)))


def test_the_readme_shows_commands():
    shown = {"run", "ablate", "curve", "tune", "extract", "compare", "predict", "evaluate", "features"}
    shown |= {"data check", "data render", "data get"}
    assert shown <= set(commands())


@pytest.mark.parametrize("command", commands())
def test_every_command_shown_exists_with_the_options_shown(command, fusion):
    code, out, err = fusion(*command.split(), "--help")
    assert code == 0, err
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out)
    for line in "\n".join(blocks("sh")).splitlines():
        for part in re.split(r"&&|;", line):
            if part.strip().startswith(f"fusion {command} "):
                for word in shlex.split(part):
                    assert not word.startswith("--") or word in plain


def test_experiments_named_in_the_readme_exist():
    named = set(re.findall(r"experiments/\w+\.yaml", README.read_text()))
    assert named
    for name in named:
        assert (README.parent / name).exists(), name


@pytest.mark.parametrize(
    "section",
    [NSynth, IRMAS, Folder, Table, MedleySolos, FusionModel, TrainingSettings, SearchSettings],
)
def test_every_setting_is_in_the_table(section):
    for name, field in section.model_fields.items():
        if name not in ("name", "preset"):
            assert re.search(rf"\.{name}` \| .* \| {re.escape(field.description)} \|", README.read_text()), name


SCORE = r"\d\.\d{3}(?: ± \d\.\d{3})? \[\d\.\d{3}, \d\.\d{3}\]"
RESULT = r"\]\((results/[^)]+)/metrics\.json\)"


def scores_of(metrics):
    """Return the network's and the references' scores as they are written, also without their deviation over seeds."""
    rows = [metrics["test"], *metrics["references"].values()]
    names = ("accuracy", "micro_f1", "macro_f1", "lrap")
    known = {score(row[name]) for row in rows for name in names if name in row}
    return known | {re.sub(r" ± \d\.\d{3}", "", text) for text in known}


def quotations(text):
    """Return pairs of a score and the result that is named with it, in its cell or at the end of its row; or None."""
    pairs = []
    for line in text.splitlines():
        parts = line.split("|")
        named = [re.findall(RESULT, part) if line.startswith("|") else [] for part in parts]
        beside = any(links and re.search(SCORE, part) for links, part in zip(named, parts, strict=True))
        of_row = [] if beside else [link for links in named for link in links]
        for part, links in zip(parts, named, strict=True):
            folder = (links or of_row or [None])[0]
            pairs += [(quoted, folder) for quoted in re.findall(SCORE, part)]
    return pairs


def test_every_score_quoted_is_that_of_the_committed_result_named_with_it():
    """In a sentence or a row that names no result, it is a score of any.

    A result with networks is this machine's: the README's first command, run in a checkout, puts one over a committed one.
    """
    text = README.read_text()
    results, here = {}, set()
    for path in sorted((README.parent / "results").glob("*/*/metrics.json")):
        if list(path.parent.glob("seed-*")):
            here.add(str(path.parent.relative_to(README.parent)))
            continue
        metrics = json.loads(path.read_text())
        results[str(path.parent.relative_to(README.parent))] = scores_of(metrics)
        assert metrics["digest"] in text
    pairs = quotations(text)
    assert len([folder for _, folder in pairs if folder]) > 50
    for quoted, folder in pairs:
        if folder in here or (here and not folder):
            continue
        assert quoted in (results[folder] if folder else set().union(*results.values())), (quoted, folder)


def test_a_score_of_another_result_is_found_out():
    row = "| fused | 0.550 ± 0.025 [0.457, 0.643] | 0.398 [0.264, 0.526] | [2c](results/a/2c/metrics.json) |"
    own = "| 0.1 | 0.135 [0.051, 0.276] [c0](results/b/c0/metrics.json) | 0.431 [0.320, 0.503] |"
    assert [folder for _, folder in quotations(f"{row}\n{own}\n0.550 [0.457, 0.643]")] == [
        *("results/a/2c", "results/a/2c"),
        *("results/b/c0", None),
        None,
    ]
