"""What a terminal shows while networks train: one table, a line for each training."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

_ROWS = 12
_METRICS = {"loss": "loss", "val_loss": "val. loss", "accuracy": "accuracy", "val_accuracy": "val. accuracy"}


@dataclass
class _Training:
    """One training: when its first and its last epoch ended, how many these are, and the last one's metrics."""

    first: float = 0.0
    last: float = 0.0
    epoch: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)
    over: bool = False

    def pace(self) -> float | None:
        """Return seconds an epoch, of all but the first one, in which the network is built; None: not known yet."""
        return (self.last - self.first) / (self.epoch - 1) if self.epoch > 1 else None


class TrainingTable:
    """Hears of epochs, and makes the table.

    Parameters
    ----------
    names : sequence of str
        Of all trainings that are to come.
    epochs : int
        That a training has at most.
    """

    def __init__(self, names: Sequence[str], epochs: int) -> None:
        self.epochs = epochs
        self.trainings = {name: _Training() for name in names}

    def receive(self, name: str, epoch: int, metrics: Mapping[str, float], over: bool) -> None:
        """Take the metrics of an epoch; or that a training is over, which may be early."""
        training, now = self.trainings[name], time.monotonic()
        training.over = over
        if not over:
            training.first = training.first or now
            training.last, training.epoch, training.metrics = now, epoch, metrics

    def left(self) -> float | None:
        """Return how many seconds all will take at most; None until a training has done two epochs."""
        paces = [pace for training in self.trainings.values() if (pace := training.pace()) is not None]
        if not paces:
            return None
        running = max(1, sum(bool(training.epoch) and not training.over for training in self.trainings.values()))
        rest = sum(self.epochs - training.epoch for training in self.trainings.values() if not training.over)
        return rest * sum(paces) / len(paces) / running

    def table(self) -> Table:
        """Return the trainings that run, below some that are over."""
        from rich.table import Table

        seen = [(name, training) for name, training in self.trainings.items() if training.epoch]
        over = sum(training.over for _, training in seen)
        count = len(self.trainings)
        left = self.left()
        title = f"training {count} network{'s' * (count > 1)}: {over} done"
        if left is not None and over < count:
            title += f", at most {duration(left)} left"
        grid = Table(title=title, title_justify="left")
        metrics = [key for key in _METRICS if any(key in training.metrics for _, training in seen)]
        for column in ("training", "epoch", "s an epoch", *(_METRICS[key] for key in metrics), "left"):
            grid.add_column(column, justify="left" if column == "training" else "right", overflow="fold")
        shared = os.path.commonpath(
            [name.rpartition("/")[0] for name in self.trainings] or [""]
        )  # the same in all rows
        seen.sort(key=lambda pair: (not pair[1].over, pair[1].last if pair[1].over else 0.0))
        for name, training in seen[-_ROWS:]:
            pace = training.pace()
            rest = "" if pace is None else duration(pace * (self.epochs - training.epoch))
            grid.add_row(
                name.removeprefix(shared).lstrip("/"),
                f"{training.epoch}/{self.epochs}",
                "" if pace is None else f"{pace:.1f}",
                *(f"{training.metrics[key]:.3f}" if key in training.metrics else "" for key in metrics),
                "done" if training.over else rest,
                style="dim" if training.over else None,
            )
        return grid


def duration(seconds: float) -> str:
    """Return ``42 s``, ``3 min`` or ``2 h 05 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
