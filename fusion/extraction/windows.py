"""Clips cut into windows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusion.extraction.window import Window, window_key
from fusion.settings.dataset import DatasetSettings
from fusion.sound.reading import TOLERANCE, DamagedError, audio_duration


@dataclass(frozen=True)
class Windows:
    """Windows of a data set's clips, in their order.

    Attributes
    ----------
    windows : list of Window
    clips : (windows,) int
        The clip of each, as a row of the data set's table.
    damaged : dict of str to str
        Why a clip has none, by id.
    """

    windows: list[Window]
    clips: NDArray[np.int64]
    damaged: dict[str, str]

    @property
    def keys(self) -> list[str]:
        """The store's key of each window."""
        return [window.key for window in self.windows]

    def damaged_clips(self, extraction: dict[str, str], table: pd.DataFrame) -> dict[str, str]:
        """Return why clips are damaged, by id: they have no window, or `extraction` says it of a window's id."""
        ids = table["id"].to_numpy()
        return self.damaged | {
            ids[clip]: extraction[window.id]
            for clip, window in zip(self.clips, self.windows, strict=True)
            if window.id in extraction
        }

    def only(self, kept: NDArray[np.bool_]) -> Windows:
        """Return the windows of some clips, given by a mask, as rows of the same table."""
        chosen = np.flatnonzero(kept[self.clips])
        return Windows([self.windows[number] for number in chosen], self.clips[chosen], {})


def cut_windows(table: pd.DataFrame, settings: DatasetSettings) -> Windows:
    """Cut every clip into windows.

    Parameters
    ----------
    table : DataFrame
        A data set's, with content hashes.
    settings : DatasetSettings

    Returns
    -------
    Windows
        As many of a clip as fit, and one more at its end, which is its file's end if it has no duration.
    """
    windows: list[Window] = []
    clips: list[int] = []
    damaged: dict[str, str] = {}
    duration = settings.samples / settings.sr
    setting = " (dataset.window)" if "window" in type(settings).model_fields else ""
    for number, clip in enumerate(table.itertuples()):
        try:
            whole = clip.duration
            if math.isnan(whole):
                length = audio_duration(clip.path)
                whole = length - clip.start
                if whole <= 0:
                    raise DamagedError(f"begins at {clip.start:g} s, where its file of {length:.3f} s has ended")
        except DamagedError as error:
            damaged[clip.id] = str(error)
            continue
        try:
            starts = [clip.start + start for start in window_starts(whole, duration, settings.hop)]
        except DamagedError as error:
            damaged[clip.id] = f"{error}{setting}"
            continue
        for start in starts:
            name = clip.id if len(starts) == 1 else f"{clip.id} at {start:g} s"
            # the part of an MP3 before a window was not read before
            content = f"{clip.content}:2" if start and clip.path.suffix.lower() == ".mp3" else clip.content
            key = window_key(content, start, duration)
            windows.append(Window(name, key, clip.path, start, duration, clip=clip.id))
            clips.append(number)
    return Windows(windows, np.array(clips, dtype=np.int64), damaged)


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
    count = int(room / hop + 1e-6)  # 0.3 / 0.1 is a hair less than 3
    starts = [round(step * hop, 6) for step in range(count + 1)]
    if room - starts[-1] > TOLERANCE:
        starts.append(round(room, 6))
    return starts
