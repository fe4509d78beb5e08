"""What the pages take from the program itself: commands, settings, features with a plot each, data sets, metrics.

It stands between two comments, ``<!-- generated: commands -->`` and ``<!-- end of generated -->``, for those who read
the files themselves, and is made anew when the pages are built, with plots and links. ``python docs/generated.py``
writes it.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import json
import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python
from typer.main import get_command

import fusion
from fusion.cli.app import app as program
from fusion.evaluation import metric
from fusion.feature import listing
from fusion.feature.registry import load as load_feature
from fusion.plugins.registry import DATASETS, FEATURES, FUSIONS, discover
from fusion.report import markdown
from fusion.report.plots import save
from fusion.report.warning_words import warning_words
from fusion.settings.dataset import DatasetSettings
from fusion.settings.dataset import load as load_dataset
from fusion.settings.feature_lists import LISTS
from fusion.settings.model import FusionModel
from fusion.settings.search_space import SearchSettings
from fusion.settings.training import TrainingSettings

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
PLOTS = HERE / "_generated"
NOTE = HERE.parent / "fusion/sample/nsynth/nsynth-test/audio"  # its first reed note is drawn

_BEGIN, _END = "<!-- generated: {} -->", "<!-- end of generated -->"
_PLACE = re.compile(_BEGIN.format(r"(\w+)") + f".*?{_END}", re.DOTALL)

BETTER = {"max": "larger", "min": "smaller"}


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table; bars and line breaks in cells are taken out of the way."""
    first, *others = [[" ".join(cell.replace("|", "\\|").split()) for cell in line] for line in (header, *rows)]
    return markdown.table(first, others) + "\n"


def plain(text: str) -> str:
    """Return a text whose angle brackets are no HTML."""
    return text.replace("<", "\\<")


def prose(docstring: str) -> str:
    """Return a numpydoc docstring as Markdown: its headings bold, its addresses links."""
    text = inspect.cleandoc(docstring)
    text = re.sub(r"^(\w+)\n-{3,}$", r"**\1**\n", text, flags=re.MULTILINE)
    return links(text.replace("``", "`")) + "\n"


def links(text: str) -> str:
    """Return a text with its addresses as links."""
    return re.sub(r"(https?://[^\s|]+?)(?=[.,;)]*(?:[\s|]|$))", r"<\1>", text)


def default(field: FieldInfo) -> str:
    """Return a setting's default as an experiment file would have it."""
    if field.is_required():
        return "(must be given)"
    value = to_jsonable_python(field.get_default(call_default_factory=True, validated_data={}), fallback=str)
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text}`" if len(text) < 60 else f"all {len(value)}"


def settings_table(section: str, model: type[BaseModel], but: frozenset[str] = frozenset()) -> str:
    """Return the settings of a section: name, default, meaning."""
    rows = [
        (f"`{section}{name}`", default(field), plain(field.description or ""))
        for name, field in model.model_fields.items()
        if name not in but
    ]
    return table(("setting", "default", "meaning"), rows)


def commands() -> str:
    """Return every command: what it does, its arguments and options, an example."""
    parts = []
    for words, command in every_command(get_command(program), ("fusion",)):
        if hasattr(command, "commands"):
            continue
        rows = []
        for parameter in command.params:
            names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
            argument = parameter.param_type_name == "argument"
            typed = f"`{parameter.metavar or parameter.name.upper()}`"
            takes_value = parameter.metavar and not getattr(parameter, "is_flag", False)
            shown = typed if argument else f"{names} {typed}" if takes_value else names
            rows.append((shown, plain(getattr(parameter, "help", "") or "")))
        example = (command.epilog or "").removeprefix("Example: ")
        parts += [f"## {' '.join(words)}\n", inspect.cleandoc(command.help or "") + "\n"]
        parts += [f"Example: `{example}`\n", table(("argument or option", "meaning"), rows)]
    return "\n".join(parts)


def every_command(command: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield a command and all below it, each with the words that call it."""
    yield words, command
    for name, below in getattr(command, "commands", {}).items():
        yield from every_command(below, (*words, name))


def features(plots: bool = True) -> str:
    """Return every feature of fusion: what it is, its parameters, its shape, and a plot of a note."""
    parts = []
    for name, source in discover(FEATURES).items():
        cls, entry = load_feature(source), listing.feature(name)
        shape = f"`{tuple(entry['shape'])}`" if "shape" in entry else f"given by {' and '.join(entry['needs'])}"
        parts += [f"## {name}\n", prose(cls.__doc__ or ""), f"Shape for a clip of 4 s at 16 kHz: {shape}.\n"]
        parts += [settings_table("", cls)]
        if plots and "shape" in entry:
            parts += [f"![{name} of a reed note](../_generated/{name}.png)\n"]
    return "\n".join(parts)


def feature_lists() -> str:
    """Return the named lists of features, as an experiment file may have them."""
    parts = []
    for name, listed in LISTS.items():
        lines = "\n".join(f"  {feature}: {json.dumps(parameters)}" for feature, parameters in listed.items())
        parts.append(f"### {name}\n\n```yaml\nfeatures:\n{lines}\n```\n")
    return "\n".join(parts)


def fusions() -> str:
    """Return every fusion with its docstring, without importing keras."""
    parts = []
    for name, source in discover(FUSIONS).items():
        spec = importlib.util.find_spec(source.module)
        tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8")) if spec and spec.origin else ast.parse("")
        (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
        parts += [f"## {name}\n", prose(ast.get_docstring(function) or "")]
    return "\n".join(parts)


def datasets() -> str:
    """Return every data set: what it is, its licence, archives, published results, settings."""
    parts = []
    for name, source in discover(DATASETS).items():
        cls = load_dataset(source)
        parts += [f"## {name}\n", prose(cls.__doc__ or ""), "\n".join(about(cls)) + "\n"]
        parts += [settings_table("dataset.", cls, frozenset({"name"}))]
        if cls.published:
            header = ("published", *cls.published["metrics"], "")
            parts += [
                f"Published on the same test, protocol {cls.published['protocol']}, {cls.published['clips']} clips:\n",
                links(table(header, cls.published["rows"])),
            ]
    return "\n".join(parts)


def about(cls: type[DatasetSettings]) -> Iterator[str]:
    """Yield what is known of a data set, a line each."""
    for label, text in (("Title", cls.title), ("Cite", cls.citation), ("Licence", cls.licence), ("", cls.terms)):
        if text:
            yield links(f"- {label + ': ' if label else ''}{text}")
    if cls.homepage:
        yield f"- Page: <{cls.homepage}>"
    for archive in cls.archives:
        size = f"{archive.size / 1e9:.2f} GB" if archive.size > 1e8 else f"{archive.size / 1e6:.1f} MB"
        yield f"- Archive `{archive.file}`, {size}, MD5 `{archive.md5}`"


def metrics() -> str:
    """Return every figure of merit under its key in metrics.json."""
    parts = []
    for title, decided, scored in (
        ("One label a clip", metric.SINGLE_LABEL_METRICS, metric.SINGLE_LABEL_SCORE_METRICS),
        ("Several labels a clip", metric.MULTI_LABEL_METRICS, metric.MULTI_LABEL_SCORE_METRICS),
    ):
        ranked = {"lrap": "the ranking of scores"}
        rows = [
            (f"`{one.name}`", one.label, ranked.get(one.name, "decisions"), BETTER[one.direction]) for one in decided
        ]
        rows += [(f"`{one.name}`", one.label, "the network's scores", BETTER[one.direction]) for one in scored]
        parts += [f"## {title}\n", table(("key", "figure", "computed from", "better"), rows)]
    return "\n".join(parts)


def warnings() -> str:
    """Return what each warning means and what to do."""
    return "\n".join(
        f"## {word}\n\n{entry['means']}\n\n*What to do.* {entry['do']}\n" for word, entry in warning_words().items()
    )


def python() -> str:
    """Return the directives by which autodoc writes the names of ``import fusion``."""
    names = sorted(set(fusion.__all__) - {"__version__"})
    kinds = {name: "class" if inspect.isclass(getattr(fusion, name)) else "function" for name in names}
    kinds["FusionError"], kinds["FileParameter"] = "exception", "data"
    members = "\n   :members:\n   :exclude-members: model_config, model_post_init"
    return "\n".join(
        f"## {name}\n\n```{{eval-rst}}\n.. auto{kinds[name]}:: fusion.{name}"
        f"{members if kinds[name] == 'class' else ''}\n```\n"
        for name in names
    )


