"""What holds for every data set: its settings, its reader, and the commands, which know none of them by name."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fusion.datasets.corpus import SPLITS, fingerprint
from fusion.datasets.data import read_data
from fusion.datasets.folder import Folder
from fusion.datasets.irmas import IRMAS
from fusion.datasets.medley_solos import MedleySolos
from fusion.datasets.nsynth import NSynth
from fusion.datasets.overview import overview
from fusion.datasets.reader import Reader
from fusion.datasets.roots import data_root, sample_root
from fusion.datasets.table import Table
from fusion.errors import FusionError
from fusion.extraction.windows import cut_windows
from fusion.plugins.registry import DATASETS, discover
from fusion.runtime.progress import Progress
from fusion.runtime.workplace import Workplace
from fusion.settings.dataset import build, load
from tests.support import medley_solos, own_sounds

ROOT = Path(__file__).parents[2]
SETS = discover(DATASETS)
OWN = {
    "folder holdout": (Folder(group="parent", window=1.0, hop=0.5), own_sounds.make),
    "folder given": (Folder(protocol="given", group="parent", window=1.0, hop=0.5), own_sounds.make_given),
    "folder cv": (Folder(protocol="cv", folds=3, window=1.0, hop=0.5), own_sounds.make),
    "medley_solos": (MedleySolos(), medley_solos.make),
    "medley_solos cv": (MedleySolos(protocol="cv", folds=3), medley_solos.make),
    "table holdout": (Table(window=1.0, hop=0.5), own_sounds.make_table),
    "table given": (
        Table(file="clips.tsv", protocol="given", several=True, window=0.5, hop=0.5),
        own_sounds.make_given_table,
    ),
    "table cv": (Table(protocol="cv", folds=3, window=1.0, hop=0.5), own_sounds.make_table),
}
WITHOUT = {  # splits that a protocol does not have, or that these data do not give
    "train": {("folder", "holdout"), ("folder", "cv"), ("medley_solos", "cv"), ("table", "holdout"), ("table", "cv")},
    "validation": {
        *{("folder", "holdout"), ("folder", "given"), ("folder", "cv"), ("medley_solos", "cv")},
        *{("table", "holdout"), ("table", "given"), ("table", "cv"), ("irmas", "official"), ("irmas", "cv")},
    },
    "test": {("irmas", "cv")},
}
SAMPLES = {
    "nsynth": NSynth(),
    "nsynth course": NSynth(protocol="course"),
    "irmas": IRMAS(),
    "irmas cv": IRMAS(protocol="cv"),
}


@pytest.fixture(scope="module", params=[*OWN, *SAMPLES])
def case(request, tmp_path_factory):
    """Return settings, and the workplace of a small data set that they are for."""
    place = tmp_path_factory.mktemp("data")
    if request.param in OWN:
        settings, make = OWN[request.param]
        root = make(place / "sounds")
    else:
        settings = SAMPLES[request.param]
        root = sample_root(settings.name)
    return settings, Workplace(root, False, place / "cache", place / "results", 1, Progress(quiet=True))


def test_every_data_set_has_a_case_here():
    assert {settings.name for settings in [*SAMPLES.values(), *(settings for settings, _ in OWN.values())]} == set(SETS)


@pytest.mark.parametrize("name", SETS)
def test_a_data_set_says_what_it_is_and_what_everything_else_asks_it_for(name):
    cls = load(SETS[name])
    settings = build(SETS[name], f'{{"name": "{name}"}}')
    assert settings == cls() == cls(name=name)
    assert cls.__doc__
    assert cls.title
    assert bool(cls.archives) == bool(cls.citation) == bool(cls.licence) == bool(cls.terms) == bool(cls.homepage)
    assert bool(cls.archives) == cls.base_url.startswith("http")
    assert len({archive.folder for archive in cls.archives}) == len(cls.archives)
    assert all(len(archive.md5) == 32 and archive.split for archive in cls.archives)
    assert all(field.description for key, field in cls.model_fields.items() if key != "name")
    assert settings.samples > 0
    assert 0 < settings.hop <= settings.samples / settings.sr
    assert settings.rate is None or settings.rate > 0
    assert settings.aggregate == "mean"
    assert isinstance(settings.known_groups, bool)
    assert isinstance(settings.several_labels, bool)
    assert isinstance(settings.single_notes, bool)
    assert settings.decision in (None, "validation")
    assert settings.train_groups is None
    assert (settings.subset_seed, settings.skip_damaged) == (1, False)


@pytest.mark.parametrize("name", SETS)
def test_a_data_set_is_read_as_a_table_and_divided_as_all_others_are(name):
    cls = load(SETS[name])
    assert issubclass(cls, Reader)
    assert (cls.read_corpus, cls.read_split) == (Reader.read_corpus, Reader.read_split)


def test_what_is_used_of_a_folder_can_be_read(case):
    settings, workplace = case
    fields = type(settings).uses(workplace.root)
    assert fields is not None
    if type(settings).archives:  # of others, a folder does not say how it is divided
        used = type(settings)(name=settings.name, **fields)
        assert used.read_corpus(workplace.root, lambda paths: [""] * len(paths)).classes


@pytest.mark.parametrize("name", SETS)
def test_nothing_can_be_trained_on_an_empty_folder_of_an_official_data_set(name, tmp_path):
    cls = load(SETS[name])
    assert cls.uses(tmp_path) is None or not cls.archives


def imports(node):
    """Return what a statement imports of the room of data sets, by the module's own name."""
    names = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name.split(".")[2] for name in names if name.startswith("fusion.datasets.")]


