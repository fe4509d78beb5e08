"""Playing composed pieces with FluidSynth, mixing them at known levels and writing excerpts, in worker processes.

Every part is played alone, in stereo at 44.1 kHz, in one made-up room, so its level in the mix is known: each
predominant one is some dB over all that accompanies it (`OVER`, if not told otherwise), in RMS over the stretch of the
excerpt where it has notes, and predominant ones are within `APART` dB of one another, as far as that allows.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
from numpy.typing import NDArray
from scipy.signal import oaconvolve

from fusion.errors import FusionError
from fusion.rendering.fluidsynth import CEILING, FLOOR, Synthesizer
from fusion.rendering.music.composer import Cut, Part, Piece
from fusion.runtime.files import replacing, write_text

RATE = 44_100
"""Hz."""
OVER, APART = (3.0, 9.0), 4.0
"""dB: predominant instruments over the accompaniment, and at most between one another."""
LOUDNESS = (-24.0, -14.0)
"""RMS of an excerpt, dB of full scale; less where its peak would pass the ceiling."""

_BLOCK = 64  # FluidSynth begins and ends notes between blocks of 64 samples
_DRUM_CHANNEL = 9

Stereo = NDArray[np.float32]


@dataclass(frozen=True)
class Task:
    """A piece and its excerpts, for a worker; `seed` chooses the room and, within `level` (dB), the levels."""

    fonts: tuple[Path, ...]
    seed: str
    piece: Piece
    cuts: tuple[Cut, ...]
    suffix: str
    options: dict[str, Any]
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


class Band(Synthesizer):
    """Plays parts; every part has a new synth, since used voices leave traces."""

    def perform(self, part: Part, samples: int) -> Stereo:
        """Play one part from the piece's beginning.

        Parameters
        ----------
        part : Part
        samples : int
            How many to play; notes that begin later are left out.

        Returns
        -------
        ndarray of float32, shape (2, samples)
            As loud as the font has it, left and right weighted by the part's pan.
        """
        channel = _DRUM_CHANNEL if part.voice.bank == 128 else 0
        events = []
        for tone in part.tones:
            begin, end = round(tone.start * RATE / _BLOCK), round((tone.start + tone.length) * RATE / _BLOCK)
            events.append((begin, 1, tone.pitch, tone.velocity))
            events.append((max(end, begin + 1), 0, tone.pitch, 0))
        stereo = np.zeros((2, -(-samples // _BLOCK) * _BLOCK), dtype=np.float32)
        synth = self._library.new_fluid_synth(self._owner.settings)
        self._interpolate(synth, -1, 7)
        handle = self._add(synth, self._fonts[part.voice.font])
        self._library.fluid_synth_program_select(synth, channel, handle, part.voice.bank, part.voice.program)
        now = 0
        for block, starts, pitch, velocity in sorted(events):
            at = min(block * _BLOCK, stereo.shape[1])
            if at > now:
                self._fill(synth, stereo[:, now:at])
                now = at
            if at == stereo.shape[1]:
                break
            if starts:
                self._library.fluid_synth_noteon(synth, channel, pitch, velocity)
            else:
                self._library.fluid_synth_noteoff(synth, channel, pitch)
        if now < stereo.shape[1]:
            self._fill(synth, stereo[:, now:])
        self._remove(synth, self._fonts[part.voice.font])
        self._library.delete_fluid_synth(synth)
        stereo *= np.sqrt(np.array([[1 - part.pan], [1 + part.pan]], dtype=np.float32))
        return stereo[:, :samples]


def room(seed: str) -> Stereo:
    """Return the impulse response of a made-up room: noise that dies away within 0.3 to 1 s, (2, samples)."""
    chance = random.Random(f"room {seed}")
    seconds, wet = chance.uniform(0.3, 1.0), 10 ** (chance.uniform(-26, -10) / 20)
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(chance.getrandbits(64)).standard_normal((2, len(time)))
    response = noise * 10 ** (-3 * time / seconds)  # -60 dB at its end
    response *= wet / np.sqrt(np.sum(np.square(response), axis=1, keepdims=True))
    response[:, 0] += 1.0
    return response.astype(np.float32)


def reverberate(y: Stereo, response: Stereo) -> Stereo:
    """Play (2, samples) in a room; what sounds on after the end is cut."""
    wet: Stereo = oaconvolve(y, response, axes=1)[:, : y.shape[1]].astype(np.float32)
    return wet


def sounding(part: Part, samples: int) -> NDArray[np.bool_]:
    """Return where a part has notes, releases not counted: (samples,)."""
    where = np.zeros(samples, dtype=bool)
    for tone in part.tones:
        where[round(tone.start * RATE) : round((tone.start + tone.length) * RATE)] = True
    return where


def rms(y: Stereo, where: NDArray[np.bool_] | None = None) -> float:
    """Return the root mean square of (2, samples), of all or of the samples in `where`."""
    chosen = y if where is None else y[:, where]
    return float(np.sqrt(np.mean(np.square(chosen, dtype=np.float64)))) if chosen.size else 0.0


def mix(piece: Piece, stems: Sequence[Stereo], cut: Cut, seed: str, over: tuple[float, float] = OVER) -> Mix | None:
    """Mix an excerpt at controlled levels.

    Parameters
    ----------
    piece : Piece
    stems : sequence of ndarray, shape (2, samples)
        Its parts, played.
    cut : Cut
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
    chance = random.Random(seed)
    inside = _inside(cut)
    backing = np.zeros((2, inside.stop - inside.start), dtype=np.float32)
    leads: dict[str, tuple[Stereo, NDArray[np.bool_]]] = {}
    for part, stem in zip(piece.parts, stems, strict=True):
        where = sounding(part, stem.shape[1])
        if part.label is None:
            if (whole := rms(stem, where)) > FLOOR / 10:
                backing += stem[:, inside] * np.float32(10 ** (part.level / 20) / whole)
        elif part.label in cut.labels:
            leads[part.label] = (stem[:, inside], where[inside])
    least, most = over
    margin = min(1.0, (most - least) / 2)
    target = chance.uniform(least + margin, most - margin)
    under = {label: rms(backing, where) or 1.0 for label, (_, where) in leads.items()}
    level = target + float(np.mean([20 * np.log10(value) for value in under.values()]))
    scaled: dict[str, Stereo] = {}
    for label, (stem, where) in leads.items():
        own = rms(stem, where)
        if own < FLOOR / 10:
            return None
        aim = level + (chance.uniform(-APART / 2, APART / 2) if len(leads) > 1 else 0.0)
        above = min(most, max(least, aim - 20 * np.log10(under[label])))
        scaled[label] = stem * np.float32(under[label] * 10 ** (above / 20) / own)
    mixed = Mix({label: scaled[label] for label in cut.labels}, backing)
    y = mixed.y
    gain = np.float32(min(10 ** (chance.uniform(*LOUDNESS) / 20) / rms(y), CEILING / float(np.abs(y).max())))
    return Mix({label: stem * gain for label, stem in mixed.leads.items()}, backing * gain)


