"""Whether two machines see the same folders: what stands in them tells."""

import shutil

import pytest

from fusion.errors import FusionError
from fusion.runtime.shared_folders import marked, unseen


def test_folders_that_are_there_are_seen_and_nothing_is_left(tmp_path):
    data, cache = tmp_path / "data", tmp_path / "new" / "cache"
    data.mkdir()
    with marked([data, tmp_path / "none"], [cache]) as marks:
        assert sorted(marks) == [str(data), str(cache)]
        assert unseen(marks) == []
        assert len(list(tmp_path.iterdir())) == 2
    assert unseen(marks) == [str(cache)]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_another_folder_under_the_same_path_is_not_the_same_but_one_that_grows_is(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.wav").write_text("")
    (tmp_path / "room.wav").write_text("")
    with marked([data, tmp_path / "room.wav"], []) as marks:
        shutil.copytree(data, tmp_path / "copy")
        (data / "A.wav").write_text("")
        assert unseen(marks) == []
        shutil.rmtree(data)
        (tmp_path / "copy").rename(data)
        assert unseen(marks) == [str(data)]
        (tmp_path / "room.wav").unlink()
        assert unseen(marks) == [str(data), str(tmp_path / "room.wav")]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FusionError, match=r"file.*cannot be written"), marked([], [tmp_path / "file" / "cache"]):
        pass
