"""What networks have seen is written with them, passed on, and compared with what others that start from them are tested on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fusion.datasets.corpus import Corpus
from fusion.report.wording import start_knows
from fusion.result.trained_on import FILE, start_warnings, write_trained_on


def dataset(*rows, origin="nsynth"):
    """Return a data set of clips given as content, group and split."""
    table = pd.DataFrame([row.split() for row in rows], columns=["content", "group", "split"])
    table = table.assign(content=table["content"].replace("-", "") * 16, origin=origin)
    return Corpus("d", "p", table, "instruments")


@pytest.fixture
def start(tmp_path):
    """Return the folder of a result that was trained on g, stopped by h, tested on k."""
    write_trained_on(tmp_path / "a", dataset("a g train", "b h validation", "c k test"), None)
    return str(tmp_path / "a")


@pytest.mark.parametrize(("group", "known"), [("g", True), ("h", True), ("k", False), ("l", False)])
def test_groups_that_were_trained_or_validated_on_are_known(start, group, known):
    data = dataset("x m train", f"y {group} test", f"z {group} test", "w n test")
    warnings = start_warnings(data, start)
    assert bool(warnings) is start_knows({"warnings": warnings}) is known
    if known:
        assert warnings[0].startswith(
            "shared-groups: 1 of 2 test instruments (2 of 3 clips) were in the training data of the networks that this "
            f"result starts from ({start})"
        )


def test_names_of_other_data_are_other_groups_but_the_same_sound_is_the_same(start):
    assert start_warnings(dataset("y g test", origin="irmas"), start) == []
    assert start_warnings(dataset("y g test", origin="nsynth, rendered 1234"), start) == []
    assert "1 of 1 test instruments" in start_warnings(dataset("a l test", origin="irmas"), start)[0]
    assert start_warnings(dataset("c l test", origin="irmas"), start) == []
    assert "1 of 1 test instruments" in start_warnings(dataset("y folder/g test"), start)[0]


def test_names_that_people_gave_are_the_same_where_data_have_a_sound_in_common(tmp_path):
    write_trained_on(tmp_path, dataset("a 1 train", "b 2 validation", origin="folder"), None)
    assert start_warnings(dataset("x 3 train", "y 1 test", origin="folder"), str(tmp_path)) == []
    assert "1 of 1 test" in start_warnings(dataset("a 1 train", "y 1 test", origin="folder"), str(tmp_path))[0]
    other = dataset("a 1 train", "y other/1 test", origin="folder")  # the networks' own data, and a stranger's
    assert start_warnings(other, str(tmp_path)) == []
    assert (
        "1 of 2 test" in start_warnings(dataset("b other/1 test", "y other/3 test", origin="folder"), str(tmp_path))[0]
    )


def test_sounds_that_are_not_known_are_not_the_same(tmp_path):
    write_trained_on(tmp_path, dataset("- g train"), None)
    assert start_warnings(dataset("- l test"), str(tmp_path)) == []


def test_a_chain_of_starts_passes_on_what_was_seen(start, tmp_path):
    write_trained_on(tmp_path / "b", dataset("p q train", origin="irmas"), start)
    assert "1 of 2 test instruments" in start_warnings(dataset("x g test", "y l test"), str(tmp_path / "b"))[0]
    assert "1 of 1 test instruments" in start_warnings(dataset("x q test", origin="irmas"), str(tmp_path / "b"))[0]


def test_a_chain_with_a_gap_cannot_be_checked(start, tmp_path):
    write_trained_on(tmp_path / "b", dataset("p q train"), start)
    write_trained_on(tmp_path / "b", dataset("p q train"), str(tmp_path / "nowhere"))
    (warning,) = start_warnings(dataset("x g test"), str(tmp_path / "b"))
    assert start_knows({"warnings": [warning]})
    assert warning.startswith("shared-groups: cannot be checked")
    assert f"it has no {FILE}" in warning


@pytest.mark.parametrize("content", [b"", b"origin,group,content\n", b"\x1f\x8b\x08"])
def test_a_damaged_table_cannot_be_checked(start, tmp_path, content):
    (tmp_path / "a" / FILE).write_bytes(content)
    (warning,) = start_warnings(dataset("x g test"), start)
    assert "cannot be checked" in warning
    assert "damaged" in warning


def test_another_table_cannot_be_checked(start, tmp_path):
    pd.DataFrame({"x": [1]}).to_csv(tmp_path / "a" / FILE, index=False)
    assert f"{FILE} should have the columns origin, group, content" in start_warnings(dataset("x g test"), start)[0]


def test_the_table_is_the_same_for_the_same_data_and_has_all_folds(start, tmp_path):
    data = dataset("a g train", "b h validation", "c k test")
    write_trained_on(tmp_path / "again", data, None)
    assert (tmp_path / "again" / FILE).read_bytes() == (tmp_path / "a" / FILE).read_bytes()
    folds = replace(data, table=data.table.assign(split="train"), folds=np.array([[0, 1, 1]]), grouped=False)
    folds = replace(folds, table=folds.table.assign(id=["1", "2", "3"], labels="x"))
    write_trained_on(tmp_path / "folds", folds, None)
    assert pd.read_csv(tmp_path / "folds" / FILE)["group"].tolist() == ["g", "h", "k"]


def test_nothing_is_said_of_networks_that_start_from_nothing():
    assert start_warnings(dataset("x g test"), None) == []


def test_a_groups_name_is_compared_whole(tmp_path):
    write_trained_on(tmp_path, dataset("a artist/one train", "b one train"), None)
    assert "1 of 1 test" in start_warnings(dataset("y artist/one test"), str(tmp_path))[0]
    assert "1 of 1 test" in start_warnings(dataset("y elsewhere/artist/one test"), str(tmp_path))[0]
    assert start_warnings(dataset("y artist/two test"), str(tmp_path)) == []
