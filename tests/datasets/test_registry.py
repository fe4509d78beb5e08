"""What holds for every data set: its settings, its reader, and the commands, which know none of them by name."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from fusion.cli.options import DATASETS as IN_OPTIONS
from fusion.datasets.data import read_data
from fusion.datasets.overview import overview
from fusion.datasets.registry import READERS, data_root, read_split, sample_root
from fusion.datasets.table import SPLITS, fingerprint
from fusion.errors import FusionError
from fusion.extraction.windows import cut_windows
from fusion.runtime.progress import Progress
from fusion.runtime.workplace import Workplace
from fusion.settings.datasets import DATASETS, IRMASSettings, NSynthSettings
from fusion.settings.folder import FolderSettings
from fusion.settings.manifest import TableSettings
from tests.support import own_sounds

OWN = {
    "folder holdout": (FolderSettings(group="parent", window=1.0, hop=0.5), own_sounds.make),
    "folder given": (FolderSettings(protocol="given", group="parent", window=1.0, hop=0.5), own_sounds.make_given),
    "folder cv": (FolderSettings(protocol="cv", folds=3, window=1.0, hop=0.5), own_sounds.make),
    "table holdout": (TableSettings(window=1.0, hop=0.5), own_sounds.make_table),
    "table given": (
        TableSettings(file="clips.tsv", protocol="given", several=True, window=0.5, hop=0.5),
        own_sounds.make_given_table,
    ),
    "table cv": (TableSettings(protocol="cv", folds=3, window=1.0, hop=0.5), own_sounds.make_table),
}
SAMPLES = {
    "nsynth": NSynthSettings(),
    "nsynth course": NSynthSettings(protocol="course"),
    "irmas": IRMASSettings(),
    "irmas cv": IRMASSettings(protocol="cv"),
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


def test_every_data_set_has_settings_a_reader_and_a_case_here():
    assert set(DATASETS) == set(READERS) == set(IN_OPTIONS)
    assert {settings.name for settings in [*SAMPLES.values(), *(settings for settings, _ in OWN.values())]} == set(
        DATASETS
    )


@pytest.mark.parametrize("name", DATASETS)
def test_settings_have_what_everything_else_asks_them_for(name):
    settings = DATASETS[name]()
    assert settings.name == name
    assert type(settings).model_fields["protocol"].description
    assert settings.samples > 0
    assert 0 < settings.hop <= settings.samples / settings.sr
    assert settings.rate is None or settings.rate > 0
    assert settings.aggregate == "mean"
    assert isinstance(settings.known_groups, bool)
    assert isinstance(settings.several, bool)
    assert isinstance(settings.single_notes, bool)
    assert settings.threshold in (None, "validation")
    assert settings.train_groups is None
    assert (settings.subset_seed, settings.skip_damaged) == (1, False)


def test_a_table_is_of_one_shape_and_parts_do_not_overlap(case):
    settings, workplace = case
    data = read_data(settings, workplace)
    dataset, table = data.dataset, data.dataset.table
    assert (dataset.name, dataset.protocol, dataset.several) == (settings.name, settings.protocol, settings.several)
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
        with suppress(FusionError):  # not every protocol has every split
            read.append(read_split(settings, workplace.root, split, lambda paths: [""] * len(paths)))
    assert read
    columns = {"id", "path", "start", "duration", "labels", "group", "split"}
    for dataset in read:
        assert (set(dataset.table), set(dataset.table["split"])) == (columns, {"test"})
        assert dataset.classes


@pytest.mark.parametrize("name", DATASETS)
def test_an_absent_folder_is_a_message_that_names_the_option(name, tmp_path, monkeypatch):
    monkeypatch.setenv("FUSION_DATA", str(tmp_path))
    workplace = Workplace(data_root(name), False, tmp_path, tmp_path, 1, Progress(quiet=True))
    with pytest.raises(FusionError, match="--data DIR"):
        read_data(DATASETS[name](), workplace)
