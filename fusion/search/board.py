"""What a search shows while it runs: a table on a terminal, a line a trial elsewhere."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from fusion.runtime.progress import Progress
from fusion.search.trials import DIRECTIONS, Trial, best
from fusion.settings.search_space import SearchSettings

if TYPE_CHECKING:
    from rich.table import Table

_ROWS = 12


class Board:
    """Hears of trials and folds from workers, and shows them.

    Parameters
    ----------
    search : SearchSettings
    folds : int
        Scores a trial has.
    known : sequence of Trial
        Of an earlier session, which this one goes on from.
    progress : Progress
    """

    def __init__(self, search: SearchSettings, folds: int, known: Sequence[Trial], progress: Progress) -> None:
        self.search, self.folds, self.progress = search, folds, progress
        self.trials: dict[int, dict[str, Any]] = {}
        self.known = self.done = sum(trial.number > 0 and trial.status != "RUNNING" for trial in known)
        winner = best(known, search.objective)
        self.best = None if winner is None or winner.score is None else (winner.score, winner.number)
        self.started = time.monotonic()
        self.live: Any = None
        self.stack = ExitStack()

    def __enter__(self) -> Board:
        if self.progress.terminal:
            from rich.console import Console
            from rich.live import Live

            self.live = self.stack.enter_context(Live(console=Console(stderr=True), refresh_per_second=4))
        return self

    def __exit__(self, *problem: object) -> None:
        self.stack.close()

    def receive(self, message: Any) -> None:
        """Take ``("trial", id, values)``, ``("fold", id, fold, scores)`` or ``("record", id, record)``."""
        if message[0] not in ("trial", "fold", "record"):  # epochs
            return
        number = int(message[1]) + 1
        row = self.trials.setdefault(number, {"values": {}, "scores": [], "error": "", "over": False})
        if message[0] == "trial":
            row["values"] = message[2]
        elif message[0] == "fold":
            row["scores"].append(message[3][self.search.objective])
        else:
            row["error"], row["over"] = message[2]["error"], True
            self.done += number > 0
            self._over(number, row, message[2]["seconds"])
        if self.live:
            self.live.update(self.table())

    def _over(self, number: int, row: dict[str, Any], seconds: float) -> None:
        if row["error"]:
            outcome = f"failed: {row['error']}"
        else:
            score = float(np.mean(row["scores"]))
            sign = 1 if DIRECTIONS[self.search.objective] == "max" else -1
            if self.best is None or sign * score > sign * self.best[0]:
                self.best = score, number
            outcome = (
                f"{self.search.objective} {score:.3f} (best {self.best[0]:.3f}, trial {self.best[1]}), {seconds:.0f} s"
            )
        if not self.live:
            settings = ", ".join(f"{name} {value}" for name, value in self.short(row["values"]).items())
            trial = f"trial {number}/{self.search.trials}" if number else "own settings"
            self.progress.say(f"{trial}: {outcome}{self.left()}: {settings}")

    def left(self) -> str:
        """Return how long the rest will take at the rate so far."""
        rest = self.search.trials - self.done
        if self.done == self.known or not rest:
            return ""
        return f", {rest * (time.monotonic() - self.started) / (self.done - self.known):.0f} s left"

    def short(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Return settings by the last part of their path, where that tells them apart."""
        last = [path.rsplit(".", 1)[-1] for path in self.search.space]
        return {
            (key if last.count(key) == 1 else path): f"{value:.3g}" if isinstance(value, float) else json.dumps(value)
            for path, value in values.items()
            for key in [path.rsplit(".", 1)[-1]]
        }

    def table(self) -> Table:
        """Return the newest trials, the best one marked, with time left."""
        from rich.table import Table

        best = f", best {self.best[0]:.3f} in trial {self.best[1]}" if self.best else ""
        grid = Table(title=f"{self.done} of {self.search.trials} trials{best}{self.left()}", title_justify="left")
        names = list(self.short(dict.fromkeys(self.search.space, 0)))
        for name in ("trial", self.search.objective, *names):
            grid.add_column(name, overflow="fold")
        for number, row in sorted(self.trials.items())[-_ROWS:]:
            mean = f"{np.mean(row['scores']):.3f}" if row["scores"] else ""
            state = row["error"] or (mean if row["over"] else f"{mean} ({len(row['scores'])}/{self.folds} folds)")
            style = "bold" if self.best and self.best[1] == number else None
            grid.add_row(str(number) if number else "own", state, *self.short(row["values"]).values(), style=style)
        return grid
