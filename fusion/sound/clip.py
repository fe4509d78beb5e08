"""A piece of sound and the spectra that features share, so that five features pay for one STFT."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Shared = TypeVar("Shared", bound=NDArray[Any])


def frame_count(samples: int, frame_length: int, hop_length: int) -> int:
    """Return the number of centred frames, as librosa counts them.

    Parameters
    ----------
    samples : int
        Length of the signal.
    frame_length, hop_length : int, samples

    Returns
    -------
    int
        ``1 + samples // hop_length`` for even frame lengths.
    """
    return 1 + (samples + 2 * (frame_length // 2) - frame_length) // hop_length


def repeated(series: Array, active: NDArray[np.bool_]) -> Array:
    """Return the active frames of a series, repeated from the start until it has its length again.

    Parameters
    ----------
    series : (frames, dims)
    active : (frames,) bool
        At least one is true.
    """
    chosen = np.flatnonzero(active)
    return series[chosen[np.arange(len(series)) % len(chosen)]]


class Clip:
    """One mono signal with lazily computed spectra.

    Parameters
    ----------
    y : (samples,) float32
        The signal, finite, at least one sample.
    sr : int, Hz
        Its sampling rate.
    id : str
        Of the clip in its data set, whatever part of it this is; empty for other sound.
    path : Path or None
        Its file. A feature that uses either one says `by_clip`.

    Raises
    ------
    ValueError
        If `y` is not one-dimensional, is empty or holds NaN or infinity, or `sr` is no whole number above 0.

    Notes
    -----
    Spectra are computed once a clip for each (`n_fft`, `hop_length`) and shared read-only by all
    features. They equal ``librosa.stft``'s with its default window (periodic Hann), centring and zero
    padding, with time on the first axis.
    """

    def __init__(self, y: NDArray[np.floating], sr: int, id: str = "", path: Path | None = None) -> None:
        if not (sr >= 1 and sr % 1 == 0):
            raise ValueError(f"a sampling rate is a whole number of Hz, not {sr!r}")
        y = np.ascontiguousarray(y, dtype=np.float32)
        if y.ndim != 1 or y.size == 0:
            raise ValueError(f"a clip is one channel of at least one sample, not an array of shape {y.shape}")
        if not np.isfinite(y).all():
            raise ValueError("a clip holds finite samples only, this one has NaN or infinity")
        self.y: Array = _read_only(y)
        self.sr = int(sr)
        self.id, self.path = id, path
        self._shared: dict[tuple[Hashable, ...], Any] = {}

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.y.size / self.sr

    def magnitude(self, n_fft: int = 1024, hop_length: int = 512) -> Array:
        """Return the magnitude of the STFT.

        Parameters
        ----------
        n_fft, hop_length : int, samples

        Returns
        -------
        (frames, 1 + n_fft // 2) float32
        """
        return self.shared(("magnitude", n_fft, hop_length), lambda: self._stft(n_fft, hop_length))

    def power(self, n_fft: int = 1024, hop_length: int = 512) -> Array:
        """Return the squared magnitude of the STFT.

        Parameters
        ----------
        n_fft, hop_length : int, samples

        Returns
        -------
        (frames, 1 + n_fft // 2) float32
        """
        return self.shared(("power", n_fft, hop_length), lambda: np.square(self.magnitude(n_fft, hop_length)))

    def shared(self, key: tuple[Hashable, ...], compute: Callable[[], Shared]) -> Shared:
        """Return what several features need of this clip, computed for the first that asks.

        Parameters
        ----------
        key : tuple
            A name of what it is, and everything beside the clip that the numbers depend on.
        compute : callable
            Makes the array; it is called once a clip and key.

        Returns
        -------
        array
            Read-only.
        """
        if key not in self._shared:
            self._shared[key] = _read_only(compute())
        found: Shared = self._shared[key]
        return found

    def energy(self, start: NDArray[np.intp], stop: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the sum of squares of parts of the clip, which may overlap.

        Parameters
        ----------
        start, stop : (parts,) int
            Samples, 0 to the clip's length; a part ends before `stop`.

        Returns
        -------
        (parts,) float64
        """
        edges, place = np.unique(np.concatenate([start, stop, [0, self.y.size]]), return_inverse=True)
        # summed between edges first, because running sums of all samples take much longer
        between = np.add.reduceat(self._square, edges[:-1])
        before = np.concatenate([[0.0], np.cumsum(between)])[place]
        return before[len(start) : len(start) + len(stop)] - before[: len(start)]

    @cached_property
    def _square(self) -> NDArray[np.float64]:
        return np.square(self.y, dtype=np.float64)

    def active(self, frames: int, db: float) -> NDArray[np.bool_]:
        """Return which of equally spaced, centred frames sound.

        Parameters
        ----------
        frames : int
            The first is centred on the clip's beginning, the last on its end.
        db : float
            A frame sounds if its power is within so many decibels of the loudest frame's.

        Returns
        -------
        (frames,) bool
            At least one is true; all are in a silent clip.
        """
        power = self.shared(("frame power", frames), lambda: self._frame_power(frames))
        return np.asarray(power >= power.max() * 10 ** (-db / 10))

    def _frame_power(self, frames: int) -> NDArray[np.float64]:
        edges = (np.arange(frames + 1) - 0.5) * (self.y.size / max(frames - 1, 1))
        edges = np.minimum(np.maximum(np.floor(edges + 0.5).astype(np.intp), 0), self.y.size)
        lengths = edges[1:] - edges[:-1]
        if lengths.all():  # without empty frames, whose sum reduceat does not call zero
            return np.add.reduceat(self._square, edges[:-1]) / lengths
        return self.energy(edges[:-1], edges[1:]) / np.maximum(lengths, 1)

    def _stft(self, n_fft: int, hop_length: int) -> Array:
        # scipy's FFT keeps float32; numpy's would do, at twice the time
        from scipy.fft import rfft

        half = n_fft // 2
        padded = np.zeros(max(self.y.size + 2 * half, n_fft), dtype=np.float32)
        padded[half : half + self.y.size] = self.y
        frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]
        return np.abs(rfft(frames * _hann(n_fft), axis=-1))


@lru_cache(maxsize=16)
def _hann(n_fft: int) -> Array:
    return _read_only(np.hanning(n_fft + 1)[:-1].astype(np.float32))  # periodic, as a spectrum's frames need it


def _read_only(array: Shared) -> Shared:
    view: Shared = array.view()
    view.flags.writeable = False
    return view
