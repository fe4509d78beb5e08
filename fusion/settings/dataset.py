"""The ``dataset`` section: what every data set is asked for. The data sets themselves are plug-ins, found by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import ValidationError

from fusion.errors import FusionError
from fusion.plugins.importing import load_class
from fusion.plugins.registry import Source
from fusion.settings.archive import Archive
from fusion.settings.protocols import SubsetSeed, TrainGroups
from fusion.settings.section import Section

if TYPE_CHECKING:
    from fusion.evaluation.aggregate import Aggregate

Hasher = Callable[[Sequence[Path]], list[str]]
"""Gives the content hash of each file; empty for one that is not there."""


class DatasetSettings(Section, ABC):
    """A data set: its settings, what is known of it, and how it is read.

    How the table of its clips becomes a corpus is in `fusion.datasets.reader`, the same for all data sets.

    Attributes
    ----------
    title, citation, licence, terms, homepage : str
        For people: name with authors and year; the paper; the licence's name and address; what it allows in one
        sentence; the official page.
    base_url : str
        Address of the folder that holds the official archives.
    archives : tuple of Archive
        None: the data set cannot be fetched.
    needs : tuple of str
        Files and folders below its root that it cannot do without; ``.`` is the root itself.
    rate : int or None
        Sampling rate of the official files, Hz; None: any.
    single_notes : bool
        Whether a clip is a note, which may be another one at another level.
    published : mapping
        Published results to stand beside those on the same test: ``protocol, clips, groups, metrics, rows``, rows being
        a source, a value for each metric, and a note. Empty: none.
    """

    title: ClassVar[str] = ""
    citation: ClassVar[str] = ""
    licence: ClassVar[str] = ""
    terms: ClassVar[str] = ""
    homepage: ClassVar[str] = ""
    base_url: ClassVar[str] = ""
    archives: ClassVar[tuple[Archive, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = (".",)
    rate: ClassVar[int | None] = None
    single_notes: ClassVar[bool] = False
    published: ClassVar[Mapping[str, Any]] = {}

    name: str
    protocol: str
    train_groups: TrainGroups = None
    subset_seed: SubsetSeed = 1
    skip_damaged: bool
    sr: int

    if TYPE_CHECKING:  # settings of some data sets, fixed in others

        @property
        def window(self) -> float:
            """Seconds that a network hears at once."""

        @property
        def hop(self) -> float:
            """Seconds from one window of a clip to the next."""

        @property
        def aggregate(self) -> Aggregate:
            """How the windows of a clip become one prediction."""

        @property
        def folds(self) -> int:
            """Parts of the groups, for protocol cv."""

        @property
        def repeats(self) -> int:
            """How often groups are divided."""

    @property
    def samples(self) -> int:
        """Length of a window in samples."""
        return round(self.window * self.sr)

    @property
    def known_groups(self) -> bool:
        """Whether the test is on new clips of groups that training knows, so that folds may divide groups, too."""
        return False

    @property
    def several_labels(self) -> bool:
        """Whether a test clip may have several labels."""
        return False

    @property
    def decision(self) -> float | str | None:
        """Score from which a class counts as heard, or what chooses it; None: the class with the largest score is."""
        return None

    @classmethod
    def uses(cls, root: Path) -> dict[str, Any] | None:
        """Return the settings that use most of what is in a folder; None if nothing can be trained on it."""
        return {} if all((root / name).exists() for name in cls.needs) else None

    @classmethod
    def join(cls, sources: Mapping[str, Path], out: Path) -> dict[str, Any] | None:
        """Join data of several sources in this layout into one folder; None if these are not in it, or it cannot.

        Parameters
        ----------
        sources : mapping of str to Path
            Folder of each source by its name.
        out : Path
            New folder.
        """
        return None

    @abstractmethod
    def read_corpus(self, root: Path, hasher: Hasher) -> Any:
        """Read labels, groups and splits; return a `fusion.datasets.corpus.Corpus`.

        Parameters
        ----------
        root : Path
            The data set's folder.
        hasher : callable
            Gives files' content hashes.

        Raises
        ------
        FusionError
            If the data set is missing or damaged; the message says where, all of it, and what to do.
        """

    @abstractmethod
    def read_split(self, root: Path, split: str, hasher: Hasher) -> Any:
        """Read one split alone, all its clips as test clips; return a `fusion.datasets.corpus.Corpus`.

        Parameters
        ----------
        root : Path
        split : {"train", "validation", "test"}
        hasher : callable

        Raises
        ------
        FusionError
            As `read_corpus` does, and if there is no such split.
        """


def load(source: Source) -> type[DatasetSettings]:
    """Import a data set's plug-in and return its class.

    Raises
    ------
    FusionError
        If it cannot be imported or does not define exactly one data set.
    """
    cls: type[DatasetSettings] = load_class(source, DatasetSettings, "one subclass of fusion.Dataset (with read)")
    return cls


def build(source: Source, settings: str) -> DatasetSettings:
    """Make a data set from its source and its settings as JSON.

    Raises
    ------
    FusionError
        If the plug-in is broken.
    pydantic.ValidationError
        If the settings are wrong.
    """
    cls = load(source)
    try:
        return cls.model_validate_json(settings, strict=True)
    except ValidationError:
        raise
    except (Exception, SystemExit) as error:  # a stranger's own validator
        raise FusionError(
            f"{source}: data set {source.name!r} cannot be made: {type(error).__name__}: {error}"
        ) from error
