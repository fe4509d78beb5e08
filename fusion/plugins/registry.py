"""Which plug-ins there are: those of installed packages, and those of the folders that the user named.

They are listed without importing anything. A plug-in's module is imported when it is used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from fusion.errors import FusionError, did_you_mean


@dataclass(frozen=True)
class Kind:
    """A kind of plug-in.

    Attributes
    ----------
    noun : str
        What one is called in messages.
    group : str
        Entry points by which packages announce theirs.
    folder : str
        Where its files lie in a plug-in folder; empty: directly in it.
    imports : str
        What a plug-in of this kind needs from ``fusion``, for a message; may be empty.
    """

    noun: str
    group: str
    folder: str = ""
    imports: str = ""


FEATURES = Kind("feature", "fusion.features", imports="Feature, SeriesFeature, Clip and frame_count")
DATASETS = Kind("data set", "fusion.datasets", "datasets", "Dataset")
FUSIONS = Kind("fusion", "fusion.fusions", "fusions")


@dataclass(frozen=True)
class Source:
    """Where one plug-in comes from: a module of an installed package, or a file of a plug-in folder.

    Attributes
    ----------
    kind : Kind
    name : str
        What it is called everywhere.
    module : str
        Module to import, for an installed package; empty for a file.
    file : Path or None
        The plug-in file.
    shared : tuple of Path
        Files beside it whose code the plug-ins of the folder share: those whose names begin with ``_``.
    package : str
        Distribution that announces the module, as ``name version``; empty for a file.
    stored_as : str
        For what fusion itself stores as features are: a fingerprint that stays when its module moves.
    """

    kind: Kind
    name: str
    module: str = ""
    file: Path | None = None
    shared: tuple[Path, ...] = ()
    package: str = ""
    stored_as: str = ""

    def __str__(self) -> str:
        return str(self.file) if self.file else f"{self.module} ({self.package})"

    @property
    def fingerprint(self) -> str:
        """What tells this plug-in's numbers from another's of the same name and version.

        For an installed package, its module; for a plug-in file, a hash of its text and of those that it may share, so
        that an edited file never gets what was computed with the old one.
        """
        if not self.file:
            return self.stored_as or self.module
        return hashlib.sha256(b"".join(path.read_bytes() for path in (self.file, *self.shared))).hexdigest()[:12]

    @property
    def folder(self) -> Path | None:
        """The plug-in folder that the user named; None for an installed package."""
        return self.file.parents[1 if self.kind.folder else 0] if self.file else None


Sources = dict[str, Source]
"""Plug-ins of one kind by name."""


def discover(kind: Kind, folders: Iterable[Path] = ()) -> Sources:
    """List the plug-ins of installed packages and of plug-in folders, without importing them.

    Parameters
    ----------
    kind : Kind
    folders : iterable of Path
        Plug-in folders; every ``<name>.py`` in one (in its folder `Kind.folder`) is a plug-in, unless its name begins
        with ``_`` or a dot (as the ``._<name>.py`` do that macOS leaves on other systems' disks).

    Returns
    -------
    dict of str to Source
        Sorted by name.

    Raises
    ------
    FusionError
        For a folder that is not there, a file whose name is no identifier, and a name given twice.
    """
    sources: Sources = {}
    packages: dict[int, str] = {}  # by distribution, whose name and version are parsed each time
    for point in entry_points(group=kind.group):
        if point.name.startswith("."):
            continue
        if id(point.dist) not in packages:
            packages[id(point.dist)] = f"{point.dist.name} {point.dist.version}" if point.dist else ""
        _add(sources, Source(kind, point.name, module=point.module, package=packages[id(point.dist)]))
    for folder in dict.fromkeys(Path(folder).resolve() for folder in folders):
        if not folder.is_dir():
            raise FusionError(f"{folder}: no such plug-in folder; give --plugins (or plugins:) an existing folder")
        files = sorted((folder / kind.folder).glob("[!.]*.py"))
        shared = tuple(file for file in files if file.name.startswith("_") and file.is_file())
        for file in files:
            if file.name.startswith("_"):
                continue
            if not file.stem.isidentifier():
                raise FusionError(
                    f"{file}: a plug-in's file name is its {kind.noun}'s name: letters, digits and _ only"
                )
            _add(sources, Source(kind, file.stem, file=file, shared=shared))
    return dict(sorted(sources.items()))


def _add(sources: Sources, source: Source) -> None:
    known = sources.setdefault(source.name, source)
    if known != source:
        raise FusionError(
            f"the {source.kind.noun} name {source.name!r} is taken twice: by {known} and by {source}; "
            "rename one of them"
        )


def find(kind: Kind, name: str, sources: Sources) -> Source:
    """Return the source called `name`.

    Raises
    ------
    FusionError
        If there is none; the message has a near match and all known names.
    """
    if name not in sources:
        raise FusionError(f"no such {kind.noun}{did_you_mean(name, sources)} (known: {', '.join(sources)})")
    return sources[name]
