"""Playing planned notes, in worker processes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soundfile as sf

from fusion.errors import FusionError
from fusion.rendering.fluidsynth import CEILING, FLOOR, Synthesizer
from fusion.rendering.notes.plan import SAMPLE_RATE, Note, Preset
from fusion.runtime.files import replacing


@dataclass(frozen=True)
class Task:
    """The notes of one instrument in one split, for a worker."""

    folder: Path
    preset: Preset
    fonts: tuple[Path, ...]
    notes: tuple[Note, ...]


_synthesizer = cache(Synthesizer)  # one a process and set of fonts


def play_notes(task: Task) -> list[str]:
    """Write notes; say of each: written, kept (from before), loud (turned down) or silent (not written)."""
    outcomes = []
    for note in task.notes:
        path = task.folder / "audio" / f"{note.note_str}{task.preset.suffix}"
        if path.exists():
            outcomes.append("kept")
            continue
        y = _synthesizer(task.fonts).play(note.font, note.program, note.pitch, note.velocity)
        peak = float(np.abs(y).max())
        outcomes.append("silent" if peak < FLOOR else "loud" if peak > CEILING else "written")
        if peak >= FLOOR:
            with replacing(path) as temporary:
                try:
                    sf.write(temporary, y * min(1.0, CEILING / peak), SAMPLE_RATE, **task.preset.options)
                except sf.LibsndfileError as error:
                    raise FusionError(f"{path}: cannot be written: {error}; is the disk full?") from error
    return outcomes
