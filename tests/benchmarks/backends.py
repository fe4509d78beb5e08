"""Processor time of the sample's baseline with each backend that is installed: keras, one seed, references and all.

    python tests/benchmarks/backends.py [--epochs 50] [--rounds 3]

The backends take turns, each in processes of its own with one thread and stored features. Prints the median of user and
system time of a whole run and of its training, and the accuracy.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from fusion.runtime.backend import BACKENDS

EXPERIMENT = Path(__file__).parents[2] / "experiments" / "nsynth_mfcc.yaml"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    installed = [name for name in BACKENDS if find_spec(name)]
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in installed}
    with tempfile.TemporaryDirectory() as folder:
        fusion = (sys.executable, "-m", "fusion.cli")
        common = (str(EXPERIMENT), "--sample", "--cache", f"{folder}/cache")
        subprocess.run([*fusion, "extract", *common], check=True, capture_output=True)
        words = ("--seeds", "1,", "--jobs", "1", "--force", "--json", "--results", f"{folder}/results")
        command = [*fusion, "run", *common, *words, "--set", f"training.epochs={options.epochs}"]
        for _ in range(options.rounds):
            for name in installed:
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                environment = {**os.environ, "KERAS_BACKEND": name}
                done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                metrics = json.loads(done.stdout)
                whole = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                training, accuracy = metrics["seconds"]["train_processor"], metrics["test"]["accuracy"]["mean"]
                rows[name].append((whole, training, accuracy))
    for name, taken in rows.items():
        whole, training, accuracy = np.median(taken, axis=0)
        print(f"{name:10s} {whole:6.1f} s, of which training {training:6.1f} s; accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
