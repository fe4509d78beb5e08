"""Copies and mixtures beside the windows: what is mixed with what, and that rows and labels belong together."""

from dataclasses import replace

import numpy as np
import pytest

from fusion.datasets.data import of_train_groups, read_data
from fusion.extraction.prepare import prepare
from fusion.extraction.variants import plan_variants
from fusion.extraction.windows import cut_windows
from fusion.runtime.progress import Progress
from fusion.runtime.workplace import Workplace
from fusion.settings.reading import read_experiment
from fusion.sound.clip import Clip
from tests.support.irmas import make

PLAIN = """
dataset: {name: irmas}
features:
  mfcc: {n_mfcc: 6}
  spectral_centroid: {statistics: [mean, std]}
training: {mixes: 2, copies: 1}
seeds: [1]
"""
CV = ("dataset.protocol=cv", "dataset.folds=3")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("variants")
    make(folder / "data", recordings=6, songs=2)
    (folder / "mixed.yaml").write_text(PLAIN)
    return folder


def read(place, *assignments):
    """Return an experiment, where its data are, and the data."""
    experiment = read_experiment(place / "mixed.yaml", assignments=assignments)
    workplace = Workplace(place / "data", False, place / "cache", place / "results", 1, Progress(quiet=True))
    return experiment, workplace, of_train_groups(read_data(experiment.dataset, workplace), experiment.dataset)


def planned(place, *assignments, pools=None):
    """Return the data set, its windows, and what is planned beside them."""
    experiment, _, data = read(place, *assignments)
    windows = cut_windows(data.dataset.table, experiment.dataset)
    return data.dataset, windows, plan_variants(experiment, data.dataset, windows, pools)


def sources(windows, mixture):
    """Return the clips, as rows of the table, whose sound a window holds."""
    clips = {(window.path, window.start): clip for window, clip in zip(windows.windows, windows.clips, strict=True)}
    return [clips[part.path, part.start] for part in (mixture, *(partner for partner, _ in mixture.partners))]


def mixtures(dataset, windows, more):
    """Yield the clips of each training mixture, and its labels."""
    for row in more.rows[1:][more.rows[1:] >= 0] - len(windows.clips):
        yield sources(windows, more.windows[row]), more.targets[row]


def test_every_training_window_has_a_copy_and_mixtures_and_no_other_has(place):
    dataset, windows, more = planned(place)
    training = (dataset.table["split"] == "train").to_numpy()[windows.clips]
    assert more.rows.shape == (3, len(windows.clips))
    assert ((more.rows >= 0) == training).all()
    rows = np.concatenate([more.rows[:, training].reshape(-1), more.mixed[0]])
    assert sorted(rows) == list(range(len(windows.clips), len(windows.clips) + len(more.windows)))


def test_mixtures_are_of_training_clips_with_all_their_labels(place):
    dataset, windows, more = planned(place)
    split, groups = dataset.table["split"].to_numpy(), dataset.groups
    found = list(mixtures(dataset, windows, more))
    assert len(found) == 2 * (split[windows.clips] == "train").sum()
    for clips, labels in found:
        assert set(split[clips]) == {"train"}
        assert len(set(groups[clips])) == len(clips)  # nothing with its own recording
        assert labels.sum() == len(clips)
        assert (labels == dataset.targets[clips].any(axis=0)).all()
    assert {len(clips) for clips, _ in found} == {2, 3}


def test_copies_are_distorted_and_keep_their_labels(place):
    dataset, windows, more = planned(place)
    for window, row in enumerate(more.rows[0]):
        if row >= 0:
            copy = more.windows[row - len(windows.clips)]
            assert copy.distortions
            assert not copy.partners
            assert copy.id == f"{windows.windows[window].id} copy 1"  # its number is in its key in the feature store
            assert sources(windows, copy) == [windows.clips[window]]
            assert (more.targets[row - len(windows.clips)] == dataset.targets[windows.clips[window]]).all()


def test_a_threshold_is_chosen_on_mixtures_of_validation_recordings(place):
    dataset, windows, more = planned(place)
    rows, numbers = more.mixed
    split, groups = dataset.table["split"].to_numpy(), dataset.groups
    for row, number in zip(rows - len(windows.clips), numbers, strict=True):
        clips = sources(windows, more.windows[row])
        assert set(split[clips]) == {"validation"}
        assert (more.targets[row] == dataset.targets[clips].any(axis=0)).all()
        same_clip = more.targets[rows[numbers == number] - len(windows.clips)]
        assert (same_clip == more.targets[row]).all()  # the windows of a clip have the same labels
        assert len(set(groups[clips])) == len(clips)
    assert sorted(set(numbers)) == list(range(numbers.max() + 1))


