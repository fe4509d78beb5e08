"""Every shell and Python block of the README and the documentation runs, in order within its page.

Commands are those of the pages with tiny settings behind them (one epoch, one seed, few notes), which are applied last;
folders of data that the pages name hold the sample or a few tones.
"""

import re
import shlex
import shutil
import subprocess
import sys
from contextlib import chdir

import matplotlib.pyplot as plt
import pytest
import yaml
from typer.main import get_command

from fusion.cli.app import app
from tests.support.command import command
from tests.support.irmas import CLASSES, sound, write
from tests.support.pages import DOCS, PAGES, ROOT, blocks, lines_of

PROGRAM = get_command(app)
MOST_NOT_RUN = 10  # a block that cannot run here is an exception
INSTALLS = ("python3 -m venv", ". .venv/", "pip install", "sphinx-build")  # what .ci/run does
TRAINING = ("run", "ablate", "curve", "tune")
LONG = {"README.md"}  # the others take minutes in all
RUN = [page for page in PAGES if any(not block.about for kind in ("sh", "python") for block in blocks(page, kind))]


def parts(block):
    """Return each command of a shell block."""
    return [part.strip() for line in lines_of(block) for part in line.split("&&")]


def every_command():
    """Return what each page shows as a command of fusion, also those that are not run."""
    shown = [(str(block), part) for page in PAGES for block in blocks(page, "sh") for part in parts(block)]
    return [(where, part) for where, part in shown if re.search(r"\bfusion [a-z]", part)]


def parsed(line):
    """Parse a command line as the program does, without running it."""
    words = shlex.split(line, comments=True)
    words = words[words.index("fusion") + 1 :]
    words = words[: words.index(">")] if ">" in words else words
    each = PROGRAM
    while hasattr(each, "commands"):
        each, words = each.commands[words[0]], words[1:]
    return each.make_context("fusion", words)


def test_every_command_shown_exists_with_the_options_shown():
    shown = every_command()
    assert len(shown) > 60
    for where, line in shown:
        try:
            parsed(line)
        except Exception as error:
            pytest.fail(f"{where}: {line}: {error}")


def test_every_experiment_named_exists():
    for page in PAGES:
        for name in set(re.findall(r"experiments/\w+\.yaml", page.read_text())):
            assert (ROOT / name).exists(), (page, name)


def test_few_blocks_are_not_run_and_each_says_why():
    marked = [block for page in PAGES for block in blocks(page) if block.about.startswith("not-run")]
    assert len(marked) <= MOST_NOT_RUN, [str(block) for block in marked]
    for page in PAGES:
        for block in blocks(page):
            file = re.fullmatch(r"[\w/]+\.\w+", block.about)
            directive = block.language.startswith("{")
            assert directive or file or re.fullmatch(r"(|not-run: \w.+)", block.about), str(block)


@pytest.fixture(scope="session")
def sounds(tmp_path_factory):
    """What the pages name: a folder of sounds by player, a recording of several, notes and music."""
    root = tmp_path_factory.mktemp("named")
    for number, label in enumerate(CLASSES):
        for player in range(5):
            write(
                root / "sounds" / label / f"player{player}{label}" / "take.wav", sound(label, 10 * number + player, 4.0)
            )
    for session in (1, 2, 3):
        write(root / "sessions" / f"{session}.wav", sound("gac", session, 9.0))
    write(root / "note.wav", sound("gac", 1, 4.0, 16000), 16000)
    write(root / "new.wav", sound("voi", 2, 4.0), channels=1)
    for layout, names in (
        ("nsynth", ("practice", "diverse", "another-font", "real-notes")),
        ("irmas", ("practice-irmas", "irmas-solos")),
    ):
        for name in names:
            (root / name).symlink_to(ROOT / "fusion" / "sample" / layout)
    return root


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """One feature store for all pages."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def place(tmp_path, sounds, cache, monkeypatch):
    for path in sounds.iterdir():
        if path.name == "sessions":  # a page writes a table there
            shutil.copytree(path, tmp_path / path.name)
        else:
            (tmp_path / path.name).symlink_to(path)
    (tmp_path / "experiments").symlink_to(ROOT / "experiments")
    monkeypatch.setenv("FUSION_CACHE", str(cache))
    monkeypatch.delenv("FUSION_DATA", raising=False)
    return tmp_path


def tiny(place, words):
    """Return a command with settings behind it that make it small; a digest, which they change, is looked up."""
    name = " ".join(words[:2]) if words[0] == "data" else words[0]
    more, small = [], ["--set", "model.conv_filters=[4]", "--set", "model.dense_units=[4]"]
    if name in (*TRAINING, "extract"):
        more += ["--set", "training.epochs=1"]
        spec = yaml.safe_load((place / words[1]).read_text())
        more += ["--set", "dataset.limit=4"] if "arms" not in spec and spec["dataset"]["name"] == "nsynth" else []
        more += small if "arms" not in spec and "preset" not in spec.get("model", {}) and name != "tune" else []
    if name in ("run", "ablate", "curve"):
        more += ["--seeds", "1"]
    if name == "tune":
        more += ["--trials", "2", "--set", "search.folds=2"]
    return [
        re.sub(r"results/([\w.]+)/[0-9a-f]{12}", lambda found: result_in(place, found), word) for word in words
    ] + more


def result_in(place, found):
    (folder,) = (place / "results" / found[1]).glob("*/metrics.json")
    return str(folder.parent.relative_to(place))


def run_shell(place, line):
    words = shlex.split(line, comments=True)
    if line.startswith(INSTALLS) or words == ["pytest"]:
        return
    if words[0] == "fusion":
        target = place / words[-1] if ">" in words else None
        words = words[1:-2] if target else words[1:]
        done = command(place, *tiny(place, words))
        if target:
            target.write_text(done.stdout)
        return
    assert words[0] in ("pytest", "python"), line
    tests = ["-m", "pytest", "-q", "-p", "no:cacheprovider"] if words[0] == "pytest" else []
    done = subprocess.run([sys.executable, *tests, *words[1:]], cwd=place, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout


def case(page):
    name = str(page.relative_to(ROOT))
    return pytest.param(page, marks=pytest.mark.long if name in LONG else pytest.mark.slow, id=name)


@pytest.mark.parametrize("page", [case(page) for page in RUN])
def test_the_blocks_of_a_page_run(page, place):
    names = {"__name__": "__main__"}
    for block in blocks(page):
        if block.about.startswith("not-run") or block.language.startswith("{"):
            continue
        if block.about:
            (place / block.about).parent.mkdir(parents=True, exist_ok=True)
            (place / block.about).write_text(block.text)
        elif block.language == "sh":
            for line in parts(block):
                run_shell(place, line)
        elif block.language == "python":
            with chdir(place):
                exec(compile(block.text, str(block), "exec"), names)
            plt.close("all")


@pytest.mark.long
@pytest.mark.slow
def test_the_notebook_runs(place):
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.read(DOCS / "explore.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in book.cells)  # they are not stored
    NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(place)}}).execute()
    plots = [
        cell.source for cell in book.cells for out in cell.get("outputs", ()) if "image/png" in out.get("data", {})
    ]
    last = [source.splitlines()[-1].partition("(")[0] for source in plots]
    assert last == ["fusion.plot_feature", "both.plot_confusion"]
