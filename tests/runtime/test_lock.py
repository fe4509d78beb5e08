"""A lock keeps other processes out, and where there are none a warning says so."""

import errno
import os
import subprocess
import sys

import pytest

from fusion.errors import FusionError
from fusion.runtime.lock import alone

HOLD = "import sys, pathlib, fusion.runtime.lock as l\nwith l.alone(pathlib.Path(sys.argv[1]), ''): print(1, flush=True); input()"


def test_one_process_at_a_time(tmp_path):
    lock = tmp_path / "new" / ".lock"
    with alone(lock, "busy"), pytest.raises(FusionError, match="busy"), alone(lock, "busy"):
        pass
    with alone(lock, "busy"):
        assert lock.exists()
    assert not list(lock.parent.iterdir())


def test_a_killed_process_leaves_no_lock_behind(tmp_path):
    lock = tmp_path / ".lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        with pytest.raises(FusionError, match="busy"), alone(lock, "busy"):
            pass
        other.kill()
    with alone(lock, "busy"):
        pass
    assert not lock.exists()


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_warned_of(tmp_path, monkeypatch, code):
    def refused(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(pytest.importorskip("fcntl"), "flock", refused)
    entered = False
    with (
        pytest.warns(UserWarning, match=r"\.lock: .*no locks here; start nothing else") as caught,
        alone(tmp_path / ".lock", "busy"),
    ):
        entered = True
    assert entered
    assert caught[0].filename == __file__
    assert not list(tmp_path.iterdir())


def test_a_lock_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"), alone(tmp_path / "file" / ".lock", "busy"):
        pass