def test_a_validation_group_of_several_classes_is_mixed_too_and_never_with_itself(place):
    experiment, _, data = read(place)
    table = data.dataset.table.copy()
    validation = table["split"] == "validation"
    names = table.loc[validation, "group"].unique()
    table.loc[validation, "group"] = table.loc[validation, "group"].isin(names[::2]).map({True: "one", False: "other"})
    assert table[validation].groupby("group")["labels"].nunique().max() > 1
    dataset = replace(data.dataset, table=table)
    windows = cut_windows(table, experiment.dataset)
    more = plan_variants(experiment, dataset, windows, None)
    rows, _ = more.mixed
    heard = [sources(windows, more.windows[row - len(windows.clips)]) for row in rows]
    assert {clip for clips in heard for clip in clips[:1]} == set(np.flatnonzero(validation))
    groups = table["group"].to_numpy()
    assert all(groups[clips[0]] not in groups[clips[1:]] for clips in heard)


@pytest.mark.parametrize("protocol", ["single", "cv"])
def test_where_clips_have_one_label_no_threshold_is_chosen(place, protocol):
    assert planned(place, f"dataset.protocol={protocol}")[2].mixed is None


@pytest.mark.parametrize("grouped", ["true", "false"])
def test_mixtures_of_folds_stay_in_their_fold(place, grouped):
    dataset, windows, more = planned(place, *CV, f"dataset.grouped={grouped}")
    found = [clips for clips, _ in mixtures(dataset, windows, more)]
    assert any(len(clips) > 1 for clips in found)
    assert all(len(set(dataset.folds[0][clips])) == 1 for clips in found)


def test_mixtures_of_a_search_stay_in_its_pools(place):
    count = int((read(place)[2].dataset.table["split"] == "train").sum())
    pools = np.arange(count) % 2
    dataset, windows, more = planned(place, pools=pools)
    pool = np.full(len(dataset.table), -1)
    pool[dataset.table["split"] == "train"] = pools
    assert all(len(set(pool[clips])) == 1 for clips, _ in mixtures(dataset, windows, more))


def test_mixtures_of_fewer_training_groups_are_of_these_alone(place):
    dataset, windows, more = planned(place, "dataset.train_groups=10")
    found = [clips for clips, _ in mixtures(dataset, windows, more)]
    assert any(len(clips) > 1 for clips in found)
    trained = dataset.table.loc[sorted({clip for clips in found for clip in clips})]
    assert (set(trained["split"]), trained["group"].nunique()) == ({"train"}, 10)


def test_in_folds_what_is_mixed_with_a_clip_that_does_not_train_stays_plain(place):
    experiment, workplace, data = read(place, *CV, "dataset.train_groups=12")
    prepared = prepare(experiment, data, workplace)
    plain = 0
    for fold in prepared.data.dataset.each_fold():
        windows = np.flatnonzero(np.isin(prepared.clips, fold.train))
        for variant, rows in enumerate(prepared._variants(windows, fold)):
            partners = prepared.partners[variant, windows]
            kept = (np.isin(partners, fold.train) | (partners < 0)).all(axis=1)
            assert (rows == np.where(kept, prepared.variants[variant, windows], windows)).all()
            plain += (~kept).sum()
    assert plain


def test_plans_are_the_same_every_time_and_more_mixtures_leave_the_first(place):
    _, windows, once = planned(place)
    keys = [window.key for window in once.windows]
    assert keys == [window.key for window in planned(place)[2].windows]
    _, _, many = planned(place, "training.mixes=3")
    first = {once.windows[row - len(windows.clips)].key for row in once.rows[:3][once.rows[:3] >= 0]}
    assert first <= {window.key for window in many.windows}


def test_every_mixture_of_a_window_is_drawn_anew(place):
    _, windows, more = planned(place)
    first, second = ([more.windows[row - len(windows.clips)].key for row in rows[rows >= 0]] for rows in more.rows[1:])
    assert len(first) == len(second)
    assert sum(one != other for one, other in zip(first, second, strict=True)) > 0.9 * len(first)


def test_mixtures_do_not_depend_on_the_number_of_copies(place):
    keys = []
    for copies in (0, 1, 2):
        _, windows, more = planned(place, f"training.copies={copies}")
        mixed_rows = more.rows[copies:]
        keys.append([more.windows[row - len(windows.clips)].key for row in mixed_rows[mixed_rows >= 0]])
    assert keys[0] == keys[1] == keys[2]


