"""IRMAS: 6,705 training excerpts with one predominant instrument and 2,874 testing clips with one to five.

| | |
|---|---|
| Sound | 44.1 kHz, stereo, 16 bit; training excerpts 3 s, testing clips 5 to 20 s |
| Classes | cel, cla, flu, gac, gel, org, pia, sax, tru, vio, voi |
| Groups | training: recordings, joined where files are byte-identical; testing: 208 songs (practice music: songs
  that one instrument leads) |
| Licence | CC BY-NC-SA 3.0 |
| Layout | ``IRMAS-TrainingData/<class>/*.wav``; ``IRMAS-TestingData-Part1/`` to ``Part3/``, a folder in each with
  ``<song>-<n>.wav`` and ``<song>-<n>.txt`` (one label a line) |

How names and label files are parsed stands in `irmas_training` and `irmas_testing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from fusion.datasets.irmas_testing import TESTING, read_testing
from fusion.datasets.irmas_training import INSTRUMENTS, TRAINING, Instrument, read_training
from fusion.datasets.reader import Reader
from fusion.errors import FusionError
from fusion.settings.archive import Archive
from fusion.settings.protocols import (
    Folds,
    Hop,
    Rate,
    Repeats,
    Threshold,
    Window,
    WindowsToClip,
    refuse_gaps,
    refuse_other_protocols,
)
from fusion.settings.section import each_once

if TYPE_CHECKING:
    import pandas as pd


def _archive(name: str, size: float, md5: str, unpacked: float, audio: int, inner: str = "") -> Archive:
    """Describe an archive; sizes in GB are about right, MD5s are those of Zenodo's record, as mirdata verifies them."""
    folder, split, holds = f"IRMAS-{name}", "test" if inner else "train", () if inner else INSTRUMENTS
    packed, whole = round(10**9 * size), round(10**9 * unpacked)
    return Archive(split, f"{folder}.zip", packed, md5, whole, audio, folder, inner, holds, tolerance=0.2)


