"""The list of results: as rows for a terminal, as a page that can be sorted and filtered, as a README."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fusion.evaluation.metric import metric_label
from fusion.report import markdown
from fusion.report.pages import GENERATOR, address, page_text, without_empty, write_own
from fusion.report.result_tables import plain
from fusion.report.wording import reference_label

Row = Mapping[str, Any]

MARK = "<!-- made by fusion results -->"
"""What marks a README as one of fusion's, which may be replaced."""

_FEW = 4  # features that are named, settings that are listed on a terminal


def lines(rows: Sequence[Row], alike: Row, changes: Sequence[Row]) -> list[tuple[str, list[str]]]:
    """Return a line for each result, its figure first, and texts to stand below it.

    Parameters
    ----------
    rows : sequence of dict
        As `fusion.result.listing.list_results` gives them.
    alike : dict
        Settings that all results change alike, by dotted path.
    changes : sequence of dict
        Settings of each that differ from the defaults and between results.
    """
    figures = [_figure(row) for row in rows]
    width = max(map(len, figures), default=0)
    texts = []
    for row, own, figure in zip(rows, changes, figures, strict=True):
        settings = "; ".join(filter(None, [_features(row["features"], _FEW), settings_text(own, _FEW)]))
        reference = _reference(row)
        said = [f"best reference {reference}" if reference else "", ", ".join(row["warnings"]), row["date"]]
        head = f"{figure:{width}}  {row['experiment']} {row['digest']}  {_test(row)}"
        texts.append((head, [settings, *filter(None, ["; ".join(filter(None, said))])]))
    return [*texts, *([(f"All have: {settings_text(alike)}", [])] if alike else [])]


def table(rows: Sequence[Row], changes: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows with all that is known; a column in which nothing stands is left out.

    Parameters
    ----------
    rows, changes
        As for `lines`.
    """
    header = ["experiment", "figure", "best reference", "test", "warnings", "date", "result", "features", "settings"]
    cells = [
        [
            row["experiment"],
            _figure(row),
            _reference(row),
            _test(row),
            ", ".join(row["warnings"]),
            row["date"],
            row["digest"],
            _features(row["features"], None),
            settings_text(own),
        ]
        for row, own in zip(rows, changes, strict=True)
    ]
    return without_empty(header, cells)


def _test(row: Row) -> str:
    where = f"{row['data']}, rendered" if row["rendered"] else row["data"]
    return f"{row['dataset']}, {row['protocol']}" + (f" ({where})" if where else "")


def _figure(row: Row) -> str:
    return f"{row['mean']:.3f}{_interval(row)} {metric_label(row['metric'])}"


def _reference(row: Row) -> str:
    best = row["reference"]
    return "" if best is None else f"{row['reference_mean']:.3f} {reference_label(best, {})}"


def _interval(row: Row) -> str:
    return "" if row["low"] is None else f" [{row['low']:.3f}, {row['high']:.3f}]"


def _features(names: Sequence[str], most: int | None) -> str:
    return ", ".join(names) if most is None or len(names) <= most else f"{len(names)} features"


def settings_text(own: Row, most: int | None = None) -> str:
    """Return settings as they are typed, not more than so many."""
    listed = [f"{path}={plain(value)}" for path, value in own.items()]
    more = 0 if most is None else len(listed) - most
    return "; ".join(listed[:most]) + (f"; and {more} more" if more > 0 else "")


def write_index(top: Path, rows: Sequence[Row], alike: Row, changes: Sequence[Row], pages: Mapping[str, str]) -> Path:
    """Write ``index.html`` into a folder of results and return where it is.

    Parameters
    ----------
    top : Path
    rows, changes
        As for `table`.
    alike : dict
        Settings that all results change alike.
    pages : dict of str to str
        File of each kind of page, relative to its result.

    Raises
    ------
    FusionError
        If the file that is there is not fusion's.
    """
    header, cells = table(rows, changes)
    links = [{name: f"{_address(top, row)}/{pages[name]}" for name in row["pages"]} for row in rows]
    text = page_text(
        "index",
        title=f"{len(rows)} results",
        header=header,
        rows=list(zip(cells, links, strict=True)),
        alike=settings_text(alike),
    )
    write_own(top / "index.html", text, GENERATOR)
    return top / "index.html"


def write_readme(top: Path, rows: Sequence[Row], alike: Row, changes: Sequence[Row]) -> Path:
    """Write ``README.md`` into a folder of results, the same list, and return where it is.

    Raises
    ------
    FusionError
        If the file that is there is not fusion's.
    """
    header, cells = table(rows, changes)
    command = f"fusion results {top.name if top.is_absolute() else top} --readme"
    lines = [
        MARK,
        "",
        "# Results",
        "",
        f"Made by `{command}`. Mean over seeds [95 % interval]; the",
        "best reference is on the same clips and features. What the warnings mean: `docs/reference/warnings.md`.",
        *(["", f"All have: {settings_text(alike)}."] if alike else []),
        "",
        markdown.table(header, [_linked(top, row, header, own) for row, own in zip(cells, rows, strict=True)]),
        "",
    ]
    write_own(top / "README.md", "\n".join(lines), MARK)
    return top / "README.md"


def _address(top: Path, row: Row) -> str:
    """Return where a result is, as a link in `top` has it."""
    return address(Path(row["folder"]), top / "index.html")


def _linked(top: Path, cells: list[str], header: list[str], row: Row) -> list[str]:
    """Return a row whose digest leads to its metrics."""
    escaped = [cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells]
    escaped[header.index("result")] = f"[{row['digest']}]({_address(top, row)}/metrics.json)"
    return escaped
