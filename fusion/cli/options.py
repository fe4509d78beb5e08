"""Options that mean the same everywhere, each declared once, and what is typed becomes of them."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from fusion.errors import FusionError
from fusion.runtime.workplace import DEFAULT_CACHE

ExperimentFile = Annotated[
    Path, typer.Argument(metavar="EXPERIMENT.yaml", help="The experiment file.", show_default=False)
]
ResultFolder = Annotated[Path, typer.Argument(metavar="RESULT", help="A result folder.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Train again what is trained.")]


def _seeds(text: str) -> int | list[int]:
    """Return what ``3`` (the first three) or ``1,2,5`` asks for."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts if part) or not any(parts) or len(text) > 1000:
        raise FusionError(f"--seeds {text}: give a number of seeds (3) or the seeds themselves (1,2,5)")
    numbers = [int(part) for part in parts if part]
    return numbers[0] if len(parts) == 1 else numbers


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _folders(typed: list[str]) -> str | dict[str, str]:
    """Return the folder of ``--data DIR``, or those of ``--data NAME=DIR``, by name."""
    named = {text: text.partition("=") for text in typed}
    plain = [text for text, (name, equals, _) in named.items() if not (equals and name.isidentifier())]
    if plain and len(typed) > 1:
        raise FusionError(f"--data {plain[0]}: several folders are NAME=DIR each, NAME a data set's")
    names = Counter(text.partition("=")[0] for text in typed)
    if not plain and len(names) < len(typed):
        raise FusionError(f"--data {names.most_common(1)[0][0]}=...: given twice; name one folder")
    return plain[0] if plain else {name: folder for name, _, folder in named.values()}


def _results(folder: Path) -> Path:
    """Return where results go, if they can: that shows before hours of work, not after."""
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise FusionError(f"--results {folder}: {nearest} is a file, so there can be no folder; name another one")
    return folder


@dataclass(frozen=True)
class _Option:
    """An option: its declaration, its default, and how what is typed is read."""

    declared: Any
    default: Any = None
    read: Callable[[Any], Any] = lambda typed: typed


# by the keyword that each becomes; a command names those that it takes
OPTIONS = {
    "sample": _Option(
        Annotated[bool, typer.Option("--sample", help="Use the embedded sample instead of the full data set.")],
        False,
    ),
    "data": _Option(
        Annotated[
            list[str] | None,
            typer.Option(
                "--data",
                metavar="DIR|NAME=DIR",
                help="The data set's root, by name where several are used; else $FUSION_DATA/<name>, else data/<name>.",
            ),
        ],
        read=_folders,
    ),
    "results": _Option(
        Annotated[Path, typer.Option("--results", metavar="DIR", help="Where results go.")],
        Path("results"),
        read=_results,
    ),
    "cache": _Option(
        Annotated[
            Path,
            typer.Option("--cache", metavar="DIR", envvar="FUSION_CACHE", help="Where extracted features are kept."),
        ],
        DEFAULT_CACHE,
    ),
    "features": _Option(
        Annotated[
            str | None, typer.Option("--features", metavar="A,B", help="Use these features instead of the file's.")
        ],
        read=_names,
    ),
    "set": _Option(
        Annotated[
            list[str] | None,
            typer.Option("--set", metavar="KEY.PATH=VALUE", help="Change a setting; repeatable, applied last."),
        ],
    ),
    "seeds": _Option(
        Annotated[
            str | None,
            typer.Option("--seeds", metavar="N|A,B", help="How many seeds (1 to N), or which ones: 1,2,5."),
        ],
        read=_seeds,
    ),
    "plugins": _Option(
        Annotated[
            list[Path] | None,
            typer.Option(
                "--plugins", metavar="DIR", help="Folder with plug-ins of your own; their code is run. Repeatable."
            ),
        ],
    ),
    "jobs": _Option(
        Annotated[
            int | None,
            typer.Option("--jobs", min=1, metavar="N", help="Processes at once; all processors unless told."),
        ],
    ),
    "cluster": _Option(
        Annotated[
            str | None,
            typer.Option(
                "--cluster",
                metavar="ADDRESS|FILE",
                envvar="FUSION_CLUSTER",
                help="A Dask scheduler whose workers do the work, whatever --jobs says: tcp://HOST:PORT or its file.",
            ),
        ],
    ),
    "quiet": _Option(
        Annotated[bool, typer.Option("--quiet", help="Show no progress, nor what is not worth an error.")], False
    ),
    "as_json": _Option(Annotated[bool, typer.Option("--json", help="Print JSON alone on stdout.")], False),
    "debug": _Option(Annotated[bool, typer.Option("--debug", help="Show tracebacks, and what workers say.")], False),
}

_PRINTING = ("as_json", "debug")  # what is printed; no keywords of functions


def takes(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command more options of `OPTIONS`; what was typed reaches it as the dict `shared`, by keyword.

    ``as_json`` reaches it as a parameter of its own, ``quiet`` as the keyword ``progress`` that it denies. Every
    command takes ``--debug``, which `app.main` reads.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [value for key, value in inspect.signature(command, eval_str=True).parameters.items() if key != "shared"]
        own = [value for value in own if value.name not in _PRINTING]
        more = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=OPTIONS[name].default, annotation=OPTIONS[name].declared
            )
            for name in (*names, "debug")
        ]

        @wraps(command)
        def with_options(**typed: Any) -> None:
            typed.pop("debug")
            progress = {"progress": not typed.pop("quiet")} if "quiet" in names else {}
            shared = {name: typed.pop(name) for name in names if name not in (*_PRINTING, "quiet")}
            return command(**typed, shared={**read(shared), **progress})

        own = [value.replace(kind=inspect.Parameter.KEYWORD_ONLY) for value in own]
        with_options.__signature__ = inspect.Signature([*own, *more])  # type: ignore[attr-defined]
        return with_options

    return decorate


def read(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as keywords; those that were not given are left to the functions' defaults."""
    return {name: OPTIONS[name].read(value) for name, value in typed.items() if value not in (None, [], ())}
