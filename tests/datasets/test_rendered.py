"""The record of a render: its groups and its leaks reach the data set, and a strange one is refused."""

import json

import pytest

from fusion.datasets.data import read_data
from fusion.datasets.irmas import IRMAS
from fusion.datasets.rendered import read_rendered
from fusion.errors import FusionError
from fusion.runtime.progress import Progress
from fusion.runtime.workplace import Workplace
from tests.support.irmas import make


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make(tmp_path_factory.mktemp("irmas"), recordings=3, songs=2)


def read(root, cache, protocol="official"):
    place = Workplace(root, False, cache, cache, 1, Progress(quiet=True))
    return read_data(IRMAS(protocol=protocol, **({"folds": 2} if protocol == "cv" else {})), place).dataset


def leaks(data):
    return [note for note in data.notes if note.startswith("shared-groups:")]


def test_songs_of_one_lead_are_one_group_also_where_the_data_are_moved(root, tmp_path):
    plain = read(root, tmp_path)
    (root / "render.json").write_text(json.dumps({"groups": {"00 - Émile - Song 0": "a", "02 - Émile - Song 2": "a"}}))
    moved = root.rename(root.with_name("moved"))
    data = read(moved, tmp_path)
    moved.rename(root)
    groups = data.part("test").set_index("id")["group"]
    assert groups.nunique() == plain.part("test")["group"].nunique() - 1
    assert set(groups[["Song 0" in name or "Song 2" in name for name in groups.index]]) == {"a"}
    assert set(plain.table["origin"]) == {"irmas"}
    assert [origin[:16] for origin in set(data.table["origin"])] == ["irmas, rendered "]


def test_shared_programs_are_told_in_every_result_that_tests_on_them(root, tmp_path):
    record = {"shared": ["cel", "cla"], "shared_with_notes": ["gac"]}
    (root / "render.json").write_text(json.dumps(record))
    data = leaks(read(root, tmp_path))
    assert [text.split(" play ")[0] for text in data[:1]] == ["shared-groups: the test's programs of cel, cla"]
    assert "gac are training instruments of the practice notes" in data[1]
    assert leaks(read(root, tmp_path, "cv")) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "not valid JSON"),
        ("\udcff", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("[1]", "should be an object, found a list"),
        ('{"shared": "cel"}', "shared: should be a list of classes"),
        ('{"shared_with_notes": [1]}', "shared_with_notes: should be a list of classes"),
        ('{"groups": ["a"]}', "groups: should name the group of each song"),
        ('{"groups": {"a": 1}}', "groups: should name the group of each song"),
        ('{"groups": {"a": ""}}', "groups: should name the group of each song"),
    ],
)
def test_a_strange_record_is_refused(tmp_path, text, what):
    (tmp_path / "render.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(FusionError, match=what) as error:
        read_rendered(tmp_path)
    assert str(tmp_path / "render.json") in str(error.value)


def test_data_that_were_not_rendered_have_no_record(tmp_path):
    assert read_rendered(tmp_path) is None
    (tmp_path / "render.json").write_text('{"preset": "practice", "warnings": []}')
    assert read_rendered(tmp_path).warnings() == []


def test_an_identity_has_eight_digits_and_follows_from_the_record(tmp_path):
    (tmp_path / "render.json").write_text("{}")
    first = read_rendered(tmp_path).identity
    (tmp_path / "render.json").write_text("{} ")
    assert len(first) == len(read_rendered(tmp_path).identity) == 8
    assert first != read_rendered(tmp_path).identity
    assert (read_rendered(tmp_path).groups, list(read_rendered(tmp_path).shared)) == ({}, [])
