"""The command line: options become settings, errors become messages, everything else is elsewhere.

Exit codes: 0 done; 2 something the user can mend; 1 a bug; 130 interrupted, 143 by SIGTERM, 129 by SIGHUP.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer

from fusion.cli import data, experiments, features, new, results, schema
from fusion.errors import FusionError
from fusion.runtime.names import on_terminal
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


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"fusion {VERSION}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; the console script."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    if debug:
        os.environ["FUSION_DEBUG"] = "1"  # for worker processes
    _open_streams()
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started this
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 (stays open)
        if isinstance(stream := getattr(sys, name), TextIOWrapper):  # nothing is lost for what an encoding lacks
            stream.reconfigure(errors="backslashreplace")
    with ended_as_by_ctrl_c() as signals:
        code = _guarded(lambda: app(arguments, standalone_mode=False), debug)
    sys.exit(128 + signals[0] if signals else code)


def _open_streams() -> None:
    """Open what is closed of the first three descriptors: pipes of workers would take their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _guarded(command: Callable[[], Any], debug: bool) -> int:
    """Run a command and return the exit code; only a bug shows a traceback."""
    try:
        code = command()
        code = code if isinstance(code, int) else 0
        sys.stdout.flush()
        if code == INTERRUPTED:  # typer makes it of KeyboardInterrupt
            raise KeyboardInterrupt
        return code
    except (KeyboardInterrupt, typer.Abort):
        with suppress(OSError):  # the terminal is gone
            print("interrupted; what was finished is kept, the same command goes on from there", file=sys.stderr)
        return INTERRUPTED
    except SystemExit as stop:  # typer makes it of a closed pipe
        if isinstance(stop.__context__, BrokenPipeError) and _reader_left():
            return 0
        raise
    except typer.Exit as stop:
        return int(stop.exit_code)
    except Exception as error:
        if _interrupted(error):  # while a library was imported, say, which makes another error of it
            return _guarded(_interrupt, debug)
        if debug:
            raise
        if hasattr(error, "format_message") and hasattr(error, "show"):  # typer's own: an unknown option and the like
            error.show(file=sys.stderr)
            return 2
        if isinstance(error, FusionError):
            print(f"error: {on_terminal(str(error))}", file=sys.stderr)
            return 2
        if isinstance(error, BrokenPipeError) and _reader_left():
            return 0
        if isinstance(error, OSError):
            where = on_terminal(str(error.filename or "input or output"))
            print(f"error: {where}: {error.strerror or error}", file=sys.stderr)
            return 2
        print(
            f"fusion {VERSION} has a bug: {type(error).__name__}: {error}\n"
            "Run the command again with --debug to see where, and report it with that output.",
            file=sys.stderr,
        )
        return 1


def _interrupt() -> None:
    raise KeyboardInterrupt


def _interrupted(error: BaseException | None) -> bool:
    """Say whether an error came of Ctrl-C or of what counts as that."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        if isinstance(error, KeyboardInterrupt):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def _reader_left() -> bool:
    """Say whether nobody reads stdout any more, as after ``| head``; what is left for it is thrown away then."""
    stdout = sys.__stdout__  # typer puts one in its place that tells nothing
    if stdout is None or not hasattr(select, "poll"):
        return False
    poll = select.poll()
    poll.register(stdout.fileno(), 0)
    if not any(event & select.POLLERR for _, event in poll.poll(0)):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
    return True
