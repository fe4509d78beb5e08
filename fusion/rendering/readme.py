"""README.md, which lies beside rendered audio: which fonts played, how to render it again, and who may pass it on."""

from __future__ import annotations

from pathlib import Path

from fusion.rendering.fonts import Fonts
from fusion.rendering.licences import write_terms
from fusion.rendering.options import RenderOptions
from fusion.runtime.files import write_text


def write_readme(
    out: Path, template: str, options: RenderOptions, fonts: Fonts, sides: tuple[str, str, str], **values: object
) -> None:
    """Write README.md, and FluidR3's notice where that font plays.

    Parameters
    ----------
    out : Path
        The render's folder.
    template : str
        Has the fields ``{command}``, ``{fonts}`` and ``{terms}``, and those named in `values`.
    options : RenderOptions
    fonts : Fonts
    sides : (str, str, str)
        What the layout calls both sides, training's, and test's.
    **values
        What the layout's own fields say.
    """
    both, train, test = sides
    names = {(True, True): both, (True, False): train, (False, True): test}
    lines = [
        f"- {font['name']} (`{font['file']}`, SHA-256 {font['sha256']}): {names[font['train'], font['test']]}"
        for font in fonts.described.values()
    ]
    terms = write_terms(out, fonts.by_path, fonts.licences)
    text = template.format(command=options.command, fonts="\n".join(lines), terms=terms, **values)
    write_text(out / "README.md", text)