def python_names() -> str:
    """Return the names of ``import fusion``, each with what it is."""
    rows = []
    for name in sorted(set(fusion.__all__) - {"__version__"}):
        thing = getattr(fusion, name)
        known = inspect.isclass(thing) or inspect.isfunction(thing)
        summary = (inspect.getdoc(thing) or "").partition("\n")[0] if known else "A feature's parameter that is a file."
        rows.append((f"`{name}`", links(plain(summary.replace("``", "`")))))
    return table(("name", "what it is"), rows) + "\nWith examples: `help(fusion.run)`.\n"


MADE = {
    "commands": commands,
    "model_settings": partial(settings_table, "model.", FusionModel, frozenset({"preset"})),
    "training_settings": partial(settings_table, "training.", TrainingSettings),
    "search_settings": partial(settings_table, "search.", SearchSettings),
    "features": features,
    "feature_lists": feature_lists,
    "fusions": fusions,
    "datasets": datasets,
    "metrics": metrics,
    "warnings": warnings,
    "python": python,
}


STORED = {**MADE, "features": partial(features, plots=False), "python": python_names}
"""In files: what needs no plots and no Sphinx."""


def expand(app: Sphinx, page: str, source: list[str]) -> None:
    """Replace what stands between the comments of a page by what they ask for."""
    source[0] = _PLACE.sub(lambda found: MADE[found[1]](), source[0])


def stored(text: str) -> str:
    """Return a page's text with what belongs between its comments."""
    return _PLACE.sub(lambda found: f"{_BEGIN.format(found[1])}\n{STORED[found[1]]().strip()}\n{_END}", text)


def draw(app: Sphinx) -> None:
    """Draw each feature that needs no file of its own, unless it was drawn since anything of it was changed."""
    note = min(NOTE.glob("reed_*"))
    sources = [path for folder in ("features", "fusion/report") for path in HERE.parent.glob(f"{folder}/*.py")]
    newest = max(path.stat().st_mtime for path in sources)
    PLOTS.mkdir(exist_ok=True)
    for entry in listing.features():
        target = PLOTS / f"{entry['name']}.png"
        if "shape" in entry and not (target.exists() and target.stat().st_mtime > newest):
            save(fusion.plot_feature(entry["name"], note), target)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx what to call, and when."""
    app.connect("builder-inited", draw)
    app.connect("source-read", expand)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    for file in HERE.rglob("*.md"):
        if "_build" not in file.parts:
            file.write_text(stored(file.read_text(encoding="utf-8")), encoding="utf-8")
