"""Solo music in the layout of IRMAS's testing clips."""

import subprocess
import sys
from pathlib import Path

import pytest

from fusion.datasets.irmas import IRMAS
from fusion.datasets.medley_solos import MedleySolos
from tests.support.medley_solos import METADATA, make

SCRIPT = Path(__file__).parents[2] / "experiments/solos_as_irmas.py"


def lay_out(solos, out):
    return subprocess.run([sys.executable, SCRIPT, solos, out], capture_output=True, text=True)


def same_content(paths):
    return [""] * len(paths)


@pytest.fixture(scope="module")
def solos(tmp_path_factory):
    return make(tmp_path_factory.mktemp("solos"))


def test_each_clip_keeps_its_song_and_its_instrument(solos, tmp_path):
    assert lay_out(solos, tmp_path / "irmas").stdout == f"{tmp_path / 'irmas'}: 96 clips of 48 songs\n"
    there = IRMAS(protocol="single").read_split(tmp_path / "irmas", "test", same_content).table
    own = MedleySolos().read_corpus(solos, same_content).table
    assert there.assign(path=[path.resolve() for path in there["path"]]).set_index("path")["group"].to_dict() == {
        path.resolve(): group for path, group in zip(own["path"], own["group"], strict=True)
    }
    codes = dict(zip(own["path"].map(Path.resolve), own["labels"], strict=True))
    pairs = {(codes[path.resolve()], label) for path, label in zip(there["path"], there["labels"], strict=True)}
    assert pairs == {
        *(("clarinet", "cla"), ("distorted electric guitar", "gel"), ("female singer", "voi"), ("flute", "flu")),
        *(("piano", "pia"), ("tenor saxophone", "sax"), ("trumpet", "tru"), ("violin", "vio")),
    }


def test_a_wrong_line_of_the_metadata_is_named(solos, tmp_path):
    (tmp_path / METADATA).parent.mkdir(parents=True)
    (tmp_path / METADATA).write_text((solos / METADATA).read_text().replace("clarinet", "bassoon", 1))
    (tmp_path / "audio").symlink_to(solos / "audio")
    done = lay_out(tmp_path, tmp_path / "irmas")
    assert done.returncode
    assert "is not that of instrument 'bassoon'" in done.stderr
