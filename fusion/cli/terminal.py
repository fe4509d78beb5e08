"""A terminal that shows texts as they are, whoever wrote them."""

from __future__ import annotations

from typing import Any

from rich import console
from rich.text import Text

from fusion.runtime.names import on_terminal


class Console(console.Console):
    """Prints without marks and colours of its own, and with what does not print escaped."""

    def __init__(self) -> None:
        super().__init__(highlight=False, markup=False, emoji=False)  # `:five:` is one

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a text with its style."""
        return super().render_str(on_terminal(text), **options)

    def on_broken_pipe(self) -> None:
        """Leave it to `fusion.cli.app`."""
        raise
