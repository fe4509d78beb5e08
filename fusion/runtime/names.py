"""Names that strangers gave to files, songs and classes, shown without doing what their characters ask for."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

_FORMULA = re.compile(r"'*[=+\-@\t\r]")  # what spreadsheets run; and what looks as if it had been quoted
_QUOTED = re.compile(r"'+[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|-?inf")


def readable(name: str) -> bool:
    r"""Say whether a file's name has characters that print, and spaces of any kind; no control characters.

    >>> [readable(name) for name in ("take 1", "3.15\u202fPM", "ピアノ\u3000１", "a\tb", "a\u202eb")]
    [True, True, True, False, False]
    """
    # whole first: a table may have very many names
    return name.isprintable() or all(each.isprintable() or unicodedata.category(each) == "Zs" for each in name)


def is_file_name(name: str) -> bool:
    r"""Say whether a name is one of a file or folder, which leads nowhere else.

    >>> [is_file_name(name) for name in ("mfcc@my notes", "take 12:30", "", "..", "a/b")]
    [True, True, False, False, False]
    """
    return name not in ("", "..") and "\0" not in name and Path(name).name == name  # which knows a disk's letter


def on_terminal(text: str) -> str:
    r"""Return a text with every character that does not print as Python writes it; lines stay lines.

    Characters that ring, move the cursor, rename the window or turn the direction of writing are among them.

    >>> on_terminal("a\x1b[2Jb\u202ec é\n")
    'a\\x1b[2Jb\\u202ec é\n'
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape", "surrogatepass").decode()
        for each in text
    )


def in_spreadsheet(cell: object) -> object:
    """Return a cell of a CSV file that no spreadsheet takes for a formula: such a text gets a ``'`` in front.

    >>> [in_spreadsheet(cell) for cell in ("=cmd()", "'=1", "-0.5", "a=b", 3)]
    ["'=cmd()", "''=1", '-0.5', 'a=b', 3]
    """
    risky = isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if risky else cell


def from_spreadsheet(cell: str) -> str:
    """Return a cell as it was before `in_spreadsheet`.

    >>> [from_spreadsheet(cell) for cell in ("'=cmd()", "''=1", "-0.5", "'a'")]
    ['=cmd()', "'=1", '-0.5', "'a'"]
    """
    return cell[1:] if _QUOTED.match(cell) else cell
