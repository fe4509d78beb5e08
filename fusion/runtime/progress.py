"""Progress on stderr: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

_EVERY = 10.0  # seconds between plain lines

Advance = Callable[[int], None]
"""Takes a number of steps done since the last call."""
AdvanceTo = Callable[[int, int], None]
"""Takes steps done so far and their total."""


class Progress:
    """Shows how far tasks are, with rate and time left.

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
            print(text, file=sys.stderr, flush=True)

    @contextmanager
    def task(self, label: str, total: int) -> Iterator[Advance]:
        """Show one task; the callable it gives takes a number of steps done."""
        if self.quiet or not total:
            yield lambda _: None
        elif self.terminal:
            with _bar(label, total) as advance:
                yield advance
        else:
            yield _Lines(label, total, self.say)

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
        """Show trainings; the callable it gives takes workers' messages ``("epoch", name, epoch, metrics)``."""
        if not names:
            yield lambda _: None
            return
        last = dict.fromkeys(names, 0)
        with self.task(f"training {len(names)} network{'s' * (len(names) > 1)}", len(names) * epochs) as advance:

            def on_message(message: Any) -> None:
                _, name, epoch, _ = message
                advance(epoch - last[name])
                last[name] = epoch

            yield on_message
            advance(sum(epochs - epoch for epoch in last.values()))


class _Lines:
    """Plain lines: at the start of work, now and then, and at the end."""

    def __init__(self, label: str, total: int, say: Callable[[str], None]) -> None:
        self.label, self.total, self.say = label, total, say
        self.done = 0
        self.started = self.printed = time.monotonic()

    def __call__(self, steps: int) -> None:
        if not steps:
            return
        self.done += steps
        now = time.monotonic()
        if self.done >= self.total or now - self.printed >= _EVERY:
            self.printed = now
            rate = self.done / max(now - self.started, 1e-9)
            left = (self.total - self.done) / rate if rate else 0.0
            rest = f", {left:.0f} s left" if self.done < self.total else f" in {now - self.started:.1f} s"
            self.say(f"{self.label}: {self.done}/{self.total} ({rate:.0f}/s{rest})")


@contextmanager
def _bar(label: str, total: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.0f}/s" if task.speed else "")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(label, total=total)
        yield lambda steps: bars.advance(task, steps)
