"""Errors that the person at the keyboard can mend, and the near matches that help them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class FusionError(Exception):
    """Something the user can mend: one message that says where, what is wrong, what was found, what to do.

    The command line prints the message without a traceback and exits with code 2.
    Only one positional argument, so that the error survives the way back from a worker process.
    """


@contextmanager
def telling_damage(path: object, remedy: str = "run the experiment again") -> Iterator[None]:
    """Tell of a file whose content lacks something or has it in another form, where that is found.

    Raises
    ------
    FusionError
        Names the file, what was found, and the remedy.
    """
    try:
        yield
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise FusionError(f"{path}: damaged ({type(error).__name__}: {error}); {remedy}") from None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest of `known`, or an empty string.

    >>> did_you_mean("n_mfc", ["n_mfcc", "n_fft"])
    "; did you mean 'n_mfcc'?"
    """
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def listing(items: Iterable[str], most: int = 20) -> str:
    """Return `items` one a line, indented, the rest of a long list as a count."""
    whole = list(items)
    lines = [f"  {item}" for item in whole[:most]]
    if len(whole) > most:
        lines.append(f"  ... and {len(whole) - most} more")
    return "\n".join(lines)
