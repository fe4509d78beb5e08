"""What all pages have in common: their frame and style, tables, lists, images, escaping."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence
from pathlib import Path

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;display:block;overflow-x:auto}td:not(:first-child){white-space:nowrap}
th,td{padding:.25rem .8rem;text-align:right;border-bottom:1px solid #ddd}th:first-child,td:first-child{text-align:left}
.warnings{background:#fff6e5;border-left:4px solid #d1691e;padding:.2rem 1rem}.note{color:#666}
img{max-width:100%}pre{background:#f5f5f5;padding:1rem;overflow:auto}"""


def html_page(title: str, body: str) -> str:
    """Return a self-contained page with this title (text) and body (HTML)."""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title><style>{_STYLE}</style></head><body>
<h1>{escape(title)}</h1>
{body}
</body></html>
"""


def html_table(header: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table as HTML."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def html_list(texts: Iterable[str]) -> str:
    """Return texts as a list in HTML; nothing if there are none."""
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""


def warning_box(warnings: Sequence[str]) -> str:
    """Return the warnings that a reader must keep in mind, in a box; nothing if there are none."""
    return f'<div class="warnings"><h2>Keep in mind</h2>{html_list(warnings)}</div>' if warnings else ""


def image(path: Path, text: str) -> str:
    """Return a PNG as an HTML image that needs no file."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<img alt="{escape(text)}" src="data:image/png;base64,{data}">'


def escape(value: object) -> str:
    """Return text as HTML has it."""
    return html.escape(str(value))