@pytest.mark.parametrize("assignments", [(), CV])
def test_stored_rows_are_features_of_the_sound_that_they_stand_for(place, assignments):
    experiment, workplace, data = read(place, *assignments)
    prepared = prepare(experiment, data, workplace)
    dataset, windows, more = planned(place, *assignments)
    all_windows = [*windows.windows, *more.windows]
    assert len(prepared.targets) == len(all_windows)
    random = np.random.default_rng(0)
    chosen = np.unique([*random.choice(len(all_windows), 25, replace=False), len(all_windows) - 1])
    for row in chosen:
        clip = Clip(all_windows[row].read(22050), 22050)
        for name, feature in experiment.features.items():
            stored = prepared.rows[name].take(np.array([row]))[0]
            assert np.allclose(stored, feature.extract(clip), atol=1e-4), (name, all_windows[row].id)
        assert (prepared.targets[row] == dataset.targets[sources(windows, all_windows[row])].any(axis=0)).all()


@pytest.mark.parametrize("assignments", [(), CV])
def test_parts_hold_a_folds_windows_then_their_variants(place, assignments):
    experiment, workplace, data = read(place, *assignments)
    prepared = prepare(experiment, data, workplace)
    dataset = prepared.data.dataset
    for fold in dataset.each_fold():
        parts = prepared.parts(fold)
        for split in ("train", "validation", "test"):
            part, clips = parts[split], fold.clips(split)
            assert part.variants == (4 if split == "train" else 1)
            assert (part.truth == dataset.targets[clips]).all()
            windows = np.flatnonzero(np.isin(prepared.clips, clips))
            expected = prepared.rows["mfcc"].take(windows)
            assert np.array_equal(part.rows["mfcc"].take(np.arange(len(part))), expected)
        train = parts["train"]
        size = len(train)
        for number in range(train.variants):
            labels = train.targets[number * size : (number + 1) * size]
            assert (labels >= train.targets[:size]).all()  # a mixture has its first clip's labels
        drawn_rows = train.variants_of(np.arange(size), np.random.default_rng(1))
        values, labels = train.values(drawn_rows), train.targets[drawn_rows]
        all_windows = train.rows["mfcc"].take(np.arange(train.variants * size)).reshape(train.variants, size, -1)
        for window in range(size):
            drawn = values["mfcc"][window].ravel()
            equal = [number for number in range(4) if np.array_equal(all_windows[number, window], drawn)]
            assert any((train.targets[number * size + window] == labels[window]).all() for number in equal)


def test_no_training_mixture_of_a_fold_holds_what_validates_or_tests_it(place):
    experiment, workplace, data = read(place, *CV)
    prepared = prepare(experiment, data, workplace)
    _, windows, more = planned(place, *CV)
    all_windows = [*windows.windows, *more.windows]
    stored = prepared.rows["mfcc"].take(np.arange(len(all_windows)))
    row_of = {values.tobytes(): row for row, values in enumerate(stored)}
    kept = 0
    for fold in data.dataset.each_fold():  # of what training is given, not of what was planned
        train = prepared.parts(fold)["train"]
        given = train.rows["mfcc"].take(np.arange(len(train.targets)))
        heard = [sources(windows, all_windows[row_of[values.tobytes()]]) for values in given]
        assert not {clip for clips in heard for clip in clips} & {*fold.validation, *fold.test}
        for clips, labels in zip(heard, train.targets, strict=True):
            assert labels.sum() == len(clips)
        kept += sum(len(clips) > 1 for clips in heard)
    assert kept > 50


def test_a_part_of_some_clips_keeps_their_variants(place):
    experiment, workplace, data = read(place)
    (fold,) = data.dataset.each_fold()
    train = prepare(experiment, data, workplace).parts(fold)["train"]
    kept = np.arange(len(train.truth)) % 3 == 0
    some = train.only(kept)
    assert some.variants == train.variants
    assert (some.truth == train.truth[kept]).all()
    rows = np.flatnonzero(np.tile(kept[train.clips], train.variants))
    assert np.array_equal(some.rows["mfcc"].take(np.arange(len(rows))), train.rows["mfcc"].take(rows))


def test_version_1_mixes_these(place):
    """Whoever changes them raises `fusion.sound.mixing.VERSION`: it is part of a result's identity."""
    _, windows, more = planned(place)
    training = more.rows[0] >= 0
    first, second = (more.partners[number][training][:8].tolist() for number in (1, 2))
    assert first == [[23, -1], [28, 18], [27, -1], [33, 20], [31, -1], [32, -1], [22, 36], [37, -1]]
    assert second == [[31, -1], [21, -1], [17, -1], [24, -1], [18, 33], [26, -1], [14, -1], [36, -1]]
    heard = [sources(windows, more.windows[row - len(windows.clips)]) for row in more.mixed[0]]
    assert len(heard) == 24  # four mixtures of three recordings with two excerpts each
    assert heard[:8] == [[2], [3], [15], [16], [34, 2], [35, 3], [2, 15], [3, 16]]
    assert more.mixed[1].tolist() == np.repeat(np.arange(12), 2).tolist()
