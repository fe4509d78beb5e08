"""What can be told of a data set before any feature is extracted."""

import numpy as np
import pandas as pd

from fusion.datasets.corpus import Corpus
from fusion.datasets.duplicates import find_duplicates
from fusion.datasets.overview import overview


def test_clips_groups_and_classes_of_each_split_are_counted():
    rows = [
        "x a g train",
        "y a g train",
        "z a h train",
        "u b k train",
        "v a l validation",
        "x a;b h test",
        "w b m test",
    ]
    table = pd.DataFrame([row.split() for row in rows], columns=["content", "labels", "group", "split"])
    table = table.assign(id=[*"1234567"], path=[*"1234567"], start=0.0, duration=np.nan, sound=table["content"])
    dataset = Corpus("made", "official", table, "songs", several=True, classes=("a", "b"))
    found = overview(dataset, find_duplicates(table))
    assert found.pop("duplicates")["pairs"] == 1
    assert [text.partition(":")[0] for text in found.pop("warnings")] == [
        *["missing-class", "shared-groups", "few-groups", "duplicates"]
    ]
    assert found == {
        "dataset": "made",
        "protocol": "official",
        "clips": {"train": 4, "validation": 1, "test": 2},
        "groups": {"train": 3, "validation": 1, "test": 2},
        "shared_groups": {"train": 1, "validation": 0},
        "classes": {"train": {"a": 3, "b": 1}, "validation": {"a": 1}, "test": {"a": 1, "b": 2}},
        "class_groups": {"train": {"a": 2, "b": 1}, "validation": {"a": 1}, "test": {"a": 1, "b": 2}},
        "balance": {"train": 3.0, "validation": 1.0, "test": 2.0},
    }


def test_balance_has_two_digits():
    table = pd.DataFrame({"labels": [*"aaaaabbb"], "group": [*"ghghgkkk"], "split": "train", "content": [*"12345678"]})
    table = table.assign(id=[*"12345678"], path=[*"12345678"], start=0.0, duration=np.nan)
    found = overview(Corpus("made", "cv", table, "songs", classes=("a", "b")), find_duplicates(table))
    assert found["balance"] == {"train": 1.67}
