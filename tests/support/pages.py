"""The pages of the documentation, the README among them, and the blocks that they show.

A block's info string is its language and, after a space, what it is: the file that it is (``python
plugins/loudness.py``), or ``not-run: why`` for what cannot run in a test.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = [
    README,
    *sorted(path for path in DOCS.rglob("*.md") if path.relative_to(DOCS).parts[0] not in ("_build", "_generated")),
]


@dataclass(frozen=True)
class Block:
    """What stands between two fences.

    Attributes
    ----------
    page : Path
    line : int
        Of the opening fence, from 1.
    language, about : str
        The two parts of the info string.
    text : str
    """

    page: Path
    line: int
    language: str
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path, language: str | None = None) -> list[Block]:
    """Return the fenced blocks of a page, of one language or all; a notebook has its code."""
    if page.suffix == ".ipynb":
        cells = json.loads(page.read_text())["cells"]
        return [Block(page, 0, "python", "", "".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"]
    found, opened = [], None
    for number, line in enumerate(page.read_text().splitlines(keepends=True), start=1):
        fence = re.fullmatch(r"```([^`\s]*) ?([^`]*?)\s*", line)
        if opened is None and fence:
            opened = (number, fence[1], fence[2], [])
        elif opened is not None and line.strip() == "```":
            start, kind, about, lines = opened
            found.append(Block(page, start, kind, about, "".join(lines)))
            opened = None
        elif opened is not None:
            opened[3].append(line)
    assert opened is None, f"{page}: a fence is not closed"
    return [block for block in found if language in (None, block.language)]


def lines_of(block: Block) -> list[str]:
    """Return the commands of a shell block, one a line, without comments."""
    return [line for line in block.text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def the_block(language: str, holding: str, page: Path | None = None) -> str:
    """Return the text of the one block of all pages, or of one, that holds a text."""
    chosen = [page] if page else PAGES
    (text,) = [block.text for each in chosen for block in blocks(each, language) if holding in block.text]
    return text
