"""What the fixed word of each warning means and what to do, from the file that the documentation shows, too."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import yaml
from markupsafe import Markup, escape

_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_CODE = re.compile(r"`([^`]+)`")


@cache
def warning_words() -> dict[str, dict[str, str]]:
    """Return ``means`` and ``do`` of each word, in Markdown."""
    text = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    words: dict[str, dict[str, str]] = yaml.safe_load(text)
    return words


def explained(word: str) -> list[Markup]:
    """Return what a word means and what to do, without links; empty for one that is not known."""
    return [_plain(text) for text in warning_words().get(word, {}).values()]


def _plain(text: str) -> Markup:
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(_LINK.sub(r"\1", text)))))
