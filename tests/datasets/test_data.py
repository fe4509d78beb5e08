"""A data set as it is read: what damaged clips do to it, and what depends on whether it was rendered."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fusion.datasets.corpus import Corpus, checked
from fusion.datasets.data import SAMPLE, Data, of_train_groups, read_data, without_damaged
from fusion.datasets.duplicates import find_duplicates
from fusion.datasets.nsynth import NSynth
from fusion.datasets.roots import sample_root
from fusion.errors import FusionError
from fusion.runtime.progress import Progress
from fusion.runtime.workplace import Workplace


@pytest.fixture
def data():
    """Two classes of eight training clips each, clips 6 and 7 the same sound, and one clip of each elsewhere."""
    rows = [("train", label) for label in "ab" * 8] + [
        (split, label) for split in ("validation", "test") for label in "ab"
    ]
    table = pd.DataFrame(rows, columns=["split", "labels"])
    names = [f"c{number:02d}" for number in range(len(table))]
    table = table.assign(id=names, path=[Path(name) for name in names], start=0.0, duration=np.nan, group=names)
    table = table.assign(content=[*names[:7], "c06", *names[8:]])
    dataset = checked(Corpus("made", "official", table, "songs"))
    return Data(dataset, "fingerprint", find_duplicates(dataset.table))


def test_damaged_clips_are_an_error_that_lists_them_unless_they_are_skipped(data):
    with pytest.raises(FusionError, match=r"^2 clips are damaged; mend(.|\n)*c01: missing\n.*c03: too short: 0\.1 s"):
        without_damaged(data, {"c03": "too short: 0.1 s", "c01": "missing"}, skip=False)


def test_what_is_left_says_why_others_were_left_out_and_has_its_own_duplicates(data):
    assert data.duplicates.pairs == 1
    reasons = ["too short: 1 s", "too short: 2 s", "missing", "cannot be decoded (3 bytes: x)", "d", "e", "f"]
    damaged = dict(zip(("c00", "c02", "c04", "c06", "c01", "c03", "c05"), reasons, strict=True))
    left = without_damaged(data, damaged, skip=True)
    assert left.dataset.notes == ["damaged: 7 clips left out (cannot be decoded, d, e, f, missing)"]  # five kinds
    assert (len(left.dataset.table), left.duplicates.pairs, left.fingerprint) == (13, 0, "fingerprint")


def test_fewer_training_groups_have_their_own_duplicates_and_the_same_fingerprint(data):
    assert of_train_groups(data, NSynth()) is data
    fewer = of_train_groups(data, NSynth(train_groups=2))
    assert (len(fewer.dataset.part("train")), fewer.duplicates.pairs, fewer.fingerprint) == (2, 0, "fingerprint")


def test_the_sample_says_that_it_is_one(tmp_path):
    root = sample_root("nsynth")
    for sample in (True, False):
        found = read_data(NSynth(), Workplace(root, sample, tmp_path, tmp_path, 1, Progress(quiet=True)))
        assert (SAMPLE in found.dataset.notes) == sample
        (origin,) = set(found.dataset.table["origin"])
        assert origin.startswith("nsynth, rendered ")  # names of its instruments mean nothing in other data
