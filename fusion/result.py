"""A result folder: ``results/<experiment>/<digest>``, and which seeds in it are finished.

::

    spec.yaml          the resolved settings: an experiment file that repeats the result
    environment.json   versions, commit, device, threads
    seed-<n>/          model.keras, history.csv, predictions.csv, summary.json; there when training finished
    references.csv     what the reference lines predicted
    predictions.csv, history.csv, metrics.json, confusion.png, curves.png, report.html
                       made from the above; metrics.json is written last
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fusion
from fusion.errors import FusionError
from fusion.files import replacing, unwritable, write_json, write_text
from fusion.spec import Experiment
from fusion.spec.document import dump

_LIBRARIES = ("keras", "keras-tuner", "librosa", "numpy", "pandas", "scikit-learn", "scipy", "soundfile", "tensorflow")


def digest(experiment: Experiment, data: str, sample: bool, networks: str = "") -> str:
    """Return the 12 hex digits that name a result.

    Parameters
    ----------
    experiment : Experiment
    data : str
        Fingerprint of the data.
    sample : bool
        Whether the data are the embedded sample.
    networks : str
        Digest of the result whose networks are applied, where none are trained.
    """
    covered = {"settings": experiment.identity(), "data": data, "sample": sample}
    if networks:
        covered["networks"] = networks
    return hashlib.sha256(json.dumps(covered, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Result:
    """One result folder."""

    folder: Path

    def seed_folder(self, seed: int) -> Path:
        """Return where a seed's network lies or will lie."""
        return self.folder / f"seed-{seed}"

    def trained(self) -> list[int]:
        """Return the seeds whose training finished, in order."""
        names = [path.parent.name.removeprefix("seed-") for path in self.folder.glob("seed-*/summary.json")]
        return sorted(int(name) for name in names if name.isdigit())

    def metrics(self) -> dict[str, Any] | None:
        """Return metrics.json, or None where it is not there yet.

        Raises
        ------
        FusionError
            If it is not readable.
        """
        return self._json("metrics.json")

    def environment(self) -> dict[str, Any]:
        """Return environment.json; empty where it is not there."""
        return self._json("environment.json") or {}

    def summary(self, seed: int) -> dict[str, Any]:
        """Return what a seed's training wrote about itself."""
        return self._json(f"seed-{seed}/summary.json") or {}

    def changes(self) -> list[str]:
        """Return which versions differ between the trained seeds and what is installed, as ``numpy 2.0 -> 2.1``."""
        now = versions()
        found = [change for seed in self.trained() for change in version_changes(self.summary(seed)["versions"], now)]
        return list(dict.fromkeys(found))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from working on this result; forget what killed ones left half-written.

        Raises
        ------
        FusionError
            If another process is at it.
        """
        path = self.folder.with_name(f".{self.folder.name}.lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise FusionError(f"{self.folder}: another run is at work on this result; wait for it") from None
                for left in self.folder.glob("*.tmp-*"):
                    shutil.rmtree(left) if left.is_dir() else left.unlink()
                try:
                    yield
                finally:
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise FusionError(unwritable(path, error)) from error

    def covers(self, seeds: Iterable[int]) -> bool:
        """Say whether all these seeds are trained and in the metrics."""
        metrics = self.metrics()
        return metrics is not None and set(seeds) <= set(metrics["seeds"]) & set(self.trained())

    def references(self) -> dict[tuple[str, int], dict[str, str]]:
        """Return the stored predictions of the reference lines: clip to class by name and seed."""
        path = self.folder / "references.csv"
        stored: dict[tuple[str, int], dict[str, str]] = {}
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    stored.setdefault((row["reference"], int(row["seed"])), {})[row["clip"]] = row["predicted"]
        return stored

    def write_references(self, predictions: dict[tuple[str, int], dict[str, str]]) -> None:
        """Write the predictions of the reference lines."""
        rows = [
            (clip, name, seed, label) for (name, seed), of in sorted(predictions.items()) for clip, label in of.items()
        ]
        self.write_table("references.csv", ["clip", "reference", "seed", "predicted"], rows)

    def write_spec(self, experiment: Experiment) -> None:
        """Write the resolved settings."""
        write_text(self.folder / "spec.yaml", dump(experiment.settings()))

    def write_environment(self, experiment: Experiment, device: str, data: Path | None) -> None:
        """Write versions of fusion, libraries and features, commit, device, threads and where the data were."""
        more = {
            "features": experiment.versions(),
            "threads": experiment.training.threads,
            "device": device,
            "data": None if data is None else str(data),
        }
        write_json(self.folder / "environment.json", {**versions(), **more})

    def write_table(self, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write a CSV file."""
        with (
            replacing(self.folder / name) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)

    def _json(self, name: str) -> dict[str, Any] | None:
        path = self.folder / name
        if not path.exists():
            return None
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise FusionError(f"{path}: not valid JSON ({error}); delete it and run the experiment again") from None
        if not isinstance(value, dict):
            raise FusionError(f"{path}: should be an object; delete it and run the experiment again")
        return value


def versions() -> dict[str, Any]:
    """Return what may change numbers from one machine to another."""
    return {
        "fusion": fusion.__version__,
        "commit": _commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
        "libraries": {name: _version(name) for name in _LIBRARIES},
    }


def _version(library: str) -> str | None:
    """Return a library's version; None for one that goes by another name, as tensorflow-cpu does."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def version_changes(recorded: dict[str, Any], installed: dict[str, Any]) -> list[str]:
    """Return which versions differ, as ``numpy 2.0 -> 2.1``; both as `versions` gives them."""
    old, new = decisive_versions(recorded), decisive_versions(installed)
    return [f"{name} {old[name]} -> {now}" for name, now in new.items() if old.get(name) not in (None, now)]


def decisive_versions(of: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return those of `versions` that numbers depend on: fusion's, the backend's and the libraries'."""
    every = versions() if of is None else of
    return {"fusion": every.get("fusion"), "backend": every.get("backend"), **every.get("libraries", {})}


def _commit() -> str | None:
    """Return the commit of the checkout that fusion runs from, None outside one."""
    root = Path(fusion.__file__).parent.parent
    if not (root / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
