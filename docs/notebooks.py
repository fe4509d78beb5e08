"""Notebooks as pages: their texts, and their code as blocks."""

from __future__ import annotations

import json

from docutils.nodes import document
from myst_parser.parsers.sphinx_ import MystParser
from sphinx.application import Sphinx


class Notebook(MystParser):
    """Makes Markdown of a notebook's cells."""

    supported = ("ipynb",)

    def parse(self, inputstring: str, document: document) -> None:
        """Parse a notebook as the page that it becomes."""
        parts = []
        for cell in json.loads(inputstring)["cells"]:
            text = "".join(line for line in cell["source"] if not line.startswith("%"))  # Jupyter's own, not Python
            parts.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
        super().parse("\n\n".join(parts), document)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx what a notebook is."""
    app.add_source_suffix(".ipynb", "ipynb")
    app.add_source_parser(Notebook)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