class IRMAS(Reader):
    """IRMAS: the predominant instruments of real music, eleven classes."""

    title = "IRMAS (J. J. Bosch, F. Fuhrmann, P. Herrera, 2014)"
    citation = (
        "J. Bosch, J. Janer, F. Fuhrmann and P. Herrera: A comparison of sound segregation techniques for predominant "
        "instrument recognition in musical audio signals, ISMIR 2012, 559-564"
    )
    licence = "CC BY-NC-SA 3.0, https://creativecommons.org/licenses/by-nc-sa/3.0/"
    terms = "free for non-commercial use only; its authors ask not to redistribute it"
    homepage = "https://doi.org/10.5281/zenodo.1290750"
    base_url = "https://zenodo.org/records/1290750/files"
    archives = (
        _archive("TrainingData", 3.2, "4fd9f5ed5a18d8e2687e6360b5f60afe", 3.55, 6_705),
        _archive("TestingData-Part1", 2.1, "5a2e65520dcedada565dff2050bb2a56", 2.4, 807, "Part1"),
        _archive("TestingData-Part2", 3.4, "afb0c8ea92f34ee653693106be95c895", 3.9, 1_301, "IRTestingData-Part2"),
        _archive("TestingData-Part3", 2.0, "9b3fb2d0c89cdc98037121c25bd5b556", 2.3, 766, "Part3"),
    )
    published: ClassVar[Mapping[str, Any]] = {
        "protocol": "official",
        "clips": 2874,
        "groups": 208,
        "metrics": ["micro_f1", "macro_f1"],
        "rows": [
            ["Bosch et al. 2012, ISMIR, 559-564", "0.503", "0.432", ""],
            ["Han et al. 2017, https://doi.org/10.1109/TASLP.2016.2632307", "0.602", "0.503", ""],
            [
                "Reghunath and Rajan 2022, https://doi.org/10.1186/s13636-022-00245-8",
                *("0.66", "0.62", "its own aggregation"),
            ],
            [
                "Zhong et al. 2023, https://doi.org/10.48550/arXiv.2306.08850",
                "0.674",
                "",
                "threshold chosen on the test",
            ],
        ],
    }
    rate = 44100
    needs = ()  # which parts it needs depends on the protocol
    group_noun = "songs"
    train_group_noun = "recordings"
    equal_files_join = True
    keeps_order = True
    later: ClassVar[frozenset[str]] = frozenset({"repeats", "train_groups", "subset_seed"})

    name: Literal["irmas"] = "irmas"
    protocol: Literal["official", "single", "cv"] = Field(
        default="official",
        description="official: train on excerpts with one label, test on clips with several; single: test on those "
        "with exactly one; cv: folds of the training excerpts",
    )
    classes: tuple[Instrument, ...] = Field(
        default=INSTRUMENTS, min_length=1, description="instruments kept, before any are merged"
    )
    merge: dict[str, tuple[Instrument, ...]] = Field(
        default_factory=dict, description="instruments that become one class, as in {guitar: [gac, gel]}"
    )
    window: Window = 3.0
    hop: Hop = 1.5
    aggregate: WindowsToClip = "mean"
    threshold: Threshold = Field(
        default="validation",
        description="official: score from which a class counts as heard; validation: best for mixed validation "
        "excerpts; oracle: best for the test itself, with a warning",
    )
    folds: Folds = Field(default=5, description="cv: parts of the training excerpts")
    repeats: Repeats = Field(default=1, description="cv: how often excerpts are divided, each time anew")
    grouped: bool = Field(default=True, description="cv: keep recordings in one fold; false shows what leakage buys")
    skip_damaged: bool = Field(default=False, description="leave damaged clips out and record them")
    sr: Rate = 22050

    @field_validator("classes")
    @classmethod
    def _in_order(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return each_once(names, INSTRUMENTS)

    @field_validator("merge")
    @classmethod
    def _distinct(cls, merge: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for label, names in merge.items():
            if not label.isidentifier() or label in INSTRUMENTS or len(names) < 2:
                raise ValueError(f"a new name and at least two instruments are needed, found {label}: {list(names)}")
        each_once(tuple(name for names in merge.values() for name in names), INSTRUMENTS)
        return {label: each_once(merge[label], INSTRUMENTS) for label in sorted(merge)}

    @model_validator(mode="after")
    def _fits(self) -> IRMAS:
        refuse_other_protocols(self, {"threshold": "official", "folds": "cv", "repeats": "cv", "grouped": "cv"})
        lost = sorted({name for names in self.merge.values() for name in names} - set(self.classes))
        if lost:
            raise ValueError(f"merge names {', '.join(lost)}, which classes leaves out")
        refuse_gaps(self.window, self.hop)
        return self

    @property
    def known_groups(self) -> bool:
        """Whether the test is on new clips of groups that training knows."""
        return self.protocol == "cv" and not self.grouped

    @property
    def several_labels(self) -> bool:
        """Whether a test clip may have several labels."""
        return self.protocol == "official"

    @property
    def decision(self) -> float | str | None:
        """Score from which a class counts as heard, or what chooses it."""
        return self.threshold

    @classmethod
    def uses(cls, root: Path) -> dict[str, Any] | None:
        """Return the settings that use most of the parts that are there; None without training excerpts."""
        if not (root / TRAINING).is_dir():
            return None
        return {} if any((root / part).is_dir() for part in TESTING) else {"protocol": "cv"}

    def read(self, root: Path) -> pd.DataFrame:
        """Return a row for each excerpt and clip; groups are recordings (``recording 0123``) and songs.

        Recordings with a byte-identical file in common are one group.
        """
        import pandas as pd

        training = read_training(root)
        if self.protocol == "cv":
            return training
        testing = read_testing(root, self.skip_damaged, self.several_labels)
        rows = pd.concat([training.assign(split="train"), testing.assign(split="test")], ignore_index=True)
        rows.attrs = testing.attrs
        return rows

    def read_alone(self, root: Path, split: str) -> pd.DataFrame:
        """Return the training excerpts or the testing clips alone; there is no validation split."""
        if split == "validation" or (split == "test" and self.protocol == "cv"):
            raise FusionError(f"{root}: IRMAS, protocol {self.protocol}, has no {split} split of its own; take another")
        testing = split == "test"
        rows = read_testing(root, self.skip_damaged, self.several_labels) if testing else read_training(root)
        return rows.assign(split=split)

    def relabelled(self, table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
        """Return the clips of classes that are kept, some of them merged; clips keep the labels that are left."""
        merged: dict[str, str] = {name: name for name in self.classes}
        merged |= {name: label for label, names in self.merge.items() for name in names}
        left = [[merged[name] for name in names.split(";") if name in merged] for names in table["labels"]]
        table = table.assign(labels=[";".join(dict.fromkeys(labels)) for labels in left])
        kept = table["labels"] != ""
        lost = int((table.loc[~kept, "split"] == "test").sum()) if self.several_labels else 0
        notes = [f"missing-class: {lost} test clips left out: none of their labels is kept"] if lost else []
        return table[kept], notes
