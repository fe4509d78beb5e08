"""Metrics of the embedded sample stay what they were: stored beside this file, measured anew by short trainings.

Exact on the kind of machine where they were stored, within 0.02 elsewhere; of two seeds each, since a single one moves
by as much as that between processors. Who changes them on purpose stores them anew, looks at the difference, and says
in the commit why they changed:

    pytest tests/regression --store -n0
"""

import json
import platform
from importlib.metadata import version
from pathlib import Path

import pytest

from fusion.evaluation.label_task import MULTI_LABEL, SINGLE_LABEL
from tests.support.command import command

STORED = Path(__file__).with_name("sample.json")
EXPERIMENTS = Path(__file__).parents[2] / "experiments"
DECISIONS = {metric.name for task in (SINGLE_LABEL, MULTI_LABEL) for metric in task.metrics}
EPOCHS = {"nsynth_mfcc": 10, "nsynth_fusion": 10, "irmas_fusion": 5}
IN_CI = "nsynth_fusion"  # the others take as long, each


def machine():
    """Return what the last digits depend on: the processor, and the libraries that compute."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())
    libraries = ("tensorflow", "keras", "numpy", "scipy", "scikit-learn", "librosa", "soxr")
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "vectors": sorted({flag for flag in flags.split() if flag.startswith(("avx", "amx", "fma", "asimd", "sve"))}),
        "libraries": {name: version(name) for name in libraries},
    }


def flat(metrics):
    """Return every mean of the network and the reference models as ``{"test accuracy": 0.9}``.

    Metrics of scores are left out: they move more than decisions between processors.
    """
    rows = {"train": metrics["train"], "test": metrics["test"], **metrics["references"]}
    return {
        f"{row} {name}": summary["mean"]
        for row, summaries in rows.items()
        for name, summary in summaries.items()
        if name in DECISIONS
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("regression")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name == IN_CI else pytest.mark.slow) for name in EPOCHS]
)
def test_metrics_are_the_stored_ones(name, place, request):
    epochs = f"training.epochs={EPOCHS[name]}"
    file = EXPERIMENTS / f"{name}.yaml"
    words = ("--sample", "--seeds", "2", "--set", epochs, "--json", "--cache", "cache")
    done = command(place, "run", file, *words, cold=True)
    measured = flat(json.loads(done.stdout))
    stored = json.loads(STORED.read_text()) if STORED.exists() else {"metrics": {}}
    if request.config.getoption("--store"):
        metrics = {**stored["metrics"], name: measured}
        STORED.write_text(json.dumps({"machine": machine(), "metrics": metrics}, indent=1) + "\n")
        return
    same = stored["machine"] == machine()
    assert measured == (stored["metrics"][name] if same else pytest.approx(stored["metrics"][name], abs=0.02))
