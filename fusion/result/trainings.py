"""What the finished trainings of a result left behind, over all seeds and folds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusion.datasets.corpus import Corpus, Fold
from fusion.errors import FusionError
from fusion.evaluation.decisions import decide, join_labels
from fusion.result.folder import ResultFolder
from fusion.runtime.tables import read_table

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Trainings:
    """Finished trainings: one of each seed, or where there are folds, one of each seed and fold.

    Attributes
    ----------
    result : ResultFolder
    dataset : Corpus
    seeds : tuple of int
        All are trained.
    """

    result: ResultFolder
    dataset: Corpus
    seeds: tuple[int, ...]

    @cached_property
    def folds(self) -> list[Fold]:
        """Which clips each training of a seed has."""
        return self.dataset.each_fold()

    @cached_property
    def tested(self) -> Ints:
        """Rows of the test clips, fold after fold of the first repeat."""
        return np.concatenate([fold.test for fold in self.folds if not fold.repeat])

    @cached_property
    def by_seed(self) -> list[list[tuple[Path, dict[str, Any]]]]:
        """Folder and summary of each training: a list for each seed, fold after fold."""
        return [list(zip(self.result.trainings(seed), self.result.summaries(seed), strict=True)) for seed in self.seeds]

    @property
    def summaries(self) -> list[dict[str, Any]]:
        """The summary of each training, seed after seed."""
        return [summary for trainings in self.by_seed for _, summary in trainings]

    def seconds(self) -> dict[str, float]:
        """Return how long training and evaluation took.

        Returns
        -------
        dict
            ``train``: while at least one training ran, by the clock, since several may run at once, or on other days.
            ``train_processor``: of all threads. ``evaluate``: predictions of all trainings.
        """
        taken = [summary["seconds"] for summary in self.summaries]
        alone = [each["train"] for each, summary in zip(taken, self.summaries, strict=True) if "began" not in summary]
        train, end = float(sum(alone)), 0.0  # trainings of an older fusion do not tell when they began
        for began, length in sorted(
            (each["began"], each["seconds"]["train"]) for each in self.summaries if "began" in each
        ):
            train += max(0.0, began + length - max(began, end))
            end = max(end, began + length)
        processor = sum(each.get("train_processor", each["train"]) for each in taken)
        return {"train": train, "train_processor": processor, "evaluate": sum(each["evaluate"] for each in taken)}

    def test_predictions(self) -> list[tuple[Floats, Bools]]:
        """Return scores and decisions of the test clips for each seed and repeat, ``(clips, classes)`` each.

        Raises
        ------
        FusionError
            If a training's predictions are for other clips.
        """
        predictions = []
        for trainings in self.by_seed:
            scores = [
                _read_scores(folder, self.dataset, fold.test)
                for (folder, _), fold in zip(trainings, self.folds, strict=True)
            ]
            decisions = [
                decide(values, summary.get("threshold")) for values, (_, summary) in zip(scores, trainings, strict=True)
            ]
            predictions += self._by_repeat(scores, decisions)
        return predictions

    def _by_repeat(self, scores: list[Floats], decisions: list[Bools]) -> list[tuple[Floats, Bools]]:
        """Return what the trainings of one seed say of the test clips, once for each repeat."""
        whole: Floats = np.zeros((self.dataset.repeats, len(self.dataset.table), len(self.dataset.classes)))
        decided = np.zeros(whole.shape, dtype=bool)
        for fold, values, decision in zip(self.folds, scores, decisions, strict=True):
            whole[fold.repeat, fold.test], decided[fold.repeat, fold.test] = values, decision
        return [(whole[repeat, self.tested], decided[repeat, self.tested]) for repeat in range(self.dataset.repeats)]

    def temperatures(self) -> list[Floats]:
        """Return the temperature of the network that tests each clip, for each seed and repeat, ``(clips,)`` each."""
        temperatures = []
        for trainings in self.by_seed:
            whole: Floats = np.ones((self.dataset.repeats, len(self.dataset.table)))
            for fold, (_, summary) in zip(self.folds, trainings, strict=True):
                whole[fold.repeat, fold.test] = summary["temperature"]
            temperatures += list(whole[:, self.tested])
        return temperatures

    def train_predictions(self, number: int) -> list[tuple[Floats, Bools]]:
        """Return scores and decisions of the training clips of one fold for each seed, ``(clips, classes)`` each."""
        predictions = []
        for trainings in self.by_seed:
            folder, summary = trainings[number]
            scores = np.load(folder / "train.npy", allow_pickle=False).astype(np.float64)
            if scores.ndim == 1:
                raise FusionError(f"{folder / 'train.npy'}: written by an older fusion; run again with --force")
            predictions.append((scores, decide(scores, summary.get("threshold"))))
        return predictions

    def write_predictions(self, predictions: list[tuple[Floats, Bools]]) -> None:
        """Write predictions.csv over all seeds, from what `test_predictions` gives."""
        clips = self.dataset.table.loc[self.tested, ["id", "group", "labels"]].to_numpy()
        repeats, folds = self.dataset.repeats, self.dataset.folds
        columns = [*(["repeat"] if repeats > 1 else []), *(["fold"] if folds is not None else [])]
        rows = []
        for number, (scores, decisions) in enumerate(predictions):
            repeat = number % repeats
            divided = np.zeros(len(clips), dtype=int) if folds is None else folds[repeat, self.tested]
            for (clip, group, labels), fold, values, decision in zip(clips, divided, scores, decisions, strict=True):
                where = (repeat, int(fold))[2 - len(columns) :]
                predicted = labels, join_labels(self.dataset.classes, decision)
                rows.append((clip, group, self.seeds[number // repeats], *where, *predicted, *map(_digits, values)))
        header = ["clip", "group", "seed", *columns, "true", "predicted", *self.dataset.classes]
        self.result.write_table("predictions.csv", header, rows)

    def write_history(self) -> None:
        """Write history.csv over all seeds."""
        tables = []
        for seed, trainings in zip(self.seeds, self.by_seed, strict=True):
            for fold, (folder, _) in zip(self.folds, trainings, strict=True):
                which: dict[str, int] = {"seed": seed}
                if fold.fold is not None:  # named as in predictions.csv
                    repeat = {"repeat": fold.repeat} if self.dataset.repeats > 1 else {}
                    which |= repeat | {"fold": fold.fold % (len(self.folds) // self.dataset.repeats)}
                tables.append(pd.DataFrame(which, index=[0]).merge(read_table(folder / "history.csv"), how="cross"))
        history = pd.concat(tables)
        self.result.write_table("history.csv", list(history), history.itertuples(index=False, name=None))


def _read_scores(folder: Path, dataset: Corpus, clips: Ints) -> Floats:
    """Return a training's scores of the test clips, ``(clips, classes)``."""
    try:
        table = read_table(folder / "predictions.csv")
        scores = table.iloc[:, 1:].to_numpy(dtype=np.float64)
    except (OSError, ValueError) as error:
        raise FusionError(f"{folder / 'predictions.csv'}: damaged ({error}); run again with --force") from None
    wanted = list(dataset.table["id"].to_numpy()[clips])
    if list(table)[1:] != list(dataset.classes) or list(table.iloc[:, 0]) != wanted:
        raise FusionError(f"{folder}: its predictions are for other clips; run again with --force")
    return scores


def _digits(score: float) -> str:
    return f"{score:.7g}"
