"""A result folder: ``results/<experiment>/<digest>``, and which seeds in it are finished.

::

    spec.yaml          the resolved settings: an experiment file that repeats the result
    environment.json   versions, commit, device, threads
    seed-<n>/          model.keras, history.csv, predictions.csv, familiarity.npz (how near clips are to those that
                       trained), map.npz and classes.npz (for report.html), summary.json; there when training finished
    tensorboard/       logs of trainings, where they were asked for
    stress.json        what `fusion stress` found, with stress.csv, stress.png and stress.html
    trained_on.csv.gz  groups and sounds that the networks have seen
    clips.csv.gz       where the sound of the test clips is
    references.csv     what the reference models predicted
    predictions.csv, history.csv, metrics.json, confusion.png, curves.png, reliability.png, report.html
                       made from the above; metrics.json is written last
    checksums.json     content hashes of tables and settings; JSON files have their own as the last key
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fusion.errors import FusionError
from fusion.result.checksums import changed_files, refuse_changed
from fusion.runtime.files import is_content, unwritable, write_text
from fusion.runtime.known_json import read_known, write_known
from fusion.runtime.lock import alone
from fusion.runtime.names import is_file_name
from fusion.runtime.tables import write_table
from fusion.runtime.versions import version_changes, versions
from fusion.settings.document import read
from fusion.settings.experiment import Experiment
from fusion.settings.strict_yaml import dump

# what a finished result consists of, beside metrics.json and what is made of these
_PARTS = ("spec.yaml", "environment.json", "references.csv", "predictions.csv", "history.csv", "report.html")

# what every training says of itself
_SAID = {"seed", "epochs", "parameters", "best_epoch", "versions", "threshold", "train", "seconds", "device"}

_NEEDED = {
    **dict.fromkeys(("experiment", "digest", "dataset"), str),
    **{"classes": list, "seeds": list, "warnings": list, "test": dict, "references": dict},
}
"""What metrics.json of every result has, and of which type."""


@dataclass(frozen=True)
class ResultFolder:
    """One result folder."""

    folder: Path

    def seed_folder(self, seed: int) -> Path:
        """Return where a seed's network lies or will lie."""
        return self.folder / f"seed-{seed}"

    def trained(self) -> list[int]:
        """Return the seeds whose training finished, in order."""
        names = [path.name.removeprefix("seed-") for path in self.folder.glob("seed-*") if self._whole(path)]
        return sorted(int(name) for name in names if name.isdigit())

    def _whole(self, folder: Path) -> bool:
        """Say whether a seed's folder has its training, or those of all folds."""
        folds = [path.parent for path in folder.glob("fold-*/summary.json")]
        count = read_summary(folds[0]).get("folds") if folds else 1
        return count == len(folds or [folder]) and all(map(is_trained, folds or [folder]))

    def trainings(self, seed: int) -> list[Path]:
        """Return the folders of a seed's trainings: its own, or one a fold in order."""
        folder = self.seed_folder(seed)
        folds = list(folder.glob("fold-*/summary.json"))
        return sorted((path.parent for path in folds), key=lambda path: int(path.name[5:])) or [folder]

    def metrics(self) -> dict[str, Any] | None:
        """Return metrics.json, or None where it is not there yet.

        Raises
        ------
        FusionError
            If it is not as it was written.
        """
        return self._json("metrics.json")

    def believed_metrics(self) -> dict[str, Any] | None:
        """Return metrics.json, or None where it is not there or not as it was written."""
        return None if changed_files(self.folder, ["metrics.json"]) else self.metrics()

    def finished(self) -> dict[str, Any]:
        """Return metrics.json of a result that is to be used.

        Raises
        ------
        FusionError
            If the folder is no finished result.
        """
        metrics = self.metrics()
        if metrics is None and (self.folder / "study.json").is_file():
            raise FusionError(f"{self.folder}: a study; its arms are results, {self.folder.parent}.<arm>/...: name one")
        if metrics is None and (self.folder / "search").is_dir():
            raise FusionError(f"{self.folder}: a search; run its search/best.yaml, which makes a result")
        if metrics is None:
            raise FusionError(
                f"{self.folder}: no result folder (no metrics.json); name one that `fusion run` or `fusion evaluate` "
                "printed"
            )
        lacks = [name for name, kind in _NEEDED.items() if not isinstance(metrics.get(name), kind)]
        lacks += [name for name in ("classes", "seeds", "test") if name not in lacks and not metrics[name]]
        # folders are called so, and a stranger's result must not lead elsewhere
        lacks += [name for name in ("experiment", "digest") if name not in lacks and not is_file_name(metrics[name])]
        if lacks or not all(isinstance(text, str) for text in metrics["warnings"]):
            what = f"no {' and no '.join(lacks)} as fusion writes it" if lacks else "warnings that are no texts"
            raise FusionError(f"{self.folder / 'metrics.json'}: damaged ({what}); run the experiment again")
        return metrics

    def environment(self) -> dict[str, Any]:
        """Return environment.json; empty where it is not there."""
        return self._json("environment.json") or {}

    def settings(self) -> dict[str, Any]:
        """Return the resolved settings; empty where they are not there, FusionError where they were changed."""
        refuse_changed(self.folder, "spec.yaml")
        path = self.folder / "spec.yaml"
        return read(path).data if path.is_file() else {}

    def summaries(self, seed: int) -> list[dict[str, Any]]:
        """Return what a seed's trainings wrote about themselves, one a fold."""
        return [read_summary(folder) for folder in self.trainings(seed)]

    def damaged(self) -> list[str]:
        """Return which files, of the result and of its trainings, are not as they were written, with their folders."""
        folders = sorted(path.parent for path in self.folder.glob("seed-*/**/summary.json"))
        own = [str(self.folder / name) for name in changed_files(self.folder)]
        return [*own, *(str(folder / name) for folder in folders for name in damaged_files(folder))]

    def changes(self) -> list[str]:
        """Return which versions differ between the trained seeds and what is installed, as ``numpy 2.0 -> 2.1``."""
        now = versions()
        changes = [
            change
            for seed in self.trained()
            for summary in self.summaries(seed)
            for change in version_changes(summary["versions"], now)
        ]
        return list(dict.fromkeys(changes))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from working on this result; forget what killed ones left half-written.

        Raises
        ------
        FusionError
            If another process is at it.
        """
        path = self.folder.with_name(f".{self.folder.name}.lock")
        with ExitStack() as lock:
            try:
                lock.enter_context(alone(path, f"{self.folder}: another run is at work on this result; wait for it"))
                for left in [*self.folder.glob("*.tmp-*"), *self.folder.glob("seed-*/*.tmp-*")]:
                    shutil.rmtree(left) if left.is_dir() else left.unlink()
            except OSError as error:
                raise unwritable(path, error) from error
            yield

    def covers(self, seeds: Iterable[int], references: Iterable[str]) -> bool:
        """Say whether all these seeds are trained, and in the metrics with all these reference models."""
        metrics = self.believed_metrics()
        if metrics is None or of_older_method(metrics) or not set(references) <= set(metrics["references"]):
            return False
        if not all((self.folder / name).is_file() for name in _PARTS) or changed_files(self.folder):
            return False
        return set(seeds) <= set(metrics["seeds"]) & set(self.trained())

    def networks(self, seed: int) -> list[Path]:
        """Return a seed's networks: one, or one a fold."""
        return sorted(self.seed_folder(seed).glob("**/model.keras"))

    def write_spec(self, experiment: Experiment) -> None:
        """Write the resolved settings."""
        write_text(self.folder / "spec.yaml", dump(experiment.settings()))

    def write_environment(self, experiment: Experiment, device: str, data: Path | None) -> None:
        """Write versions of fusion, libraries and features, commit, device, threads, the data's folder and the date."""
        run = {
            "features": experiment.versions(),
            "threads": experiment.training.threads,
            "device": device,
            "data": None if data is None else str(data),
            "date": datetime.now(UTC).isoformat(timespec="minutes"),
        }
        write_known(self.folder / "environment.json", {**versions(), **run})

    def write_table(self, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write a CSV file."""
        write_table(self.folder / name, header, rows)

    def _json(self, name: str) -> dict[str, Any] | None:
        path = self.folder / name
        if not path.exists():
            return None
        try:
            return read_known(path)
        except ValueError as error:
            raise FusionError(f"{path}: {error}; run the experiment again, which makes it anew") from None


def of_older_method(metrics: dict[str, Any]) -> bool:
    """Say whether intervals come from an older fusion: not by the method that everything is compared by now."""
    summaries = [summary for summary in metrics["test"].values() if isinstance(summary, dict)]
    return not any("df" in summary for summary in summaries)


def is_trained(folder: Path) -> bool:
    """Say whether a training's folder holds what the training wrote, to the last bit."""
    return read_summary(folder).keys() >= _SAID and not damaged_files(folder)


def damaged_files(folder: Path) -> list[str]:
    """Return the names of files that are not as a training wrote them; of an older fusion that is not known."""
    if not (folder / "summary.json").is_file():
        return []
    files = (read_summary(folder) or {"files": {"summary.json": ""}}).get("files", {})
    return [name for name, content in files.items() if not is_content(folder / name, content)]


def read_summary(folder: Path) -> dict[str, Any]:
    """Return what a training wrote about itself; empty if that is not there or damaged."""
    try:
        return read_known(folder / "summary.json")
    except (OSError, ValueError):
        return {}


def threshold_of(folder: Path) -> float | None:
    """Return the score from which a network counts a class as heard, None where the largest one does."""
    threshold: float | None = read_summary(folder).get("threshold")
    return threshold
