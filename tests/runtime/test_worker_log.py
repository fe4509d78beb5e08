"""What workers said is removed, also where the command was killed that would have done it."""

import os
import subprocess
import sys
import tempfile

import pytest

from fusion.runtime.worker_log import worker_log

KILLED = "import os\nfrom fusion.runtime.worker_log import worker_log\nwith worker_log():\n    os._exit(9)\n"


@pytest.mark.skipif(os.name != "posix", reason="elsewhere they stay")
def test_logs_of_killed_commands_are_removed_by_the_next_one(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "fusion-of-another-1-x.log").touch()
    line = [sys.executable, "-c", KILLED]
    assert subprocess.run(line, env={**os.environ, "TMPDIR": str(tmp_path)}).returncode == 9
    assert len(list(tmp_path.iterdir())) == 2
    with worker_log() as first, worker_log() as second:
        assert len(list(tmp_path.iterdir())) == 3  # one that lives is left alone
        assert os.path.exists(first.name) and os.path.exists(second.name)  # noqa: PTH110, PT018
    assert [path.name for path in tmp_path.iterdir()] == ["fusion-of-another-1-x.log"]