def constants(tree):
    """Yield the texts of a file that are no documentation, nor an example that a command's help ends with."""
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    docs |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "epilog"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def test_no_other_module_knows_a_data_set_by_name():
    """Rendering writes the layouts of two; `folder` and `table` are words of everyday, so imports alone tell."""
    homes = {source.module.rpartition(".")[2] for source in SETS.values()}
    for path in sorted((ROOT / "fusion").glob("**/*.py")):
        place = path.relative_to(ROOT / "fusion")
        if place.parts[0] == "rendering" or place.name == "render.py":
            continue
        text = path.read_text()
        if not (place.parts[0] == "datasets" and place.stem.startswith(tuple(homes))):
            imported = [name for node in ast.walk(ast.parse(text)) for name in imports(node)]
            assert not [name for name in imported if name.startswith(tuple(homes))], path
            words = {word for value in constants(ast.parse(text)) for word in re.findall(r"\w+", value)}
            assert not words & (homes - {"folder", "table"}), path


def test_a_table_is_of_one_shape_and_parts_do_not_overlap(case):
    settings, workplace = case
    data = read_data(settings, workplace)
    dataset, table = data.dataset, data.dataset.table
    assert (dataset.name, dataset.protocol, dataset.several) == (
        settings.name,
        settings.protocol,
        settings.several_labels,
    )
    columns = {"id", "path", "start", "duration", "labels", "group", "split", "content", "sound", "origin"}
    assert columns == set(table)
    assert table["id"].is_unique
    assert list(table.index) == list(range(len(table)))
    assert set(table["split"]) <= set(SPLITS)
    assert all(path.is_file() for path in table["path"])
    assert dataset.classes == tuple(sorted(set(dataset.classes)))
    assert dataset.targets.any(axis=1).all()
    for fold in dataset.each_fold():
        parts = [fold.train, fold.validation, fold.test]
        assert all(len(part) for part in parts)
        assert len(np.unique(np.concatenate(parts))) == sum(map(len, parts))
        if not settings.known_groups:
            assert not set(dataset.groups[fold.train]) & set(dataset.groups[fold.validation])


def test_the_same_folder_is_the_same_data(case, tmp_path):
    settings, workplace = case
    first, again = (read_data(settings, place) for place in (workplace, replace(workplace, cache=tmp_path)))
    assert first.fingerprint == again.fingerprint == fingerprint(again.dataset.table)


def test_clips_are_cut_into_windows_of_one_length(case):
    settings, workplace = case
    table = read_data(settings, workplace).dataset.table
    windows = cut_windows(table, settings)
    assert not windows.damaged
    assert set(windows.clips) == set(range(len(table)))
    assert {round(window.duration * settings.sr) for window in windows.windows} == {settings.samples}


def test_an_overview_counts_every_clip(case):
    settings, workplace = case
    data = read_data(settings, workplace)
    report = overview(data.dataset, data.duplicates)
    assert report["dataset"] == settings.name
    assert report["clips"]["test"] == len(data.dataset.part("test"))


def test_a_split_alone_is_a_test(case):
    settings, workplace = case
    read = []
    for split in SPLITS:
        if (settings.name, settings.protocol) in WITHOUT.get(split, ()):
            with pytest.raises(FusionError, match=f"no {split} (clip|split)"):
                settings.read_split(workplace.root, split, lambda paths: [""] * len(paths))
        else:
            read.append(settings.read_split(workplace.root, split, lambda paths: [""] * len(paths)))
    columns = {"id", "path", "start", "duration", "labels", "group", "split"}
    for dataset in read:
        assert (set(dataset.table), set(dataset.table["split"])) == (columns, {"test"})
        assert dataset.classes


@pytest.mark.parametrize("name", SETS)
def test_an_absent_folder_is_a_message_that_names_the_option(name, tmp_path, monkeypatch):
    monkeypatch.setenv("FUSION_DATA", str(tmp_path))
    workplace = Workplace(data_root(name), False, tmp_path, tmp_path, 1, Progress(quiet=True))
    with pytest.raises(FusionError, match="--data DIR"):
        read_data(load(SETS[name])(), workplace)
