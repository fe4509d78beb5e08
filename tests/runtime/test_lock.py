"""A lock keeps other processes out, on this machine and on others."""

import math
import re
import socket
import subprocess
import sys
from contextlib import nullcontext
from threading import Event, Thread, Timer

import pytest

from fusion.errors import FusionError
from fusion.runtime import lock as lock_module
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


def test_who_holds_it_is_named_and_who_waits_gets_it(tmp_path):
    lock = tmp_path / ".lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        who = rf"busy: it is process {other.pid} on {re.escape(socket.gethostname())}$"
        with pytest.raises(FusionError, match=who), alone(lock, "busy"):
            pass
        Timer(0.5, other.stdin.close).start()
        with pytest.warns(UserWarning, match=who), alone(lock, "busy", math.inf):
            assert lock.exists()


@pytest.mark.parametrize("alive", [True, False])
def test_another_machines_lock_counts_as_long_as_it_gives_signs_of_life(tmp_path, monkeypatch, alive):
    monkeypatch.setattr(lock_module, "_LEASE", 2.0)
    lock = tmp_path / ".lock"
    with alone(lock, "busy"):
        there = lock.read_text().replace(f"host={socket.gethostname()}", "host=elsewhere")
    lock.write_text(there)
    over = Event()
    beat = Thread(target=lambda: [lock.touch() for _ in iter(lambda: over.wait(0.2), True)])
    if alive:
        beat.start()
    try:
        with nullcontext() if not alive else pytest.raises(FusionError, match=r"on elsewhere$"), alone(lock, "busy"):
            assert not alive
    finally:
        over.set()


def test_a_lock_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"), alone(tmp_path / "file" / ".lock", "busy"):
        pass
