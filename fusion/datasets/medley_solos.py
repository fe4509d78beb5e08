"""Medley-solos-DB 1.2: 21,571 clips of solo music, eight instruments.

| | |
|---|---|
| Sound | 2.97 s (131,072 samples), 44.1 kHz, mono |
| Clips | training 5,841 and validation 3,494 from MedleyDB, test 12,236 from solosDB: other recordings, other players |
| Groups | songs |
| Layout | ``annotation/Medley-solos-DB_metadata.csv``, ``audio/Medley-solos-DB_<subset>-<instrument id>_<uuid4>.wav`` |

The protocol of Lostanlen and Cella trains on the training clips, chooses by the validation clips, and tests each
test clip by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from fusion.datasets.dataset import Dataset
from fusion.datasets.files import sounds_below
from fusion.errors import FusionError
from fusion.settings.archive import Archive
from fusion.settings.protocols import Window

if TYPE_CHECKING:
    import pandas as pd

INSTRUMENTS = (  # by their number
    *("clarinet", "distorted electric guitar", "female singer", "flute"),
    *("piano", "tenor saxophone", "trumpet", "violin"),
)

_METADATA = "Medley-solos-DB_metadata.csv"
_COLUMNS = ("subset", "instrument", "instrument_id", "song_id", "uuid4")


class MedleySolos(Dataset):
    """Medley-solos-DB: clips of solo music, 3 s each, eight instruments; the test is another collection."""

    title = "Medley-solos-DB 1.2 (V. Lostanlen, C.-E. Cella, R. Bittner, S. Essid, 2019)"
    citation = (
        "V. Lostanlen and C.-E. Cella: Deep convolutional networks on the pitch spiral for musical instrument "
        "recognition, ISMIR 2016; its clips are from MedleyDB (R. Bittner et al., ISMIR 2014) and solosDB (S. Essid et "
        "al., IEEE TASLP 2009)"
    )
    licence = "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/"
    terms = "free to use and share if the authors are named"
    homepage = "https://doi.org/10.5281/zenodo.3464194"
    base_url = "https://zenodo.org/records/3464194/files"
    # MD5s as mirdata verifies them; sizes are about right
    archives = (
        Archive(
            *("metadata", _METADATA, 1_300_000, "fda6a589c56785f2195c9227809c521a", 1_300_000, 0, "annotation"),
            holds=(_METADATA,),
            tolerance=0.5,
        ),
        Archive(
            *("audio", "Medley-solos-DB.tar.gz", 7_900_000_000, "f5facf398793ef5c1f80c013afdf3e5f"),
            *(11_300_000_000, 21_571, "audio"),
            tolerance=0.5,
        ),
    )
    rate = 44100
    needs = (f"annotation/{_METADATA}", "audio")
    group_noun = "songs"
    splits_from = "column subset"

    name: Literal["medley_solos"] = "medley_solos"
    protocol: Literal["official", "cv"] = Field(  # type: ignore[assignment]  # in the place of the general ones
        default="official",
        description="official: the data set's training, validation and test; cv: folds of the songs of all three",
    )
    window: Window = Field(default=2.97, description="seconds that a network hears at once; a whole clip")

    def read(self, root: Path) -> pd.DataFrame:
        """Return a row for each clip of the metadata, and for each file that they do not name."""
        import pandas as pd

        metadata = _metadata(root / "annotation" / _METADATA)
        files = {path.with_suffix("").name: path for path in sounds_below(root / "audio")}
        numbered = {str(number): instrument for number, instrument in enumerate(INSTRUMENTS)}
        rows: list[dict[str, Any]] = []
        for number, row in enumerate(metadata.to_dict("records"), 2):
            clip = f"Medley-solos-DB_{row['subset']}-{row['instrument_id']}_{row['uuid4']}"
            path = files.pop(clip, root / "audio" / f"{clip}.wav")
            mistake = ""
            if row["instrument"] != numbered.get(row["instrument_id"]):
                mistake = f"instrument_id {row['instrument_id']!r} is not that of instrument {row['instrument']!r}"
            elif not row["song_id"].isdecimal():
                mistake = f"song_id: should be a number, found {row['song_id']!r}"
            known = {"labels": row["instrument"], "group": f"song {row['song_id']}", "split": row["subset"]}
            rows.append({**known, "path": path.relative_to(root), "where": f"line {number}", "mistake": mistake})
        for path in files.values():
            where = str(path.relative_to(root))
            rows.append({"path": where, "labels": "", "group": "", "where": where, "mistake": "is not in the metadata"})
        table = pd.DataFrame(rows)
        return table if self.has_own_splits else table.drop(columns="split")


def _metadata(file: Path) -> pd.DataFrame:
    """Return the metadata as text."""
    import pandas as pd

    try:
        table = pd.read_csv(file, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise FusionError(f"{file}: cannot be read as a table ({error}); fetch it again") from None
    if absent := [column for column in _COLUMNS if column not in table]:
        found = ", ".join(map(str, table.columns))
        raise FusionError(f"{file}: has no column {', '.join(absent)} (found: {found}); fetch it again")
    return table
