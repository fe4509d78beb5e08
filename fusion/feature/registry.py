"""Where features come from: installed packages and the plug-in folders that the user named.

Features are listed without importing anything. A feature's module is imported when the feature is used.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from pydantic import ValidationError

from fusion.errors import FusionError, did_you_mean
from fusion.feature.contract import Feature

GROUP = "fusion.features"


@dataclass(frozen=True)
class FeatureSource:
    """Where one feature comes from: a module of an installed package, or a file of a plug-in folder.

    Attributes
    ----------
    name : str
        The feature's name everywhere.
    module : str
        Module to import, for an installed package; empty for a plug-in file.
    file : Path or None
        The plug-in file.
    package : str
        Distribution that announces the module, as ``name version``; empty for a plug-in file.
    stored_as : str
        For what fusion itself stores as features are: a fingerprint that stays when its module moves.
    """

    name: str
    module: str = ""
    file: Path | None = None
    package: str = ""
    stored_as: str = ""

    def __str__(self) -> str:
        return str(self.file) if self.file else f"{self.module} ({self.package})"

    @property
    def fingerprint(self) -> str:
        """What tells this feature's numbers from another's of the same name and version.

        For an installed package, its module; for a plug-in file, a hash of its text, so that an edited file never
        gets the values that were stored for the old one.
        """
        return hashlib.sha256(self.file.read_bytes()).hexdigest()[:12] if self.file else self.stored_as or self.module


def discover(folders: Iterable[Path] = ()) -> dict[str, FeatureSource]:
    """List the features of installed packages and of plug-in folders, without importing them.

    Parameters
    ----------
    folders : iterable of Path
        Plug-in folders; every ``<name>.py`` in one is a feature, unless its name begins with ``_`` or a dot (as the
        ``._<name>.py`` do that macOS leaves on other systems' disks).

    Returns
    -------
    dict of str to FeatureSource
        Sorted by name.

    Raises
    ------
    FusionError
        For a folder that is not there, a file whose name is no identifier, and a name given twice.
    """
    sources: dict[str, FeatureSource] = {}
    for point in entry_points(group=GROUP):
        if point.name.startswith("."):
            continue
        package = f"{point.dist.name} {point.dist.version}" if point.dist else ""
        _add(sources, FeatureSource(point.name, module=point.module, package=package))
    for folder in dict.fromkeys(Path(folder).resolve() for folder in folders):
        if not folder.is_dir():
            raise FusionError(f"{folder}: no such plug-in folder; give --plugins (or plugins:) an existing folder")
        for file in sorted(folder.glob("[!_.]*.py")):
            if not file.stem.isidentifier():
                raise FusionError(f"{file}: a plug-in's file name is its feature's name: letters, digits and _ only")
            _add(sources, FeatureSource(file.stem, file=file))
    return dict(sorted(sources.items()))


def _add(sources: dict[str, FeatureSource], source: FeatureSource) -> None:
    known = sources.setdefault(source.name, source)
    if known != source:
        raise FusionError(
            f"the feature name {source.name!r} is taken twice: by {known} and by {source}; rename one of them"
        )


def find(name: str, sources: dict[str, FeatureSource]) -> FeatureSource:
    """Return the source called `name`.

    Raises
    ------
    FusionError
        If there is none; the message has a near match and all known names.
    """
    if name not in sources:
        raise FusionError(f"no such feature{did_you_mean(name, sources)} (known: {', '.join(sources)})")
    return sources[name]


def load(source: FeatureSource) -> type[Feature]:
    """Import a source and return its feature class.

    Parameters
    ----------
    source : FeatureSource

    Returns
    -------
    type of Feature

    Raises
    ------
    FusionError
        If the module cannot be imported or does not define exactly one feature.
    """
    try:
        module = _import_file(source.file) if source.file else importlib.import_module(source.module)
    except (Exception, SystemExit) as error:  # whatever a stranger's code raises
        frames = traceback.extract_tb(error.__traceback__)
        numbers = [frame.lineno for frame in frames if frame.filename == str(source.file)]
        line = f", line {numbers[-1]}" if numbers else ""
        old = isinstance(error, ImportError) and (error.name or "").split(".")[0] == "fusion"
        mend = "; import Feature, SeriesFeature, Clip and frame_count from fusion" if old else ""
        raise FusionError(
            f"{source}{line}: the plug-in of feature {source.name!r} cannot be imported: "
            f"{type(error).__name__}: {error}{mend}"
        ) from error
    classes = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Feature)
        and value.__module__ == module.__name__
        and not inspect.isabstract(value)
    ]
    if len(classes) != 1:
        names = ", ".join(cls.__name__ for cls in classes) or "none"
        raise FusionError(
            f"{source}: a plug-in defines one subclass of fusion.Feature (with shape and extract) "
            f"or SeriesFeature (with series_shape and series), found {names}"
        )
    return classes[0]


def build(source: FeatureSource, parameters: str, folder: Path = Path()) -> Feature:
    """Make a feature from its source and its parameters as JSON; this is how worker processes get theirs.

    Parameters
    ----------
    source : FeatureSource
    parameters : str
    folder : Path
        What the paths of files among them are relative to.

    Raises
    ------
    FusionError
        If the source is broken, or a file among the parameters.
    pydantic.ValidationError
        If the parameters are wrong.
    """
    cls = load(source)
    try:
        return cls.model_validate_json(parameters, strict=True, context={"folder": folder})
    except (ValidationError, FusionError):
        raise
    except (Exception, SystemExit) as error:  # a stranger's own __init__ or validator
        raise FusionError(
            f"{source}: feature {source.name!r} cannot be made: {type(error).__name__}: {error}"
        ) from error


def _import_file(file: Path) -> ModuleType:
    # pydantic looks classes up in sys.modules, so the module has to be there, under a name that path and text give
    text = file.read_bytes()
    name = f"fusion_plugin_{hashlib.sha256(bytes(file) + text).hexdigest()[:12]}_{file.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None:
        raise ImportError(f"not a Python file: {file}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        # not by the spec's loader: its bytecode cache misses a change within a second that keeps the size
        exec(compile(text, file, "exec", dont_inherit=True), vars(module))
    except BaseException:
        del sys.modules[name]
        raise
    return module