def _inside(cut: Cut) -> slice:
    first = round(cut.start * RATE)
    return slice(first, first + round(cut.seconds * RATE))  # every training excerpt has as many samples


_band = cache(Band)  # one a process and set of fonts


def play_piece(task: Task) -> list[str]:
    """Write a piece's excerpts; say of each: written, kept (from before) or silent (not written)."""
    paths = [cut.path.with_name(cut.path.name + task.suffix) for cut in task.cuts]
    outcomes = ["kept" if path.exists() else "written" for path in paths]
    if "written" not in outcomes:
        return outcomes
    samples = max(_inside(cut).stop for cut in task.cuts)
    hall = room(task.seed)
    stems = [reverberate(_band(task.fonts).perform(part, samples), hall) for part in task.piece.parts]
    for index, (cut, path) in enumerate(zip(task.cuts, paths, strict=True)):
        if outcomes[index] == "kept":
            continue
        mixed = mix(task.piece, stems, cut, f"{task.seed} {index}", task.level)
        if mixed is None:
            outcomes[index] = "silent"
            continue
        if cut.labelled:
            write_text(cut.path.with_name(cut.path.name + ".txt"), "".join(f"{label}\t\n" for label in cut.labels))
        with replacing(path) as temporary:
            try:
                sf.write(temporary, mixed.y.T, RATE, **task.options)
            except sf.LibsndfileError as error:
                raise FusionError(f"{path}: cannot be written: {error}; is the disk full?") from error
    return outcomes
