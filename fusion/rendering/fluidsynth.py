"""Playing planned notes with FluidSynth and writing them, in worker processes.

A note is 3 s held and 1 s of release, played at 44.1 kHz with FluidSynth's best interpolation (at lower rates it
aliases), without reverb and chorus, and mixed to one channel; soxr takes it to 16 kHz. Every note of every
font has the same `GAIN`, so velocities keep their loudness.
"""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import c_char_p, c_int, c_void_p
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.rendering.notes.plan import SAMPLE_RATE

GAIN = 1.0
"""FluidSynth's gain for every note; FluidR3's loudest ones then peak at 0.8 of full scale."""
FLOOR, CEILING = 1e-3, 0.9
"""Peaks, of 1: notes that stay below the floor are left out, too loud ones are turned down to the ceiling;
it leaves room for what Vorbis adds."""

_RATE, _BLOCK = 44_100, 64  # FluidSynth begins and ends notes between blocks of 64 samples
_WARNING = 2  # level of FluidSynth's log
_HELD, _ALL = 3 * _RATE // _BLOCK * _BLOCK, -(-4 * _RATE // _BLOCK) * _BLOCK

_FONT_FOLDERS = (
    *("/usr/share/sounds/sf2", "/usr/share/soundfonts"),  # Debian and Ubuntu; Fedora and Arch
    *("/opt/homebrew/share/soundfonts", "/usr/local/share/soundfonts"),
    *("~/Library/Audio/Sounds/Banks", "/Library/Audio/Sounds/Banks"),  # macOS
)

SAMPLES = 4 * SAMPLE_RATE


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
    """FluidSynth with fonts loaded once; every note has a new synth, since used voices leave traces."""

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
        self._owner = fluidsynth.Synth(gain=GAIN, samplerate=float(_RATE), channels=16, **settings)
        find = fluidsynth.cfunc("fluid_synth_get_sfont_by_id", c_void_p, ("0", c_void_p, 1), ("1", c_int, 1))
        self._stereo = np.zeros((2, _ALL), dtype=np.float32)
        self._fonts: dict[Path, int] = {}
        for path in fonts:
            if (handle := self._owner.sfload(str(path))) < 0:
                raise FusionError(f"{path}: FluidSynth cannot load this SoundFont; name another font")
            self._fonts[path] = find(self._owner.synth, handle)

    def play(self, font: Path, program: int, pitch: int, velocity: int) -> NDArray[np.float32]:
        """Play one note, 3 s held and 1 s of release: (64000,) float32 at 16 kHz."""
        stereo = self._stereo
        synth = self._library.new_fluid_synth(self._owner.settings)
        self._interpolate(synth, -1, 7)
        handle = self._add(synth, self._fonts[font])
        self._library.fluid_synth_program_select(synth, 0, handle, 0, program)
        self._library.fluid_synth_noteon(synth, 0, pitch, velocity)
        self._fill(synth, stereo[:, :_HELD])
        self._library.fluid_synth_noteoff(synth, 0, pitch)
        self._fill(synth, stereo[:, _HELD:])
        self._remove(synth, self._fonts[font])
        self._library.delete_fluid_synth(synth)
        mono = stereo[:, : 4 * _RATE].mean(axis=0)
        y: NDArray[np.float32] = soxr.resample(mono, _RATE, SAMPLE_RATE, "HQ")
        return y[:SAMPLES]

    def _fill(self, synth: int, stereo: NDArray[np.float32]) -> None:
        left, right = (channel.ctypes.data for channel in stereo)
        self._write(synth, stereo.shape[1], left, 0, 1, right, 0, 1)
