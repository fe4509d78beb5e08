"""Test groups are known from training by their name, or by a sound that both sides have."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fusion.datasets.cautions import few_groups, known_groups, missing_classes, shared_groups, similar_classes
from fusion.datasets.corpus import Corpus
from fusion.datasets.data import Data, with_copies
from fusion.datasets.duplicates import find_duplicates


def dataset(*rows, folds=None):
    """Return a data set of clips given as sound, group and split."""
    table = pd.DataFrame([row.split() for row in rows], columns=["content", "group", "split"])
    table = table.assign(
        id=[str(number) for number in range(len(table))], path=Path("x"), start=0.0, duration=np.nan, labels="a"
    )
    sound = table["content"].replace("-", "")
    return Corpus("d", "p", table.assign(content=sound, sound=sound), "songs", folds=folds)


def test_a_warning_of_few_groups_names_some_of_many_classes():
    data = dataset(*(f"- g{number} test" for number in range(50)))
    data = replace(data, table=data.table.assign(labels=[f"c{number:02}" for number in range(50)]))
    (warning,) = few_groups(data)
    assert "c19 1 and 30 more classes, which get no interval" in warning
    assert "c20" not in warning


def test_classes_that_differ_in_case_alone_are_told():
    data = dataset("- a train", "- b test")
    assert similar_classes(replace(data, classes=("Oboe", "flute"))) == []
    assert similar_classes(replace(data, classes=("Flute", "Oboe", "flute"))) == [
        "similar-classes: Flute and flute differ in upper and lower case alone, and are 2 classes"
    ]


def test_a_sound_of_both_sides_makes_its_test_group_known_whatever_it_is_called():
    data = dataset("x g train", "y h train", "x k test", "z k test", "w l test")
    assert known_groups(data, "train") == (set(), {"k"})
    assert shared_groups(data) == [
        "shared-groups: 1 of 2 test songs (2 of 3 clips) are also in train, 1 of them under another name, with the "
        "same sound: the score is for new clips of known songs, not for unknown ones"
    ]


def test_a_group_with_the_same_name_and_sound_is_counted_by_its_name():
    assert known_groups(dataset("x g train", "x g test"), "train") == ({"g"}, set())


def test_a_sound_of_validation_and_test_is_told_where_training_has_none():
    (warning,) = shared_groups(dataset("x g train", "y h validation", "y k test"))
    assert "(1 of 1 clips) are also in validation, 1 of them" in warning


def test_files_that_are_not_there_have_no_sound_in_common():
    assert shared_groups(dataset("- g train", "- k test")) == []


@pytest.mark.parametrize(("folds", "known"), [([0, 0, 1, 1], set()), ([0, 1, 0, 1], {"g", "h", "k", "l"})])
def test_each_fold_is_compared_with_its_own_training_clips(folds, known):
    data = dataset("x g train", "x h train", "y k train", "y l train", folds=np.array([folds]))
    assert known_groups(data, "train")[1] | known_groups(data, "validation")[1] == known


def test_copies_of_other_bytes_are_one_sound_and_so_are_copies_of_copies():
    data = dataset("x g train", "y h train", "z k test", "w l test")
    wrapped = Data(data, "", find_duplicates(data.table))
    joined = with_copies(with_copies(wrapped, np.array([[0, 1]])), np.array([[1, 2]])).dataset
    assert known_groups(joined, "train") == (set(), {"k"})
    assert joined.table["content"].tolist() == ["x", "y", "z", "w"]


def of_classes(**groups):
    """Return a data set whose test has so many groups of each class, with a training group of each."""
    rows = [f"x{label}{number} {label}{number} test" for label, count in groups.items() for number in range(count)]
    data = dataset(*rows, *(f"y{label} {label}t train" for label in groups))
    labels = [group[0] for group in data.table["group"]]
    return replace(data, table=data.table.assign(labels=labels), classes=tuple(groups))


def test_a_class_with_fewer_than_ten_test_groups_is_named():
    assert few_groups(of_classes(a=30, b=20)) == []
    (text,) = few_groups(of_classes(a=33, b=9))
    assert text == "few-groups: fewer than 10 songs of b 9, which get no interval of their own"
    (text,) = few_groups(of_classes(a=10, b=10))
    assert text.startswith("few-groups: only 20 test songs: take the intervals as rough")
    assert "of their own" not in text
    (text,) = few_groups(of_classes(a=10, b=9, c=1))
    assert text.endswith("; fewer than 10 songs of b 9, c 1, which get no interval of their own")


def test_classes_that_a_part_lacks_are_named_with_the_group_that_would_be_needed():
    rows = ["1 g train", "2 h train", "3 k train", "4 l validation", "5 m test", "6 n test"]
    data = dataset(*rows)
    data = replace(data, table=data.table.assign(labels=["a", "b", "b", "a", "a", "b"]), classes=("a", "b"))
    assert missing_classes(data) == ["missing-class: validation has no clip of b"]
    fewer = replace(data, table=data.table.drop(index=[2, 5]).reset_index(drop=True))
    assert missing_classes(fewer) == [
        "missing-class: validation has no clip of b (its only training group is h)",
        "missing-class: test has no clip of b",
    ]


def test_classes_that_a_folds_training_lacks_are_named():
    data = dataset("1 g train", "2 h train", "3 k train", "4 l train", "5 m train", folds=np.array([[0, 0, 1, 1, 1]]))
    labels = ["a", "b", "a", "a", "a"]
    data = replace(data, table=data.table.assign(labels=labels), classes=("a", "b"), validates=False)
    assert missing_classes(data) == ["missing-class: the training clips of fold 0 have no b"]
