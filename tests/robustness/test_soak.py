"""A command that goes on for long: its memory stays as it is, and it leaves no descriptors, files or processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.support.notes import names, write_part
from tests.support.processes import below

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")

SPEC = """
dataset: {name: nsynth}
features: [rms, zero_crossing_rate, spectral_centroid, spectral_rolloff, spectral_flatness]
model: {dense_units: [4]}
training: {epochs: 1, batch_size: 64}
"""
SEEDS = int(os.environ.get("FUSION_SEEDS", "7"))  # of 31 arms: 217 trainings
MOST = 0.5  # MB a training


def resident(pid: int) -> float:
    """Return the memory of a process in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def looked_at(pid: int, folder: Path) -> list[float]:
    """Return trainings done, memory of the command and of its largest worker, descriptors, processes and files."""
    below_it = below(pid)
    done = len(list(folder.glob("results/*/*/seed-*/summary.json")))
    descriptors = sum(len(list(Path(f"/proc/{each}/fd").iterdir())) for each in (pid, *below_it))
    memory = [resident(each) for each in below_it]
    return [done, resident(pid), max(memory), descriptors, len(below_it), len(list((folder / "tmp").iterdir()))]


@pytest.mark.slow
def test_two_hundred_trainings_in_one_ablation(tmp_path):
    for split, numbers, first in (("train", [0, 1, 3], 40), ("valid", [2], 40), ("test", [5], 41)):
        write_part(
            tmp_path / "nsynth" / f"nsynth-{split}", names(["bass", "flute"], numbers, range(first, first + 15, 5))
        )
    (tmp_path / "x.yaml").write_text(SPEC)
    (tmp_path / "tmp").mkdir()
    line = [sys.executable, "-m", "fusion.cli", "ablate", "x.yaml", "--data", "nsynth", "--mode", "all", "--jobs", "2"]
    line += ["--seeds", str(SEEDS)]
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    with (tmp_path / "out").open("wb") as out:
        command = subprocess.Popen(line, cwd=tmp_path, env=environment, stdout=out, stderr=out)
        rows = []
        while command.poll() is None:
            time.sleep(2)
            try:
                rows.append(looked_at(command.pid, tmp_path))
            except (OSError, ValueError):  # a process ended meanwhile, or there is none yet
                continue
    np.savetxt(os.environ.get("FUSION_SOAK", tmp_path / "soak.txt"), rows, "%.1f")
    assert command.returncode == 0, (tmp_path / "out").read_text()[-2000:]
    assert not list((tmp_path / "tmp").iterdir())
    assert not list(tmp_path.rglob("*.tmp-*"))
    assert not list(tmp_path.rglob("*.lock"))
    table = np.array([row for row in rows if 0.1 * rows[-1][0] < row[0] < rows[-1][0]])  # at work, all imported
    slopes = np.polyfit(table[:, 0], table[:, 1:], 1)[0]
    print(
        f"{rows[-1][0]:.0f} trainings; a training: {slopes.round(3).tolist()} (MB, MB, descriptors, processes, files)"
    )
    early, late = (np.percentile(part[:, 2], 90) for part in np.array_split(table, 2))
    print(f"largest worker: first half {early:.0f} MB, second half {late:.0f} MB; command {table[:, 1].max():.0f} MB")
    assert late < 1.1 * early
    assert (slopes < [MOST, MOST, 0.02, 0.01, 0.01]).all()
