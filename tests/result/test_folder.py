"""A result folder: who may work on it."""

import pytest

from fusion.errors import FusionError
from fusion.result.folder import ResultFolder
from fusion.runtime.known_json import write_known
from tests.support.results import made_up_result


def test_an_error_of_what_is_done_under_the_lock_stays_that_error(tmp_path):
    result = ResultFolder(tmp_path / "result")
    with pytest.raises(FileNotFoundError, match="clip"), result.locked():
        (tmp_path / "clip.wav").read_bytes()
    with pytest.raises(FileNotFoundError), result.locked():  # nobody holds it any more
        (tmp_path / "clip.wav").read_bytes()


def test_a_lock_that_cannot_be_made_is_a_message(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(FusionError, match="cannot be written"), ResultFolder(tmp_path / "file" / "result").locked():
        pass


def test_what_killed_processes_left_is_forgotten(tmp_path):
    result = ResultFolder(tmp_path / "result")
    (result.folder / "seed-1" / "x.tmp-1").mkdir(parents=True)
    (result.folder / "y.tmp-2").write_text("half")
    with result.locked():
        assert not list(result.folder.rglob("*.tmp-*"))


@pytest.mark.parametrize("name", ["../../elsewhere", "/tmp/elsewhere", "..", "", "a/"])
@pytest.mark.parametrize("key", ["experiment", "digest"])
def test_a_result_cannot_be_called_like_another_place(tmp_path, key, name):
    metrics, _ = made_up_result(tmp_path)
    write_known(tmp_path / "metrics.json", metrics | {key: name})
    with pytest.raises(FusionError, match=f"damaged .no {key} as fusion writes it"):
        ResultFolder(tmp_path).finished()
