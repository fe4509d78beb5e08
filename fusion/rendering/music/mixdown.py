"""Playing composed pieces with FluidSynth, mixing them at known levels and writing excerpts, in worker processes.

Every part is played alone, in stereo at 44.1 kHz, in one made-up room, so its level in the mix is known: each
predominant one is some dB over all that accompanies it (`OVER`, where no other range is asked for), in RMS over the
time of the excerpt where it has notes. Predominant ones are within `APART` dB of one another, as far as that allows.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import oaconvolve

from fusion.rendering.encoding import Encoding
from fusion.rendering.fluidsynth import CEILING, FLOOR, RATE, Stereo, Synthesizer, synthesizer_of
from fusion.rendering.music.composer import MusicPart, Piece
from fusion.rendering.music.plan import Excerpt
from fusion.runtime.files import write_text

OVER, APART = (3.0, 9.0), 4.0
"""dB: predominant instruments over the accompaniment, and at most between one another."""
LOUDNESS = (-24.0, -14.0)
"""RMS of an excerpt, dB of full scale; less where its peak would pass the ceiling."""


@dataclass(frozen=True)
class PieceTask:
    """A piece and its excerpts, for a worker; `seed` chooses the room and, within `level` (dB), the levels."""

    fonts: tuple[Path, ...]
    seed: str
    piece: Piece
    excerpts: tuple[Excerpt, ...]
    encoding: Encoding
    level: tuple[float, float] = OVER


@dataclass(frozen=True)
class Mix:
    """What was mixed, (2, samples) each: every predominant part by its class, and the whole accompaniment."""

    leads: dict[str, Stereo]
    backing: Stereo

    @property
    def y(self) -> Stereo:
        """The sum: what is heard."""
        return np.sum([*self.leads.values(), self.backing], axis=0)


def perform(synthesizer: Synthesizer, part: MusicPart, samples: int) -> Stereo:
    """Return the first `samples` of one part, (2, samples), left and right weighted by its pan."""
    voice = part.voice
    stereo = synthesizer.play(voice.font, voice.bank, voice.program, part.tones, samples)
    return stereo * np.sqrt(np.array([[1 - part.pan], [1 + part.pan]], dtype=np.float32))


def room_response(seed: str) -> Stereo:
    """Return the impulse response of a made-up room: noise that dies away within 0.3 to 1 s, (2, samples)."""
    rng = random.Random(f"room {seed}")
    seconds, wet = rng.uniform(0.3, 1.0), 10 ** (rng.uniform(-26, -10) / 20)
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(rng.getrandbits(64)).standard_normal((2, len(time)))
    response = noise * 10 ** (-3 * time / seconds)  # -60 dB at its end
    response *= wet / np.sqrt(np.sum(np.square(response), axis=1, keepdims=True))
    response[:, 0] += 1.0
    return response.astype(np.float32)


def reverberate(y: Stereo, response: Stereo) -> Stereo:
    """Play (2, samples) in a room; what sounds on after the end is left out."""
    wet: Stereo = oaconvolve(y, response, axes=1)[:, : y.shape[1]].astype(np.float32)
    return wet


def sounding(part: MusicPart, samples: int) -> NDArray[np.bool_]:
    """Return where a part has notes, releases not counted: (samples,)."""
    where = np.zeros(samples, dtype=bool)
    for tone in part.tones:
        where[round(tone.start * RATE) : round((tone.start + tone.length) * RATE)] = True
    return where


def rms(y: Stereo, where: NDArray[np.bool_] | None = None) -> float:
    """Return the root mean square of (2, samples), of all or of the samples in `where`."""
    chosen = y if where is None else y[:, where]
    return float(np.sqrt(np.mean(np.square(chosen, dtype=np.float64)))) if chosen.size else 0.0


def mix(
    piece: Piece, stems: Sequence[Stereo], excerpt: Excerpt, seed: str, over: tuple[float, float] = OVER
) -> Mix | None:
    """Mix an excerpt at controlled levels.

    Parameters
    ----------
    piece : Piece
    stems : sequence of ndarray, shape (2, samples)
        Its parts, played.
    excerpt : Excerpt
        Predominant parts of classes that are not among its labels are left out.
    seed : str
        Chooses the levels.
    over : (float, float)
        The least and the most that a predominant part is over the accompaniment, dB.

    Returns
    -------
    Mix or None
        None if one of the predominant parts is not heard.
    """
    rng = random.Random(seed)
    inside = _samples_of(excerpt)
    backing = np.zeros((2, inside.stop - inside.start), dtype=np.float32)
    leads: dict[str, tuple[Stereo, NDArray[np.bool_]]] = {}
    for part, stem in zip(piece.parts, stems, strict=True):
        where = sounding(part, stem.shape[1])
        if part.label is None:
            if (whole := rms(stem, where)) > FLOOR / 10:
                backing += stem[:, inside] * np.float32(10 ** (part.level / 20) / whole)
        elif part.label in excerpt.labels:
            leads[part.label] = (stem[:, inside], where[inside])
    least, most = over
    margin = min(1.0, (most - least) / 2)
    target = rng.uniform(least + margin, most - margin)
    under = {label: rms(backing, where) or 1.0 for label, (_, where) in leads.items()}
    level = target + float(np.mean([20 * np.log10(value) for value in under.values()]))
    scaled: dict[str, Stereo] = {}
    for label, (stem, where) in leads.items():
        own = rms(stem, where)
        if own < FLOOR / 10:
            return None
        aim = level + (rng.uniform(-APART / 2, APART / 2) if len(leads) > 1 else 0.0)
        above = min(most, max(least, aim - 20 * np.log10(under[label])))
        scaled[label] = stem * np.float32(under[label] * 10 ** (above / 20) / own)
    mixed = Mix({label: scaled[label] for label in excerpt.labels}, backing)
    y = mixed.y
    gain = np.float32(min(10 ** (rng.uniform(*LOUDNESS) / 20) / rms(y), CEILING / float(np.abs(y).max())))
    return Mix({label: stem * gain for label, stem in mixed.leads.items()}, backing * gain)


def _samples_of(excerpt: Excerpt) -> slice:
    first = round(excerpt.start * RATE)
    return slice(first, first + round(excerpt.seconds * RATE))  # every training excerpt has as many samples


def play_piece(task: PieceTask) -> list[str]:
    """Write a piece's excerpts. Return for each: written, kept (from before) or silent (not written)."""
    paths = [excerpt.path.with_name(excerpt.path.name + task.encoding.suffix) for excerpt in task.excerpts]
    outcomes = ["kept" if path.exists() else "written" for path in paths]
    if "written" not in outcomes:
        return outcomes
    samples = max(_samples_of(excerpt).stop for excerpt in task.excerpts)
    response, synthesizer = room_response(task.seed), synthesizer_of(task.fonts)
    stems = [reverberate(perform(synthesizer, part, samples), response) for part in task.piece.parts]
    for index, (excerpt, path) in enumerate(zip(task.excerpts, paths, strict=True)):
        if outcomes[index] == "kept":
            continue
        mixed = mix(task.piece, stems, excerpt, f"{task.seed} {index}", task.level)
        if mixed is None:
            outcomes[index] = "silent"
            continue
        if excerpt.labelled:
            write_text(
                excerpt.path.with_name(excerpt.path.name + ".txt"), "".join(f"{label}\t\n" for label in excerpt.labels)
            )
        task.encoding.write(path, mixed.y.T, RATE)
    return outcomes
