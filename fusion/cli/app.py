"""The command line: options become settings, errors become messages, everything else is elsewhere.

Exit codes: 0 done; 2 something the user can mend; 1 a bug; 130 interrupted, 143 by SIGTERM, 129 by SIGHUP.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import typer

from fusion.cli import data, experiments, features, new, results, schema
from fusion.errors import FusionError
from fusion.runtime.signals import ended_as_by_ctrl_c
from fusion.runtime.versions import VERSION

app = typer.Typer(
    name="fusion",
    help="First step: fusion run experiments/nsynth_mfcc.yaml --sample\n\n"
    "Recognise musical instruments from sound, with several kinds of features fused in one network.",
    epilog="Example: fusion run experiments/nsynth_mfcc.yaml --sample",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (experiments, results, features, new, schema):
    app.registered_commands += group.app.registered_commands
app.add_typer(data.app, name="data")


INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; the console script."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    if debug:
        os.environ["FUSION_DEBUG"] = "1"  # for worker processes
    with ended_as_by_ctrl_c() as signals:
        code = _guarded(lambda: app(arguments, standalone_mode=False), debug)
    sys.exit(128 + signals[0] if signals else code)


def _guarded(command: Callable[[], Any], debug: bool) -> int:
    """Run a command and return the exit code; only a bug shows a traceback."""
    try:
        code = command()
        code = code if isinstance(code, int) else 0
        if code == INTERRUPTED:  # typer makes it of KeyboardInterrupt
            raise KeyboardInterrupt
        return code
    except (KeyboardInterrupt, typer.Abort):
        with suppress(OSError):  # the terminal is gone
            print("interrupted; what was finished is kept, the same command goes on from there", file=sys.stderr)
        return INTERRUPTED
    except typer.Exit as stop:
        return int(stop.exit_code)
    except Exception as error:
        if debug:
            raise
        if hasattr(error, "format_message") and hasattr(error, "show"):  # typer's own: an unknown option and the like
            error.show(file=sys.stderr)
            return 2
        if isinstance(error, FusionError):
            print(f"error: {error}", file=sys.stderr)
            return 2
        if isinstance(error, OSError):
            print(f"error: {error.filename or 'input or output'}: {error.strerror or error}", file=sys.stderr)
            return 2
        print(
            f"fusion {VERSION} has a bug: {type(error).__name__}: {error}\n"
            "Run the command again with --debug to see where, and report it with that output.",
            file=sys.stderr,
        )
        return 1
