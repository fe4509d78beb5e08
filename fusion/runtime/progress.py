"""Progress on stderr: bars and tables on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from fusion.runtime.names import on_terminal
from fusion.runtime.training_table import TrainingTable

_EVERY = 10.0  # seconds between plain lines

Advance = Callable[[int], None]
"""Takes a number of steps done since the last call."""
AdvanceTo = Callable[[int, int], None]
"""Takes steps done so far and their total."""


class Progress:
    """Shows how far tasks are, with pace and time left, from the second step on: the first one waits for workers.

    Parameters
    ----------
    quiet : bool
        Show nothing.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.terminal = sys.stderr.isatty() and not quiet

    def say(self, text: str) -> None:
        """Print one line."""
        if not self.quiet:
            print(on_terminal(text), file=sys.stderr, flush=True)

    @contextmanager
    def task(self, label: str, total: int, step: str = "each") -> Iterator[Advance]:
        """Show one task; the callable it gives takes a number of steps done, of which one is called `step`."""
        if self.quiet or not total:
            yield lambda _: None
        elif self.terminal:
            with _bar(label, total, step) as advance:
                yield advance
        else:
            yield _Lines(f"{label}: ", total, step, self.say)

    @contextmanager
    def counter(self, label: str) -> Iterator[AdvanceTo]:
        """Show one task whose size is not known yet; the callable takes steps done so far and their total."""
        with ExitStack() as stack:
            shown: list[Advance] = []
            last = 0

            def advance_to(done: int, total: int) -> None:
                nonlocal last
                if not shown:
                    shown.append(stack.enter_context(self.task(label, total)))
                shown[0](done - last)
                last = done

            yield advance_to

    @contextmanager
    def training(self, names: Sequence[str], epochs: int) -> Iterator[Callable[[Any], None]]:
        """Show trainings, on a terminal a line for each in one table.

        The callable that it gives takes workers' messages ``("epoch", name, epoch, metrics)`` and, when a training is
        over, ``("trained", name, epoch, metrics)``.
        """
        if not names or self.quiet:
            yield lambda _: None
        elif self.terminal:
            with _table(names, epochs) as receive:
                yield receive
        else:
            last = dict.fromkeys(names, 0)
            label = (
                "training 1 network: epoch " if len(names) == 1 else f"training {len(names)} networks, epochs in all: "
            )
            advance = _Lines(label, len(names) * epochs, "an epoch", self.say)

            def on_message(message: Any) -> None:
                kind, name, epoch, _ = message
                reached = epochs if kind == "trained" else epoch  # it may have stopped early
                advance(reached - last[name])
                last[name] = reached

            yield on_message
            advance(sum(epochs - reached for reached in last.values()))  # messages may come late


class _Lines:
    """Plain lines: now and then, and at the end."""

    def __init__(self, label: str, total: int, step: str, say: Callable[[str], None]) -> None:
        self.label, self.total, self.step, self.say = label, total, step, say
        self.done = 0
        self.first: tuple[float, int] | None = None  # when the first steps were done, and how many they were
        self.started = self.printed = time.monotonic()

    def __call__(self, steps: int) -> None:
        if not steps:
            return
        self.done += steps
        now = time.monotonic()
        self.first = self.first or (now, self.done)
        if self.done < self.total and now - self.printed < _EVERY:
            return
        self.printed = now
        rate = (self.done - self.first[1]) / max(now - self.first[0], 1e-9)
        known = [pace(rate, self.step)] if rate else []
        if self.done >= self.total:
            known.append(f"in {now - self.started:.1f} s")
        elif rate:
            known.append(f"{(self.total - self.done) / rate:.0f} s left")
        self.say(f"{self.label}{self.done}/{self.total}" + (f" ({', '.join(known)})" if known else ""))


def pace(rate: float, step: str) -> str:
    """Return steps a second, or seconds a step where one takes longer: ``12/s``, ``3.4 s an epoch``."""
    return f"{rate:.0f}/s" if rate >= 1 else f"{1 / rate:.1f} s {step}"


@contextmanager
def _bar(label: str, total: int, step: str) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars
    from rich.text import Text

    class Pace(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(pace(task.speed, step) if task.speed else "")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Pace(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(label, total=total)
        yield lambda steps: bars.advance(task, steps)


@contextmanager
def _table(names: Sequence[str], epochs: int) -> Iterator[Callable[[Any], None]]:
    from rich.console import Console
    from rich.live import Live

    trainings = TrainingTable(names, epochs)
    with Live(console=Console(stderr=True), refresh_per_second=4) as live:

        def receive(message: Any) -> None:
            kind, name, epoch, metrics = message
            trainings.receive(name, epoch, metrics, over=kind == "trained")
            live.update(trainings.table())

        yield receive
