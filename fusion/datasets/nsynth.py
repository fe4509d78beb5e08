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

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from fusion.datasets.corpus import Corpus, checked
from fusion.datasets.files import missing_audio
from fusion.datasets.groups import divided, hold_out, shuffled
from fusion.datasets.nsynth_notes import FAMILIES, ORIGINS, Family, Origin, read_part, refuse_absent
from fusion.evaluation.aggregate import Aggregate
from fusion.settings.archive import Archive
from fusion.settings.dataset import DatasetSettings, Hasher
from fusion.settings.protocols import Folds, Rate, Repeats, refuse_other_protocols
from fusion.settings.section import each_once

if TYPE_CHECKING:
    import pandas as pd

GROUPS = "instruments"
_HELD_OUT = 0.1  # share of training notes that validates


def _archive(split: str, size: int, md5: str, unpacked: int, audio: int) -> Archive:
    """Describe an archive; size and checksum are those that its server announces (length, and MD5 as entity tag)."""
    file, folder = f"nsynth-{split}.jsonwav.tar.gz", f"nsynth-{split}"
    return Archive(split, file, size, md5, unpacked, audio, folder, holds=("examples.json", "audio"))


def _is_course(fields: dict[str, Any]) -> bool:
    return fields.get("protocol") == "course"


class NSynth(DatasetSettings):
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
    later: ClassVar[frozenset[str]] = frozenset({"folds", "repeats", "train_groups", "subset_seed"})

    name: Literal["nsynth"] = "nsynth"
    protocol: Literal["course", "official", "cv"] = Field(
        default="official",
        description="course: train on nsynth-valid, test on nsynth-test (the course project); official: nsynth-train; "
        "cv: folds of the instruments of all parts that are there",
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
                "(course: notes; official: instruments or official; cv: instruments)"
            )
        if self.protocol == "cv" and self.validation != "instruments":
            raise ValueError(f"validation: {self.validation} does not go with protocol: cv (cv: instruments)")
        refuse_other_protocols(self, {"folds": "cv", "repeats": "cv"})
        return self

    @property
    def rate(self) -> int:
        """Sampling rate of the official files, Hz."""
        return 16000

    @property
    def known_groups(self) -> bool:
        """Whether the test is on new clips of groups that training knows, so that folds may divide groups, too."""
        return self.protocol == "course"

    @property
    def single_notes(self) -> bool:
        """Whether a clip is a note, which may be another one at another level."""
        return True

    @property
    def window(self) -> float:
        """Length of a clip in seconds, which is one window."""
        return 4.0

    @property
    def hop(self) -> float:
        """Seconds from one window to the next, of sounds longer than a clip, which has one."""
        return self.window / 2

    @property
    def aggregate(self) -> Aggregate:
        """How the windows of a clip become one prediction; a clip has one."""
        return "mean"

    @classmethod
    def uses(cls, root: Path) -> dict[str, Any] | None:
        """Return the settings that use most of the parts that are there; None if they are too few."""
        there = {part for part in ("train", "valid", "test") if (root / f"nsynth-{part}").is_dir()}
        if {"train", "test"} <= there:
            return {"validation": "official"} if "valid" in there else {}
        return {"protocol": "course"} if {"valid", "test"} <= there else None

    def read_corpus(self, root: Path, hasher: Hasher) -> Corpus:
        """Read the metadata of the parts that the protocol needs; labels are families, groups are instruments."""
        import pandas as pd

        if self.protocol == "cv":
            return self._read_folds(root)
        course = self.protocol == "course"
        parts = {"train": "valid" if course else "train", "test": "test"}
        if self.validation == "official":
            parts["validation"] = "valid"
        refuse_absent(root, parts.values())
        tables = []
        missing: list[str] = []
        for split, part in parts.items():
            table, without_audio = self._part(root, part)
            missing += without_audio
            tables.append(self._limited(table).assign(split=split))
        table = pd.concat(tables, ignore_index=True)
        if self.validation == "notes":
            table = _hold_out_notes(table)
        elif self.validation == "instruments":
            training = table["split"] == "train"
            held = training & table["group"].isin(hold_out(table[training]))
            table = table.assign(split=table["split"].mask(held, "validation"))
        notes = missing_audio(missing, self.skip_damaged, root)
        return checked(Corpus("nsynth", self.protocol, table, GROUPS, notes))

    def _read_folds(self, root: Path) -> Corpus:
        """Read the metadata of all parts that are there, and divide their instruments into folds."""
        import pandas as pd

        parts = [part for part in ("train", "valid", "test") if (root / f"nsynth-{part}").is_dir()]
        refuse_absent(root, parts or ["train"])
        tables, missing = zip(*(self._part(root, part) for part in parts), strict=True)
        kept = [self._limited(table) for table in tables]
        table = pd.concat(kept, ignore_index=True).assign(split="train")
        notes = missing_audio([name for names in missing for name in names], self.skip_damaged, root)
        notes += [f"damaged: nsynth-{part} is not there" for part in ("train", "valid", "test") if part not in parts]
        folds = divided(table, self.folds, self.repeats, True, f"{root}: dataset.families, dataset.sources")
        return checked(Corpus("nsynth", self.protocol, table, GROUPS, notes, folds=folds))

    def read_split(self, root: Path, split: str, hasher: Hasher) -> Corpus:
        """Read the metadata of nsynth-train, nsynth-valid (validation) or nsynth-test, whatever the protocol."""
        part = {"validation": "valid"}.get(split, split)
        refuse_absent(root, [part])
        # who does not know some of the families counts those
        table, missing = read_part(root / f"nsynth-{part}", self.sources, FAMILIES, self.window)
        table = self._limited(table).assign(split="test")
        classes = tuple(sorted(table["labels"].unique()))
        notes = missing_audio(missing, self.skip_damaged, root)
        return Corpus("nsynth", self.protocol, table, GROUPS, notes, classes=classes)

    def _part(self, root: Path, part: str) -> tuple[pd.DataFrame, list[str]]:
        """Return the notes of one part that are kept, and those of them that have no audio."""
        return read_part(root / f"nsynth-{part}", self.sources, self.families, self.window)

    def _limited(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return at most so many notes of each class as `limit` says."""
        if self.limit is None:
            return table
        kept = [name for _, clips in table.groupby("labels") for name in shuffled(clips["id"], "limit")[: self.limit]]
        return table[table["id"].isin(kept)]


def _hold_out_notes(table: pd.DataFrame) -> pd.DataFrame:
    """Move a tenth of each family's training notes to validation; a single note stays."""
    held: list[str] = []
    for _, clips in table[table["split"] == "train"].groupby("labels"):
        count = max(1, round(_HELD_OUT * len(clips))) if len(clips) > 1 else 0
        held += shuffled(clips["id"], "validation")[:count]
    return table.assign(split=table["split"].mask(table["id"].isin(held), "validation"))
