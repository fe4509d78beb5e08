"""Pages from templates: whatever is filled in is escaped, and a page needs no other file and no network.

A kind of page has one template in ``templates``; ``page.html.j2`` is the frame of all, ``macros.html.j2`` what they
share, ``page.css`` their style and ``page.js`` their script, which every page carries.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError
from markupsafe import Markup

from fusion.errors import FusionError
from fusion.report.warning_words import explained
from fusion.runtime.files import write_text
from fusion.runtime.versions import VERSION

GENERATOR = '<meta name="generator" content="fusion">'
"""What marks a page as one of fusion's, which may be replaced."""


def write_page(path: Path, template: str, **content: Any) -> None:
    """Write a page, whole or not at all.

    Parameters
    ----------
    path : Path
    template : str
        ``templates/<template>.html.j2``.
    **content
        What it shows; text is escaped, a picture of `svg` is not.
    """
    write_text(path, page_text(template, **content))


def page_text(template: str, **content: Any) -> str:
    """Return the text of a page, as `write_page` writes it.

    Raises
    ------
    KeyError
        If what it shows lacks something, as a damaged file does.
    """
    try:
        return _templates().get_template(f"{template}.html.j2").render(**content)
    except UndefinedError as error:
        raise KeyError(str(error)) from error


def address(file: Path, page: Path) -> str:
    """Return the link from a page to a file, wherever that lies."""
    try:
        return f"./{quote(Path(os.path.relpath(file.resolve(), page.resolve().parent)).as_posix())}"
    except ValueError:  # another drive
        return file.resolve().as_uri()


def write_own(path: Path, text: str, mark: str) -> None:
    """Write a text over one that bears the mark, or where there is none.

    Raises
    ------
    FusionError
        If the file is someone else's.
    """
    if path.exists() and mark not in path.read_text(encoding="utf-8", errors="replace"):
        raise FusionError(f"{path}: is there already, and fusion did not make it; move it away")
    write_text(path, text)


def badges(warnings: Iterable[str]) -> list[dict[str, Any]]:
    """Return warnings by their fixed word: ``word`` and ``texts``."""
    texts: dict[str, list[str]] = {}
    for warning in warnings:
        word, _, text = warning.partition(": ")
        texts.setdefault(word, []).append(text)
    return [{"word": word, "texts": own} for word, own in texts.items()]


def without_empty(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> tuple[list[str], list[list[Any]]]:
    """Return a table without the columns in which nothing stands."""
    kept = [place for place in range(len(header)) if any(row[place] != "" for row in rows)]
    return [header[place] for place in kept], [[row[place] for place in kept] for row in rows]


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("fusion.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_unbroken,
    )
    environment.globals |= {"version": VERSION, "generator": Markup(GENERATOR), "without_empty": without_empty}
    environment.filters |= {"badges": badges, "explained": explained, "percent": percent}
    return environment


def _unbroken(value: Any) -> Any:
    """Return a text in which no line ends between a number and its per cent sign; markup as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", value)


def percent(share: float | None) -> str:
    """Return a share in whole per cent, as in tables of classes; empty for None."""
    return "" if share is None else f"{100 * share:.0f} %"
