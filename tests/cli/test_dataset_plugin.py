"""A data set that is a file of a plug-in folder, the one that the documentation shows, goes through every command."""

import json
import os
import shutil
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from fusion.errors import FusionError
from fusion.result.checksums import write_checksums
from fusion.settings.reading import read_experiment
from tests.support.command import command
from tests.support.own_sounds import make_table
from tests.support.pages import the_block

EXPERIMENT = """
dataset: {name: choir, window: 1.0, hop: 0.5, sr: 16000}
features: {mfcc: {n_mfcc: 10}, spectral_centroid: }
model: {conv_filters: [8], dense_units: [8], embedding: 8}
training: {epochs: 3, batch_size: 8, patience: null}
plugins: [own]
seeds: [1]
"""


@pytest.fixture(scope="module")
def shown():
    return the_block("python", "(Dataset):")


@pytest.fixture(scope="module")
def place(tmp_path_factory, shown):
    folder = tmp_path_factory.mktemp("choir")
    make_table(folder / "sounds")
    table = (folder / "sounds" / "manifest.csv").read_text()
    (folder / "sounds" / "clips.csv").write_text(table.replace("path,label,group", "file,voice,singer"))
    (folder / "own" / "datasets").mkdir(parents=True)
    (folder / "own" / "datasets" / "choir.py").write_text(shown)
    (folder / "x.yaml").write_text(EXPERIMENT)
    return folder


@pytest.fixture(scope="module")
def result(place):
    done = command(place, "run", "x.yaml", "--data", "choir=sounds")
    return place / done.stdout.splitlines()[-1]


def test_the_data_set_shown_is_short(shown):
    assert len(shown.strip().splitlines()) <= 16


def test_it_is_audited(place):
    report = json.loads(command(place, "data", "check", "x.yaml", "--data", "sounds", "--json").stdout)
    assert (report["dataset"], report["protocol"]) == ("choir", "holdout")
    assert report["clips"] == {"train": 24, "validation": 6, "test": 6}
    assert report["usable"]


def test_its_notes_are_warnings(place, shown, tmp_path):
    (tmp_path / "own" / "datasets").mkdir(parents=True)
    noted = (
        shown.replace("        return pd", "        table = pd")
        + '        table.attrs["notes"] = ["damaged: one tape"]\n'
    )
    (tmp_path / "own" / "datasets" / "choir.py").write_text(noted + "        return table\n")
    (tmp_path / "x.yaml").write_text(EXPERIMENT)
    words = ("data", "check", "x.yaml", "--data", place / "sounds", "--quick", "--json")
    assert "damaged: one tape" in json.loads(command(tmp_path, *words).stdout)["warnings"]


def test_it_is_trained_on_and_predicted(place, result):
    metrics = json.loads((result / "metrics.json").read_text())
    assert (metrics["dataset"], metrics["groups"]["test"]) == ("choir", 3)
    assert f"plugins:\n- {place / 'own'}" in (result / "spec.yaml").read_text()
    clip = next((place / "sounds").rglob("*.wav"))
    (said,) = json.loads(command(place, "predict", result, clip, "--plugins", "own", "--json").stdout)
    assert set(said["probabilities"]) == set(metrics["classes"])


def test_code_that_a_result_names_is_not_run_unless_the_command_names_it(place, result, tmp_path):
    """A result may be a stranger's: it brings its own folder of plug-ins."""
    mine = tmp_path / "result"
    shutil.copytree(result, mine)
    (tmp_path / "plug").mkdir()
    (tmp_path / "plug" / "spy.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    spec = (mine / "spec.yaml").read_text()
    (mine / "spec.yaml").write_text(spec.replace(str(place / "own"), str(tmp_path / "plug")).replace("choir", "spy"))
    write_checksums(mine)  # a stranger can, too
    clip = next((place / "sounds").rglob("*.wav"))
    for words in (("predict", mine, clip), ("evaluate", mine, "--data", "sounds"), ("report", mine)):
        done = command(place, *words, code=0 if words[0] == "report" else 2)
        assert words[0] == "report" or f"was made with plug-ins of ['{tmp_path / 'plug'}']" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "ran").exists()


@pytest.mark.long
@pytest.mark.parametrize(
    "words",
    [
        ("ablate", "x.yaml", "--mode", "only-one"),
        pytest.param(("tune", "x.yaml"), marks=pytest.mark.slow),
        pytest.param(("curve", "x.yaml", "--groups", "6"), marks=pytest.mark.slow),
    ],
)
def test_it_goes_through_every_study(place, words):
    (place / "x.yaml").write_text(EXPERIMENT + "search: {trials: 1, folds: 2, space: {model.dropout: [0.1, 0.2]}}\n")
    done = command(place, *words, "--data", "choir=sounds")
    assert (place / done.stdout.splitlines()[-1]).is_dir()


def test_it_is_transferred_to(place, result):
    done = command(place, "evaluate", result, "--data", "sounds", "--plugins", "own")
    assert "choir" in json.loads((place / done.stdout.splitlines()[-1] / "metrics.json").read_text())["dataset"]


