"""The rules that hold for every data set, on tables made by hand."""

import numpy as np
import pandas as pd
import pytest

from fusion.datasets.cautions import missing_classes
from fusion.datasets.corpus import Corpus, checked, fingerprint
from fusion.errors import FusionError


def clips(*rows):
    """Return a table of clips from pairs of split and labels."""
    return pd.DataFrame(
        {
            "id": [f"clip{number}" for number in range(len(rows))],
            "path": "x.wav",
            "start": 0.0,
            "duration": np.nan,
            "labels": [labels for _, labels in rows],
            "group": [f"group{number}" for number in range(len(rows))],
            "split": [split for split, _ in rows],
        }
    )


TRAINED = (("train", "flute"), ("train", "reed"), ("validation", "flute"))


def test_a_clip_with_a_label_that_is_partly_unknown_is_left_out_and_counted():
    table = clips(*TRAINED, ("test", "flute;reed"), ("test", "flute;organ"), ("test", "organ"), ("test", "reed"))
    dataset = checked(Corpus("made", "official", table, "songs", several=True))
    assert dataset.classes == ("flute", "reed")
    assert list(dataset.part("test")["labels"]) == ["flute;reed", "reed"]
    left_out = "left out: the class has no training clip"
    assert dataset.notes == [
        f"missing-class: 1 test clips of flute;organ {left_out}",
        f"missing-class: 1 test clips of organ {left_out}",
    ]
    assert dataset.targets.tolist() == [[1, 0], [0, 1], [1, 0], [1, 1], [0, 1]]


def test_one_class_is_too_few():
    with pytest.raises(FusionError, match="at least two classes, there is only flute"):
        checked(Corpus("made", "official", clips(("train", "flute"), ("test", "flute")), "songs"))


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_split_that_has_no_clip_left_is_named(split):
    rows = [row for row in (*TRAINED, ("test", "reed")) if row[0] != split]
    with pytest.raises(FusionError, match=f"no {split} clip is left"):
        checked(Corpus("made", "official", clips(*rows), "songs"))


def test_a_fold_without_test_clips_is_named():
    table = clips(*(("train", label) for label in ("flute", "reed") * 4))
    folds = np.array([[0, 0, 0, 0, 2, 2, 2, 2]])
    with pytest.raises(FusionError, match="fold 1 has no test clip"):
        checked(Corpus("made", "folds", table, "songs", folds=folds))


def many_clips(split="train"):
    """Return 24 training clips of 12 groups of two classes, and test and validation clips of other groups."""
    table = clips(*((split, label) for label in ("flute", "reed") * 12), ("validation", "flute"), ("test", "reed"))
    table.loc[:23, "group"] = [f"group{number // 4}{number % 2}" for number in range(24)]
    return table


def test_fewer_training_groups_have_the_same_validation_and_test_and_all_classes():
    dataset = checked(Corpus("made", "official", many_clips(), "songs"))
    before = set()
    for count in (2, 3, 6, 12, 99):
        fewer = dataset.with_train_groups(count, 1)
        (fold,) = fewer.each_fold()
        ids = set(fewer.table["id"][fold.train])
        assert fewer.table.loc[fold.train, "group"].nunique() == min(count, 12)
        assert len(ids) == 2 * min(count, 12)  # groups are whole
        assert before <= ids
        before = ids
        assert fewer.classes == dataset.classes
        for split in ("validation", "test"):
            assert list(fewer.part(split)["id"]) == list(dataset.part(split)["id"])
    assert list(fewer.table["id"]) == list(dataset.table["id"])


def test_every_fold_trains_on_so_many_groups_and_tests_on_the_same_clips():
    table = many_clips()[:24]
    folds = np.array([[int(group[5:-1]) % 3 for group in table["group"]]])
    dataset = checked(Corpus("made", "cv", table, "songs", folds=folds))
    fewer = dataset.with_train_groups(3, 1)
    for whole, fold in zip(dataset.each_fold(), fewer.each_fold(), strict=True):
        assert table.loc[fold.train, "group"].nunique() == 3
        assert set(fold.train) < set(whole.train)
        assert set(table.loc[fold.train, "labels"]) == {"flute", "reed"}
        assert (fold.test.tolist(), fold.validation.tolist()) == (whole.test.tolist(), whole.validation.tolist())
    assert set(fewer.part("train").index) == set(np.concatenate([fold.train for fold in fewer.each_fold()]))
    with pytest.raises(FusionError, match="train_groups: 1 of 6 training groups"):
        dataset.with_train_groups(1, 1)


