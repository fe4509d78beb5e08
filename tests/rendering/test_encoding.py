"""Rendered sounds on a disk that is full."""

import errno
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fusion.errors import FusionError
from fusion.rendering.encoding import Encoding

FLAC = Encoding(".flac", {"format": "FLAC", "subtype": "PCM_16"})


def test_a_sound_is_written_as_soundfile_does(tmp_path):
    y = np.linspace(-0.5, 0.5, 16000, dtype=np.float32)
    FLAC.write(tmp_path / "a.flac", y, 16000)
    soundfile.write(tmp_path / "b.flac", y, 16000, subtype="PCM_16")
    assert (tmp_path / "a.flac").read_bytes() == (tmp_path / "b.flac").read_bytes()


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    def full(path, content):
        path.open("wb").close()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FusionError, match=r"a\.flac: cannot be written: No space left on device; free some space"):
        FLAC.write(tmp_path / "a.flac", np.zeros(10, dtype=np.float32), 16000)
    assert list(tmp_path.iterdir()) == []