def test_its_text_is_part_of_a_results_identity_and_its_place_is_not(place, shown, tmp_path):
    (tmp_path / "own" / "datasets").mkdir(parents=True)
    (tmp_path / "x.yaml").write_text(EXPERIMENT)
    moved = tmp_path / "own" / "datasets" / "choir.py"
    moved.write_text(shown)
    own = read_experiment(place / "x.yaml").identity()
    assert read_experiment(tmp_path / "x.yaml").identity() == own
    moved.write_text(shown + "\n# another one\n")
    other = read_experiment(tmp_path / "x.yaml").identity()
    assert other != own
    assert other | {"dataset": own["dataset"]} == own
    built_in = read_experiment({"dataset": {"name": "folder"}, "features": ["mfcc"]}).identity()
    assert "plugin" not in built_in["dataset"]


def test_a_mistake_in_its_settings_is_named_with_its_line(place):
    done = command(place, "run", "x.yaml", "--set", "dataset.windw=2", code=2)
    assert "dataset.windw: no such setting; did you mean 'window'?" in done.stderr
    done = command(place, "run", "x.yaml", "--set", "dataset.name=choire", code=2)
    assert "dataset.name: should be one of choir, folder" in done.stderr
    assert "did you mean 'choir'?" in done.stderr


def test_it_cannot_be_fetched(place):
    done = command(place, "data", "get", "choir", "--plugins", "own", code=2)
    assert "choir: has no archive that can be fetched" in done.stderr
    done = command(place, "data", "get", "choir", code=2)
    assert done.stderr.startswith("error: choir: no such data set (known: ")
    assert "name its plug-in folder with --plugins" in done.stderr
    done = command(place, "data", "get", "choir", "--plugins", "none", code=2)
    assert done.stderr.startswith(f"error: {place / 'none'}: no such plug-in folder")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("import pandas", "import pandaz", r"line 1: the plug-in of data set 'choir' cannot be imported"),
        (
            "def read(",
            "def raed(",
            r"choir\.py: a plug-in defines one subclass of fusion\.Dataset \(with read\), found",
        ),
        (
            'clips["voice"]',
            'clips["vioce"]',
            r"cannot be read: KeyError: 'vioce' \(.*choir\.py, line 15\); mend its plug-in",
        ),
        ("clips = pd", "raise SystemExit(3); clips = pd", r"cannot be read: SystemExit: 3 \(.*choir\.py, line 14\)"),
        ('clips["file"]', '"../" + clips["file"]', r"row 1: path: \.\./.* lies outside the data set's folder"),
        ("return pd.DataFrame(", "return dict(", "read should return a DataFrame, found dict; mend its plug-in"),
        ('"labels"', '"label"', r"its table has no column labels \(found: path, label, group\)"),
        ('"group"', '"groups"', r"its table has the column groups; did you mean 'group'\? \(known: path"),
        (
            '("clips.csv",)',
            '("none.csv",)',
            r"Choir \(A\. Author, 2024\) is not there \(no none\.csv\); name its folder",
        ),
        ("from fusion import", "from fusion.datasets import", "import Dataset from fusion"),
        ('clips["file"]', 'clips["file"] + "x"', r"36 clips are named in the metadata(.|\n)*row 1: .*wavx"),
    ],
)
def test_a_broken_one_is_a_message(place, shown, tmp_path, before, after, message):
    assert before in shown
    (tmp_path / "own" / "datasets").mkdir(parents=True)
    (tmp_path / "own" / "datasets" / "choir.py").write_text(shown.replace(before, after))
    (tmp_path / "x.yaml").write_text(EXPERIMENT)
    done = command(tmp_path, "data", "check", "x.yaml", "--data", place / "sounds", "--quick", code=2)
    with pytest.raises(FusionError, match=message):
        raise FusionError(done.stderr)


@pytest.fixture
def installed(shown, tmp_path, monkeypatch):
    """A folder to work in, while another installed package announces a data set and a fusion."""
    site = tmp_path / "site"
    (site / "voices-1.2.dist-info").mkdir(parents=True)
    (site / "voices-1.2.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: voices\nVersion: 1.2\n")
    points = "[fusion.datasets]\nchoir = voices.choir\n\n[fusion.fusions]\nmean_of_all = voices.mean_of_all\n"
    (site / "voices-1.2.dist-info" / "entry_points.txt").write_text(points)
    (site / "voices").mkdir()
    (site / "voices" / "__init__.py").touch()
    (site / "voices" / "choir.py").write_text(shown)
    skeleton = Path(str(files("fusion"))) / "skeletons" / "fusion" / "fusions" / "my_fusion.py"
    (site / "voices" / "mean_of_all.py").write_text(skeleton.read_text().replace("my_fusion", "mean_of_all"))
    (tmp_path / "x.yaml").write_text(EXPERIMENT.replace("plugins: [own]\n", ""))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])]))
    monkeypatch.syspath_prepend(site)
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0] == "voices"]:
        del sys.modules[name]


def test_an_installed_package_may_announce_it(place, installed):
    done = command(installed, "data", "check", "x.yaml", "--data", place / "sounds", "--quick", "--json")
    assert json.loads(done.stdout)["dataset"] == "choir"
    done = command(installed, "data", "get", "choir", code=2)
    assert "choir: has no archive that can be fetched" in done.stderr


@pytest.mark.slow
def test_what_an_installed_package_announces_is_trained(place, installed):
    words = ("run", "x.yaml", "--data", place / "sounds", "--set", "model.fusion=mean_of_all")
    folder = installed / command(installed, *words, cold=True).stdout.splitlines()[-1]
    assert json.loads((folder / "metrics.json").read_text())["dataset"] == "choir"
    assert "fusion: mean_of_all" in (folder / "spec.yaml").read_text()