def test_validation_clips_that_train_leave_no_split_behind():
    whole = checked(Corpus("made", "official", clips(*TRAINED, ("test", "reed"), ("test", "flute")), "songs"))
    both = whole.validation_trained()
    assert both.part("train")["id"].tolist() == ["clip0", "clip1", "clip2"]
    assert both.part("validation").empty
    ((fold,), (before,)) = both.each_fold(), whole.each_fold()
    assert (fold.train.tolist(), fold.validation.tolist()) == ([0, 1, 2], [])
    assert fold.test.tolist() == before.test.tolist()
    assert not missing_classes(both)
    assert len(both.without(["clip2"], "short").table) == 4  # no validation clip is asked for
    with pytest.raises(FusionError, match="no test clip is left"):
        both.without(["clip3", "clip4"], "short")


def test_in_folds_the_clips_that_would_validate_train():
    table = clips(*(("train", label) for label in ("flute", "reed") * 6))
    whole = Corpus("made", "folds", table, "songs", folds=np.tile([0, 0, 1, 1], 3)[np.newaxis])
    for fold, before in zip(whole.validation_trained().each_fold(), whole.each_fold(), strict=True):
        assert fold.train.tolist() == sorted([*before.train, *before.validation])
        assert not len(fold.validation)
        assert len(before.validation)


def test_clips_without_folds_are_divided_once():
    dataset = Corpus("x", "official", many_clips(), "instruments")
    assert dataset.repeats == 1
    assert Corpus("x", "cv", many_clips(), "instruments", folds=np.zeros((3, len(many_clips())), int)).repeats == 3


def test_repeats_of_folds_are_numbered_on_and_clips_have_the_place_of_the_first():
    table = clips(*(("train", label) for label in ("flute", "reed") * 4))
    folds = np.array([[0, 0, 1, 1] * 2, [0, 0, 0, 0, 1, 1, 1, 1]])
    dataset = Corpus("made", "cv", table, "songs", folds=folds, validates=False)
    assert [(fold.fold, fold.repeat) for fold in dataset.each_fold()] == [(0, 0), (1, 0), (2, 1), (3, 1)]
    assert dataset.places == [f"fold {fold}" for fold in folds[0]]
    assert [fold.test.tolist() for fold in dataset.each_fold()][2:] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert dataset.part("validation").empty
    assert len(dataset.part("train")) == len(dataset.part("test")) == 8
    left = checked(dataset).without(["clip3"], "short")
    assert left.folds.tolist() == np.delete(folds, 3, axis=1).tolist()
    assert left.notes == ["damaged: 1 clips left out (short)"]


def test_without_folds_there_is_one_and_it_has_no_number():
    dataset = checked(Corpus("made", "official", clips(*TRAINED, ("test", "reed")), "songs"))
    ((fold),) = dataset.each_fold()
    assert (fold.fold, fold.repeat, fold.clips("test").tolist()) == (None, 0, [3])
    assert dataset.places == ["train", "train", "validation", "test"]
    assert dataset.splits == ("train", "validation", "test")
    assert (dataset.several, dataset.grouped, dataset.subset, dataset.notes) == (False, True, None, [])


def test_two_classes_are_enough_and_no_training_clip_is_said():
    with pytest.raises(FusionError, match="at least two classes, there is no clip"):
        checked(Corpus("made", "official", clips(("test", "flute")), "songs"))


def test_what_depends_on_the_data_is_in_their_fingerprint():
    table = clips(*TRAINED).assign(content=["a", "b", "c"])
    assert fingerprint(table) == fingerprint(table[::-1])
    for column, value in (("start", 1.0), ("duration", 2.0), ("labels", "x"), ("group", "x"), ("split", "x")):
        assert fingerprint(table.assign(**{column: [value, *table[column][1:]]})) != fingerprint(table)
    assert fingerprint(table)[:12] == "73f60ad91c9d"  # or data are others in every later version


def test_tables_with_fewer_clips_have_the_same_columns_and_are_numbered_from_0():
    whole = checked(Corpus("made", "official", many_clips()[::-1], "songs"))
    for dataset in (
        whole,
        whole.with_train_groups(3, 1),
        whole.without(["clip3"], "short"),
        whole.validation_trained(),
    ):
        assert list(dataset.table.columns) == list(many_clips().columns)
        assert list(dataset.table.index) == list(range(len(dataset.table)))
