"""NSynth: 305,979 single notes of 1,006 instruments in eleven families.

| | |
|---|---|
| Sound | 4 s (3 s held, 1 s release), 16 kHz, mono, 16 bit |
| Clips | train 289,205, valid 12,678, test 4,096 |
| Groups | instruments: valid and test share them, train has other ones |
| Licence | CC BY 4.0 |
| Layout | ``nsynth-train``, ``nsynth-valid``, ``nsynth-test``, each with ``examples.json`` and ``audio/*.wav`` |

Its server is also https://storage.googleapis.com/download.magenta.tensorflow.org/datasets/nsynth. How its parts are
parsed stands in `nsynth_notes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from fusion.datasets.groups import shuffled
from fusion.datasets.nsynth_join import join_notes, read_sources
from fusion.datasets.nsynth_notes import FAMILIES, ORIGINS, PARTS, Family, Origin, read_part, refuse_absent
from fusion.datasets.reader import Reader
from fusion.evaluation.aggregate import Aggregate
from fusion.settings.archive import Archive
from fusion.settings.protocols import Folds, Rate, Repeats, refuse_other_protocols
from fusion.settings.section import each_once

if TYPE_CHECKING:
    import pandas as pd

_HELD_OUT = 0.1  # share of training notes that validates


def _archive(split: str, size: int, md5: str, unpacked: int, audio: int) -> Archive:
    """Describe an archive; size and checksum are those that its server announces (length, and MD5 as entity tag)."""
    file, folder = f"nsynth-{split}.jsonwav.tar.gz", f"nsynth-{split}"
    return Archive(split, file, size, md5, unpacked, audio, folder, holds=("examples.json", "audio"))


def _is_course(fields: dict[str, Any]) -> bool:
    return fields.get("protocol") == "course"


class NSynth(Reader):
    """NSynth: single notes, 4 s at 16 kHz, eleven instrument families."""

    title = "NSynth (J. Engel et al., 2017)"
    citation = (
        "J. Engel, C. Resnick, A. Roberts, S. Dieleman, M. Norouzi, D. Eck and K. Simonyan: Neural audio synthesis of "
        "musical notes with WaveNet autoencoders, ICML 2017, https://doi.org/10.48550/arXiv.1704.01279"
    )
    licence = "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/"
    terms = "free to use and share if the authors are named"
    homepage = "https://magenta.tensorflow.org/datasets/nsynth"
    base_url = "http://download.magenta.tensorflow.org/datasets/nsynth"
    archives = (
        _archive("train", 23_815_298_079, "fde6665a93865503ba598b9fac388660", 37_300_000_000, 289_205),
        _archive("valid", 1_068_767_009, "87e94a00a19b6dbc99cf6d4c0c0cae87", 1_640_000_000, 12_678),
        _archive("test", 349_501_546, "5e6f8719bf7e16ad0a00d518b78af77d", 530_000_000, 4_096),
    )
    needs = ()  # which parts it needs depends on the protocol
    rate = 16000
    single_notes = True
    window: ClassVar[float] = 4.0  # a clip is one window
    hop: ClassVar[float] = 2.0
    aggregate: ClassVar[Aggregate] = "mean"
    group_noun = "instruments"
    splits_from = "the folders nsynth-train, nsynth-valid and nsynth-test"
    classes_from = "dataset.families, dataset.sources"
    keeps_order = True
    later: ClassVar[frozenset[str]] = frozenset({"folds", "repeats", "train_groups", "subset_seed"})

    name: Literal["nsynth"] = "nsynth"
    protocol: Literal["course", "official", "cv", "sources"] = Field(
        default="official",
        description="course: train on nsynth-valid, test on nsynth-test (the course project); official: nsynth-train; "
        "cv: folds of the instruments of all parts that are there; sources: each source of joined data left out",
    )
    validation: Literal["notes", "instruments", "official"] = Field(
        default_factory=lambda fields: "notes" if _is_course(fields) else "instruments",
        description="what validates: a tenth of the training notes, whole training instruments, or nsynth-valid",
    )
    sources: tuple[Origin, ...] = Field(
        default_factory=lambda fields: ("acoustic", "electronic") if _is_course(fields) else ORIGINS,
        min_length=1,
        description="instrument sources kept",
    )
    families: tuple[Family, ...] = Field(
        default_factory=lambda fields: tuple(
            family for family in FAMILIES if not (_is_course(fields) and family in ("synth_lead", "vocal"))
        ),
        min_length=1,
        description="instrument families kept",
    )
    limit: int | None = Field(
        default=None,
        ge=1,
        description="at most so many notes of a class from each part of the data set, always the same ones",
    )
    folds: Folds = Field(default=5, description="cv: parts of the instruments")
    repeats: Repeats = Field(default=1, description="cv: how often instruments are divided, each time anew")
    skip_damaged: bool = Field(default=False, description="leave damaged notes out and record them")
    sr: Rate = 16000

    @field_validator("sources", "families")
    @classmethod
    def _in_order(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return each_once(names, (*FAMILIES, *ORIGINS))

    @model_validator(mode="after")
    def _fits(self) -> NSynth:
        if (self.protocol == "course") != (self.validation == "notes"):
            raise ValueError(
                f"validation: {self.validation} does not go with protocol: {self.protocol} "
                "(course: notes; official: instruments or official; cv, sources: instruments)"
            )
        if self.protocol in ("cv", "sources") and self.validation != "instruments":
            raise ValueError(
                f"validation: {self.validation} does not go with protocol: {self.protocol} (cv, sources: instruments)"
            )
        refuse_other_protocols(self, {"folds": "cv", "repeats": "cv"})
        return self

    @property
    def known_groups(self) -> bool:
        """Whether the test is on new clips of groups that training knows, so that folds may divide groups, too."""
        return self.protocol == "course"

    @classmethod
    def uses(cls, root: Path) -> dict[str, Any] | None:
        """Return the settings that use most of the parts that are there; None if they are too few."""
        there = {part for part in PARTS if (root / f"nsynth-{part}").is_dir()}
        if {"train", "test"} <= there:
            return {"validation": "official"} if "valid" in there else {}
        return {"protocol": "course"} if {"valid", "test"} <= there else None

    @classmethod
    def join(cls, sources: Mapping[str, Path], out: Path) -> dict[str, Any] | None:
        """Join notes of several sources; None if none of them has any part."""
        there = [root for root in sources.values() for part in PARTS if (root / f"nsynth-{part}").is_dir()]
        return join_notes(sources, out) if there else None

    def read(self, root: Path) -> pd.DataFrame:
        """Return the notes of the parts that the protocol needs; labels are families, groups are instruments."""
        if self.protocol in ("cv", "sources"):
            there = self._there(root)
            rows = self._rows(root, {part: part for part in there or PARTS[:1]}).drop(columns="split")
            rows.attrs["notes"] = [f"damaged: nsynth-{part} is not there" for part in PARTS if part not in there]
            return rows
        parts = {"train": "valid" if self.protocol == "course" else "train", "test": "test"}
        return self._rows(root, parts | ({"validation": "valid"} if self.validation == "official" else {}))

    def leaves_out(self, table: pd.DataFrame, root: Path) -> Sequence[str]:
        """Return the source of each note."""
        sources = read_sources(root, self._there(root))
        return [sources[instrument] for instrument in table["group"]]

    def _there(self, root: Path) -> list[str]:
        return [part for part in PARTS if (root / f"nsynth-{part}").is_dir()]

    def read_alone(self, root: Path, split: str) -> pd.DataFrame:
        """Return the notes of nsynth-train, nsynth-valid (validation) or nsynth-test, whatever the protocol."""
        part = {"validation": "valid"}.get(split, split)
        # who does not know some of the families counts those
        return self.model_copy(update={"families": FAMILIES})._rows(root, {split: part})

    def validates(self, training: pd.DataFrame) -> pd.Series:
        """Return which training notes validate: a tenth of each family's (a single one stays), or instruments."""
        if self.validation != "notes":  # where nsynth-valid should, and has none, none does
            return super().validates(training) & (self.validation == "instruments")
        held: list[str] = []
        for _, clips in training.groupby("labels"):
            count = max(1, round(_HELD_OUT * len(clips))) if len(clips) > 1 else 0
            held += shuffled(clips["id"], "validation")[:count]
        return training["id"].isin(held)

    def _rows(self, root: Path, parts: Mapping[str, str]) -> pd.DataFrame:
        """Return the rows of some splits, each of them a part of NSynth."""
        import pandas as pd

        refuse_absent(root, parts.values())
        asked = (self.sources, self.families, self.limit)
        rows = [read_part(root / f"nsynth-{part}", *asked).assign(split=split) for split, part in parts.items()]
        return pd.concat(rows, ignore_index=True).assign(duration=self.window)
