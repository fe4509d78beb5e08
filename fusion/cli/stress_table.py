"""What `fusion stress` reads and prints."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from fusion.cli.terminal import Console
from fusion.errors import FusionError
from fusion.evaluation.metric import metric_label
from fusion.report.stress_sentences import comparison_rows, comparison_sentences, stress_rows, stress_sentences
from fusion.report.wording import ABOUT_INTERVALS


def read_kinds(text: str) -> dict[str, list[float] | None]:
    """Return what ``noise=40:20,reverb`` asks for: levels by distortion, None for those that it has.

    Raises
    ------
    FusionError
        For levels that are no numbers, and a distortion that is named twice.
    """
    kinds: dict[str, list[float] | None] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, levels = part.partition("=")
        if name in kinds:
            raise FusionError(f"--with {part}: {name} is named twice")
        try:
            kinds[name] = [float(level) for level in levels.split(":")] if equals else None
        except ValueError:
            raise FusionError(f"--with {part}: levels are numbers, written {name}=1:2:3") from None
    return kinds


def show(content: dict[str, Any]) -> None:
    """Print a stress test, or two side by side, and what they say."""
    console = Console()
    results = content.get("results", [content])
    label = metric_label(content["metric"])
    if len(results) == 1:
        title = f"{content['experiment']} {content['digest']}: {content['groups']} test groups"
        columns = ["distortion", "a tenth lost at", "a half lost at", f"{label}, mild to severe", "trained with"]
        rows, sentences = stress_rows(content), stress_sentences(content)
    else:
        digests = [result["digest"] for result in results]
        title = f"{digests[0]} and {digests[1]}: {results[0]['groups']} test groups"
        columns = ["distortion", *(f"a {share} lost: {digest}" for share in ("tenth", "half") for digest in digests)]
        columns.append("breaks first")
        rows, sentences = comparison_rows(content), comparison_sentences(content)
    grid = Table(title=title, title_justify="left")
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in rows:
        grid.add_row(*row)
    console.print(grid)
    console.print(f"Lost is lost of the advantage over chance. {ABOUT_INTERVALS}")
    for text in (*sentences, *(f"! {warning}" for warning in content["warnings"])):
        console.print(text)
