"""What the pages say is so: scores, settings, warnings, links, and the plug-ins that they show."""

import ast
import importlib
import json
import re
import sys

import keras
import pytest

from fusion.datasets.folder import Folder
from fusion.datasets.irmas import IRMAS
from fusion.datasets.medley_solos import MedleySolos
from fusion.datasets.nsynth import NSynth
from fusion.datasets.table import Table
from fusion.learning.fuse import fuse
from fusion.plugins.registry import FEATURES, FUSIONS, discover
from fusion.report.warning_words import warning_words
from fusion.report.wording import score
from fusion.settings.model import FusionModel
from fusion.settings.search_space import SearchSettings
from fusion.settings.training import TrainingSettings
from tests.support.pages import DOCS, PAGES, README, ROOT, the_block


@pytest.fixture(scope="module")
def generated():
    """The module that makes pages from the program."""
    sys.path.insert(0, str(DOCS))
    yield importlib.import_module("generated")
    sys.path.remove(str(DOCS))


def test_the_readme_is_short():
    assert len(README.read_text().splitlines()) <= 160


def test_every_link_within_the_repository_leads_somewhere():
    for page in [*PAGES, ROOT / "CONTRIBUTING.md"]:
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", page.read_text()):
            file = (page.parent / target) if target else page
            assert file.exists(), (page, target)
            if anchor and file.stem not in ("features",):  # whose headings are generated
                headings = re.findall(r"^#+ (.+)$", file.read_text(), flags=re.MULTILINE)
                assert anchor in {re.sub(r"[^\w-]", "", name.lower().replace(" ", "-")) for name in headings}, anchor


# the plug-ins shown


@pytest.fixture
def plugin(tmp_path):
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "loudness.py").write_text(the_block("python", "SeriesFeature"))
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
    entry = the_block("toml", "fusion.features").splitlines()[1].replace('"', "")
    (info / "entry_points.txt").write_text(f"[fusion.features]\n{entry}\n")
    monkeypatch.syspath_prepend(str(site))
    code, out, err = fusion("features", "loudness")
    assert code == 0, err
    assert "my_package.loudness (my-package 1.0)" in out


def test_the_fusion_shown_works_as_a_plug_in(tmp_path):
    (tmp_path / "fusions").mkdir()
    (tmp_path / "fusions" / "average.py").write_text(the_block("python", "branches"))
    for count in (1, 3):
        branches = {name: keras.Input((8,)) for name in ("mfcc", "tonnetz", "all-vectors")[:count]}
        assert fuse(discover(FUSIONS, [tmp_path])["average"], branches, 5).shape == (None, 5)


# what is generated


@pytest.mark.parametrize(
    ("section", "made"),
    [
        *((dataset, "datasets") for dataset in (NSynth, IRMAS, Folder, Table, MedleySolos)),
        *((FusionModel, "model_settings"), (TrainingSettings, "training_settings")),
        (SearchSettings, "search_settings"),
    ],
)
def test_every_setting_is_in_a_table(section, made, generated):
    text = generated.MADE[made]()
    for name, field in section.model_fields.items():
        if name not in ("name", "preset"):
            assert re.search(rf"\.{name}` \| .* \| {re.escape(generated.plain(field.description))} \|", text), name


def test_every_feature_fusion_and_command_has_its_place(generated):
    for made, kind in (("features", FEATURES), ("fusions", FUSIONS)):
        headings = re.findall(r"^## (\w+)$", generated.MADE[made](), flags=re.MULTILINE)
        assert headings == list(discover(kind))
    text = generated.commands()
    assert all(f"## fusion {name}\n" in text for name in ("run", "compare", "data check", "data render", "schema"))


def test_what_pages_ask_for_can_be_made(generated):
    asked = {name for page in PAGES for name in re.findall(r"<!-- generated: (\w+) -->", page.read_text())}
    assert asked == set(generated.MADE)


def test_what_is_generated_stands_in_the_files_as_it_is_today(generated):
    for page in PAGES:
        assert page.read_text() == generated.stored(page.read_text()), f"{page}: run python docs/generated.py"


# warnings

FIXED = {"sample", "damaged", "duplicates", "silent"}  # of one word; those of several are found by their form


def words_of_warnings():
    """Return the fixed words that texts in the code begin with."""
    texts = [
        node.value
        for path in [*ROOT.glob("fusion/**/*.py"), *ROOT.glob("features/*.py")]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    found = [re.match(r"(?:! )?((?:[a-z]+-)+[a-z]+|[a-z]+): ", text) for text in texts]
    return {match[1] for match in found if match and ("-" in match[1] or match[1] in FIXED)}


def test_every_warning_has_an_entry_in_order():
    words = words_of_warnings()
    assert words >= FIXED | {"shared-groups", "did-not-converge", "few-groups", "below-reference", "oracle-threshold"}
    entries = warning_words()
    assert list(entries) == sorted(entries)
    assert words <= set(entries), words - set(entries)
    assert all(list(entry) == ["means", "do"] for entry in entries.values())


# scores

SCORE = r"\d\.\d{3}(?: ± \d\.\d{3})? \[\d\.\d{3}, \d\.\d{3}\]"
RESULT = r"\]\((?:\.\./)*(results/[^)]+)/metrics\.json\)"
QUOTING = [README, *(page for page in PAGES if page.parent.name in ("results", "explanation"))]


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
    """In a sentence or a row that names no result, it is a score of any; what a terminal shows is in no such row.

    A result with networks is this machine's: the README's first command, run in a checkout, puts one over a committed one.
    """
    text = "\n".join(re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S) for page in QUOTING)
    results, here = {}, set()
    for path in sorted((ROOT / "results" / "published").glob("*/*/metrics.json")):
        if list(path.parent.glob("seed-*")):
            here.add(str(path.parent.relative_to(ROOT)))
            continue
        metrics = json.loads(path.read_text())
        results[str(path.parent.relative_to(ROOT))] = scores_of(metrics)
        assert metrics["digest"] in text
    for path in (ROOT / "results" / "published").glob("*/*/curve.json"):
        points = [point for arm in json.loads(path.read_text())["arms"] for point in arm["points"]]
        results[str(path)] = {f"{p['mean']:.3f} [{p['low']:.3f}, {p['high']:.3f}]" for p in points}
    pairs = quotations(text)
    assert len([folder for _, folder in pairs if folder]) > 50
    for quoted, folder in pairs:
        if folder in here or (here and not folder):
            continue
        assert quoted in (results[folder] if folder else set().union(*results.values())), (quoted, folder)


def test_a_score_of_another_result_is_found_out():
    row = "| fused | 0.550 ± 0.025 [0.457, 0.643] | 0.398 [0.264, 0.526] | [2c](results/a/2c/metrics.json) |"
    own = "| 0.1 | 0.135 [0.051, 0.276] [c0](../../results/b/c0/metrics.json) | 0.431 [0.320, 0.503] |"
    assert [folder for _, folder in quotations(f"{row}\n{own}\n0.550 [0.457, 0.643]")] == [
        *("results/a/2c", "results/a/2c"),
        *("results/b/c0", None),
        None,
    ]
