"""Clips cut into windows: what a network hears at once, what is extracted and stored."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusion.extraction.extract import Stretch
from fusion.extraction.store import clip_key
from fusion.settings.datasets import DatasetSettings
from fusion.sound.reading import TOLERANCE, DamagedError, audio_duration


@dataclass(frozen=True)
class Windows:
    """Windows of a data set's clips, in their order.

    Attributes
    ----------
    stretches : list of Stretch
    rows : (windows,) int
        The clip of each, as a row of the data set's table.
    damaged : dict of str to str
        Why a clip has none, by id.
    """

    stretches: list[Stretch]
    rows: NDArray[np.int64]
    damaged: dict[str, str]

    def clips_of(self, damaged: dict[str, str], table: pd.DataFrame) -> dict[str, str]:
        """Return why clips are damaged, given why windows are, both by id."""
        ids = list(table["id"])
        return {
            ids[row]: damaged[stretch.id]
            for row, stretch in zip(self.rows, self.stretches, strict=True)
            if stretch.id in damaged
        }


def cut(table: pd.DataFrame, settings: DatasetSettings) -> Windows:
    """Cut every clip into windows.

    Parameters
    ----------
    table : DataFrame
        A data set's, with content hashes.
    settings : DatasetSettings

    Returns
    -------
    Windows
        A clip with a duration is one window; a clip that is a whole file has as many as fit, and one more at its end.
    """
    stretches: list[Stretch] = []
    rows: list[int] = []
    damaged: dict[str, str] = {}
    for number, clip in enumerate(table.itertuples()):
        duration = clip.duration
        starts = [clip.start]
        if math.isnan(duration):
            duration = settings.samples / settings.sr
            try:
                starts = window_starts(audio_duration(clip.path), duration, settings.hop)
            except DamagedError as error:
                damaged[clip.id] = str(error)
                continue
        for start in starts:
            name = clip.id if len(starts) == 1 else f"{clip.id} at {start:g} s"
            stretches.append(Stretch(name, clip_key(clip.content, start, duration), clip.path, start, duration))
            rows.append(number)
    return Windows(stretches, np.array(rows, dtype=np.int64), damaged)


def window_starts(whole: float, window: float, hop: float) -> list[float]:
    """Return where windows of a sound start, all in seconds: every `hop`, and one that ends with it.

    Raises
    ------
    DamagedError
        If the sound is shorter than a window.
    """
    if whole < window - TOLERANCE:
        raise DamagedError(f"too short: {whole:.3f} s, a window has {window:g} s")
    room = max(0.0, whole - window)
    count = int(room / hop + 1e-6)
    starts = [round(step * hop, 6) for step in range(count + 1)]
    if room - starts[-1] > TOLERANCE:
        starts.append(round(room, 6))
    return starts
