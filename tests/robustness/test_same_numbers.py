"""Twenty repeats of one run: the same bits, whatever differs around it."""

from __future__ import annotations

import os
import random
import shutil
import time
from contextlib import ExitStack
from unittest import mock

import numpy as np
import pytest

from tests.support.clusters import scheduler, wait, worker, workers_of
from tests.support.cold import start
from tests.support.command import command
from tests.support.left_behind import SPEC, snapshot
from tests.support.notes import names, write_part

ZONES = ("UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati")
LOCALES = ("C", "C.UTF-8", "POSIX", "tr_TR.UTF-8", "de_DE.UTF-8")
REPEATS = int(os.environ.get("FUSION_REPEATS", "20"))


def numbers(folder):
    """Return all that a run computed: tables, metrics, the store, and the scores of the training clips."""
    (result,) = folder.glob("results/*/*/metrics.json")
    scores = {path.parent.name: np.load(path).tobytes() for path in result.parent.glob("seed-*/train.npy")}
    assert len(scores) == 2
    return result.parent.name, snapshot(folder), scores


@pytest.mark.slow
def test_twenty_repeats_are_bit_identical(tmp_path):
    chance = random.Random(20)
    for split, instruments, first in (("train", [0, 1, 3], 40), ("valid", [2], 40), ("test", [5], 41)):
        notes = names(["bass", "flute"], instruments, range(first, first + 20, 5))
        write_part(tmp_path / "nsynth" / f"nsynth-{split}", notes)
    shutil.copytree(tmp_path / "nsynth", tmp_path / "Ünüsual name's" / "nsynth")
    found = []
    with ExitStack() as cluster:
        file, _ = cluster.enter_context(scheduler(tmp_path))
        for number in range(REPEATS):
            on_cluster = number in (7, 13)
            place = tmp_path / f"repeat {number}"
            folder = place / chance.choice(("", "deep/er", "ş"))
            folder.mkdir(parents=True)
            (place / "x.yaml").write_text(SPEC)
            data = chance.choice((tmp_path, tmp_path / "Ünüsual name's")) / "nsynth"
            words = [
                "run",
                os.path.relpath(place / "x.yaml", folder),
                "--data",
                chance.choice((data, os.path.relpath(data, folder))),
            ]
            words += ["--results", place / "results", "--cache", place / "cache"]
            surroundings = {"TZ": chance.choice(ZONES), "LC_ALL": chance.choice(LOCALES)}
            with ExitStack() as crew:
                if on_cluster:
                    crew.enter_context(worker(file))
                    wait(lambda: workers_of(file))
                words += ["--cluster", file] if on_cluster else ["--jobs", 1 + number % 2]
                if on_cluster or not number % 4:  # as people start it, each time with another order of sets
                    said = start(folder, words, PYTHONHASHSEED=str(chance.randrange(2**32)), **surroundings)
                    output, _ = said.communicate(timeout=900)
                    assert said.returncode == 0, output
                else:
                    with mock.patch.dict(os.environ, surroundings):
                        time.tzset()
                        command(folder, *words)
            found.append(numbers(place))
            assert found[-1] == found[0], (number, words, surroundings)
            shutil.rmtree(place)
    time.tzset()
    print(f"{len(found)} repeats")
