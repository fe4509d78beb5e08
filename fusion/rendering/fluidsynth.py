"""FluidSynth: whether it is there, and playing notes of SoundFonts with it.

Everything is played in stereo at 44.1 kHz with FluidSynth's best interpolation, without reverb and chorus. All that is
rendered has the same `GAIN`, so velocities keep their loudness.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ctypes import c_char_p, c_int, c_void_p
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError

RATE = 44_100
"""Sampling rate at which FluidSynth plays, Hz. At lower rates it aliases."""
GAIN = 1.0
"""FluidSynth's gain; the loudest single notes of FluidR3 then peak at 0.8 of full scale."""
FLOOR, CEILING = 1e-3, 0.9
"""Peaks, of 1: what stays below the floor is not heard and left out, what is too loud is turned down to the ceiling,
which leaves room for what Vorbis adds."""

_BLOCK = 64  # FluidSynth begins and ends notes between blocks of 64 samples
_WARNING = 2  # level of FluidSynth's log
_BEST = 7  # order of FluidSynth's best interpolation
_DRUM_BANK, _DRUM_CHANNEL = 128, 9

_FONT_FOLDERS = (
    *("/usr/share/sounds/sf2", "/usr/share/soundfonts"),  # Debian and Ubuntu; Fedora and Arch
    *("/opt/homebrew/share/soundfonts", "/usr/local/share/soundfonts"),
    *("~/Library/Audio/Sounds/Banks", "/Library/Audio/Sounds/Banks"),  # macOS
)

Stereo = NDArray[np.float32]
"""(2, samples): left and right."""


@dataclass(frozen=True)
class Tone:
    """A key that is held: start and length in s, MIDI key, velocity 1-127.

    The record of a render of music is a hash of its tones as Python writes them: these names must stay.
    """

    start: float
    length: float
    pitch: int
    velocity: int


def check_fluidsynth() -> str:
    """Return FluidSynth's version, or say what to install."""
    try:
        import fluidsynth
    except ModuleNotFoundError as error:
        raise FusionError(
            "render: pyfluidsynth is missing; install it with pip install 'fusion-mir[render]'"
        ) from error
    except (ImportError, OSError) as error:
        raise FusionError(
            f"render: the FluidSynth library is missing ({error}); install it with "
            "apt install libfluidsynth3 (Debian, Ubuntu), dnf install fluidsynth-libs (Fedora), "
            "pacman -S fluidsynth (Arch) or brew install fluid-synth (macOS)"
        ) from error
    return str(fluidsynth.cfunc("fluid_version_str", c_char_p)().decode())


def find_fluidr3() -> Path:
    """Return FluidR3 from where distributions put it."""
    for folder in _FONT_FOLDERS:
        if (path := Path(folder).expanduser() / "FluidR3_GM.sf2").is_file():
            return path
    raise FusionError(
        f"render: no FluidR3_GM.sf2 in {', '.join(_FONT_FOLDERS)}; install it with "
        "apt install fluid-soundfont-gm (Debian, Ubuntu), dnf install fluid-soundfont-gm (Fedora), "
        "pacman -S soundfont-fluid (Arch); or name fonts yourself"
    )


class Synthesizer:
    """FluidSynth with fonts loaded once. Everything played has a new synth, since used voices leave traces."""

    def __init__(self, fonts: Sequence[Path]) -> None:
        import fluidsynth

        def function(name: str, *arguments: Any) -> Any:  # of C, which pyfluidsynth does not declare
            declared = [(str(index), kind, 1) for index, kind in enumerate(arguments)]
            return fluidsynth.cfunc(f"fluid_{name}", c_int, *declared)

        channel = (c_void_p, c_int, c_int)
        self._write = function("synth_write_float", c_void_p, c_int, *channel, *channel)  # 16 bit is dithered
        self._interpolate = function("synth_set_interp_method", c_void_p, c_int, c_int)
        self._add = function("synth_add_sfont", c_void_p, c_void_p)
        self._remove = function("synth_remove_sfont", c_void_p, c_void_p)
        function("set_log_function", c_int, c_void_p, c_void_p)(_WARNING, None, None)
        self._library = fluidsynth
        settings = {"synth.reverb.active": 0, "synth.chorus.active": 0, "synth.lock-memory": 0}
        self._owner = fluidsynth.Synth(gain=GAIN, samplerate=float(RATE), channels=16, **settings)
        find = fluidsynth.cfunc("fluid_synth_get_sfont_by_id", c_void_p, ("0", c_void_p, 1), ("1", c_int, 1))
        self._fonts: dict[Path, int] = {}
        for path in fonts:
            if (handle := self._owner.sfload(str(path))) < 0:
                raise FusionError(f"{path}: FluidSynth cannot load this SoundFont; name another font")
            self._fonts[path] = find(self._owner.synth, handle)

    def play(self, font: Path, bank: int, program: int, tones: Iterable[Tone], samples: int) -> Stereo:
        """Play tones with one preset of a font.

        Parameters
        ----------
        font : Path
            One of those loaded.
        bank, program : int
            Which preset; those of bank 128 are drums.
        tones : iterable of Tone
            In any order; those that begin after the end are left out.
        samples : int
            How many to play.

        Returns
        -------
        ndarray of float32, shape (2, samples)
            As loud as the font has it.
        """
        events = []
        for tone in tones:
            begin, end = round(tone.start * RATE / _BLOCK), round((tone.start + tone.length) * RATE / _BLOCK)
            events.append((begin, True, tone.pitch, tone.velocity))
            events.append((max(end, begin + 1), False, tone.pitch, 0))
        channel = _DRUM_CHANNEL if bank == _DRUM_BANK else 0
        stereo = np.zeros((2, -(-samples // _BLOCK) * _BLOCK), dtype=np.float32)
        synth = self._library.new_fluid_synth(self._owner.settings)
        self._interpolate(synth, -1, _BEST)
        handle = self._add(synth, self._fonts[font])
        self._library.fluid_synth_program_select(synth, channel, handle, bank, program)
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
        self._remove(synth, self._fonts[font])
        self._library.delete_fluid_synth(synth)
        return stereo[:, :samples]

    def _fill(self, synth: int, stereo: Stereo) -> None:
        left, right = (channel.ctypes.data for channel in stereo)
        self._write(synth, stereo.shape[1], left, 0, 1, right, 0, 1)


synthesizer_of = cache(Synthesizer)
"""The synthesizer of these fonts, given as a tuple; a process makes it once."""
