"""Playing planned notes and writing them, in worker processes.

A note is 3 s held and 1 s of release. It is mixed to one channel, and soxr takes it to 16 kHz.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from fusion.rendering.encoding import Encoding
from fusion.rendering.fluidsynth import CEILING, FLOOR, RATE, Synthesizer, Tone, synthesizer_of
from fusion.rendering.notes.plan import SAMPLE_RATE, Note

HELD, SECONDS = 3.0, 4
"""How long a note's key is held, and how long a note is, s."""


@dataclass(frozen=True)
class NotesTask:
    """The notes of one instrument in one split, for a worker; `folder` is the split's."""

    folder: Path
    encoding: Encoding
    fonts: tuple[Path, ...]
    notes: tuple[Note, ...]


def play_note(synthesizer: Synthesizer, note: Note) -> NDArray[np.float32]:
    """Return one note, (64000,) float32 at 16 kHz."""
    tone = Tone(0.0, HELD, note.pitch, note.velocity)
    stereo = synthesizer.play(note.font, 0, note.program, [tone], SECONDS * RATE)
    y: NDArray[np.float32] = soxr.resample(stereo.mean(axis=0), RATE, SAMPLE_RATE, "HQ")
    return y[: SECONDS * SAMPLE_RATE]


def play_notes(task: NotesTask) -> list[str]:
    """Write notes. Return for each: written, loud (written, turned down), silent (not written), kept (from before)."""
    outcomes = []
    for note in task.notes:
        path = task.folder / "audio" / f"{note.note_str}{task.encoding.suffix}"
        if path.exists():
            outcomes.append("kept")
            continue
        y = play_note(synthesizer_of(task.fonts), note)
        peak = float(np.abs(y).max())
        outcomes.append("silent" if peak < FLOOR else "loud" if peak > CEILING else "written")
        if peak >= FLOOR:
            task.encoding.write(path, y * min(1.0, CEILING / peak), SAMPLE_RATE)
    return outcomes
