"""How fast features are extracted, against librosa and against essentia: ratios from one run on the same clips.

    python tests/benchmarks/extraction.py [--essentia] [--clips 12] [--rounds 15]

Everything runs on one core with one BLAS thread, contenders take turns clip by clip, and medians of processor time are
compared, so other programs disturb little. A ratio above 1 means that fusion is faster.

What is equal
-------------
librosa: everything. The same five features with the same arguments, as frames without statistics; the script stops
unless values agree to 1e-4 of their range. "librosa" is what its documentation shows: five calls that are each given
the signal, so each computes its own spectrum and builds its own filters. "with a shared spectrum" computes that once.
essentia: frames, hops and window; MFCCs (128 Slaney bands, dB, orthonormal DCT), centroid and zero-crossing rate agree
with ours but for two frames at the edges, which is checked, too. The line of three features has these alone. essentia
is called frame by frame from Python, as its tutorial does in standard mode.

What is not
-----------
librosa's `load` tells file types apart and may fall back to other decoders; both sides decode by libsndfile.
essentia's roll-off is of the energy, not of the magnitude. It has no chroma filters: its HPCP is made of the spectrum's
peaks from 40 Hz to 5 kHz, and six axes are put on it by one matrix product a clip.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import soundfile

from fusion.sound.clip import Clip
from fusion.sound.reading import read_audio
from fusion_features.mfcc import MFCC
from fusion_features.spectral_centroid import SpectralCentroid
from fusion_features.spectral_rolloff import SpectralRolloff
from fusion_features.tonnetz import Tonnetz
from fusion_features.zero_crossing_rate import ZeroCrossingRate

SR, SECONDS = 16000, 4.0
N_FFT, HOP = 1024, 512

Contender = Callable[[Any], Sequence[np.ndarray]]

FEATURES = (
    MFCC(),
    SpectralCentroid(statistics=None),
    SpectralRolloff(statistics=None),
    Tonnetz(statistics=None),
    ZeroCrossingRate(statistics=None),
)
CQT = Tonnetz(chroma="cqt", statistics=None)


def note(number: int) -> np.ndarray:
    """Return a decaying note of a dozen overtones with a little noise."""
    random = np.random.default_rng(number)
    time_axis = np.arange(round(SECONDS * SR)) / SR
    f0 = 55 * 2 ** random.uniform(0, 4)
    y = random.normal(0, 1e-3, time_axis.size)
    for k in range(1, 13):
        if k * f0 < SR / 2:
            decay = np.exp(-time_axis * random.uniform(0.2, 3))
            y += random.uniform(0, 0.3) / k * decay * np.sin(2 * np.pi * k * f0 * time_axis + random.uniform(0, 6))
    return y.astype(np.float32)


def ours(y: np.ndarray) -> list[np.ndarray]:
    clip = Clip(y, SR)
    return [feature.extract(clip) for feature in FEATURES]


def ours_from_file(path: Path) -> list[np.ndarray]:
    return ours(read_audio(path, SR, 0.0, SECONDS))


def librosa_plain(y: np.ndarray) -> list[np.ndarray]:
    frame = {"n_fft": N_FFT, "hop_length": HOP}
    chroma = librosa.feature.chroma_stft(y=y, sr=SR, tuning=0.0, **frame)
    return [
        librosa.feature.mfcc(y=y, sr=SR, n_mfcc=20, **frame).T,
        librosa.feature.spectral_centroid(y=y, sr=SR, **frame).T,
        librosa.feature.spectral_rolloff(y=y, sr=SR, **frame).T,
        librosa.feature.tonnetz(chroma=chroma, sr=SR).T,
        librosa.feature.zero_crossing_rate(y, frame_length=N_FFT, hop_length=HOP).T,
    ]


def librosa_shared(y: np.ndarray) -> list[np.ndarray]:
    magnitude = np.abs(librosa.stft(y, n_fft=N_FFT, hop_length=HOP))
    power = magnitude**2
    mel = librosa.power_to_db(librosa.feature.melspectrogram(S=power, sr=SR, n_fft=N_FFT))
    chroma = librosa.feature.chroma_stft(S=power, sr=SR, n_fft=N_FFT, tuning=0.0)
    return [
        librosa.feature.mfcc(S=mel, n_mfcc=20).T,
        librosa.feature.spectral_centroid(S=magnitude, sr=SR).T,
        librosa.feature.spectral_rolloff(S=magnitude, sr=SR).T,
        librosa.feature.tonnetz(chroma=chroma, sr=SR).T,
        librosa.feature.zero_crossing_rate(y, frame_length=N_FFT, hop_length=HOP).T,
    ]


def librosa_from_file(path: Path) -> list[np.ndarray]:
    y, _ = librosa.load(path, sr=SR)
    return librosa_plain(y)


def ours_cqt(y: np.ndarray) -> list[np.ndarray]:
    return [CQT.extract(Clip(y, SR))]


def librosa_cqt(y: np.ndarray) -> list[np.ndarray]:
    chroma = librosa.feature.chroma_cqt(y=y, sr=SR, hop_length=HOP, tuning=0.0)
    return [librosa.feature.tonnetz(chroma=chroma, sr=SR).T]


def ours_three(y: np.ndarray) -> list[np.ndarray]:
    clip = Clip(y, SR)
    return [feature.extract(clip) for feature in (FEATURES[0], FEATURES[1], FEATURES[4])]


def essentias() -> tuple[Contender, Contender]:
    """Return essentia's algorithms, the three equal ones and all five, or leave with a message."""
    try:
        import essentia

        essentia.log.infoActive = essentia.log.warningActive = False
        import essentia.standard as es
    except ImportError:
        sys.exit("--essentia: essentia is not installed; pip install essentia")
    window = es.Windowing(type="hann", size=N_FFT, normalized=False, zeroPhase=False, symmetric=False)
    spectrum = es.Spectrum(size=N_FFT)
    mfcc = es.MFCC(
        inputSize=1 + N_FFT // 2,
        sampleRate=SR,
        highFrequencyBound=SR / 2,
        numberBands=128,
        numberCoefficients=20,
        warpingFormula="slaneyMel",
        weighting="linear",
        normalize="unit_tri",
        logType="dbpow",
    )
    centroid = es.Centroid(range=SR / 2)
    rolloff = es.RollOff(sampleRate=SR, cutoff=0.85)
    crossings = es.ZeroCrossingRate()
    peaks = es.SpectralPeaks(sampleRate=SR, minFrequency=40, maxFrequency=5000, maxPeaks=100)
    hpcp = es.HPCP(sampleRate=SR, size=12, minFrequency=40, maxFrequency=5000, normalized="none", bandPreset=False)
    steps = np.outer([7 / 6, 7 / 6, 3 / 2, 3 / 2, 2 / 3, 2 / 3], np.arange(12) + 9)  # HPCP begins at A
    steps[::2] -= 0.5
    axes = (np.array([[1], [1], [1], [1], [0.5], [0.5]]) * np.cos(np.pi * steps)).T.astype(np.float32)

    def column(values: list[Any]) -> np.ndarray:
        return np.array(values, dtype=np.float32).reshape(len(values), -1)

    def essentia_three(y: np.ndarray) -> list[np.ndarray]:
        a, b, c = [], [], []
        for frame in es.FrameGenerator(y, frameSize=N_FFT, hopSize=HOP, startFromZero=False):
            magnitude = spectrum(window(frame))
            a.append(mfcc(magnitude)[1])
            b.append(centroid(magnitude))
            c.append(crossings(frame))
        return [column(a), column(b), column(c)]

    def essentia_five(y: np.ndarray) -> list[np.ndarray]:
        a, b, c, d, e = [], [], [], [], []
        for frame in es.FrameGenerator(y, frameSize=N_FFT, hopSize=HOP, startFromZero=False):
            magnitude = spectrum(window(frame))
            a.append(mfcc(magnitude)[1])
            b.append(centroid(magnitude))
            c.append(rolloff(magnitude))
            d.append(hpcp(*peaks(magnitude)))
            e.append(crossings(frame))
        chroma = column(d)
        tonnetz = chroma / np.maximum(chroma.sum(axis=1, keepdims=True), 1e-30) @ axes
        return [column(a), column(b), column(c), tonnetz, column(e)]

    return essentia_three, essentia_five


def assert_equal(one: Contender, other: Contender, clip: Any, edge: int = 0) -> None:
    """Stop unless two contenders give the same values, but for some frames at the edges."""
    for mine, theirs in zip(one(clip), other(clip), strict=True):
        inside = slice(edge, len(mine) - edge)
        reach = max(np.ptp(theirs), np.abs(theirs).max())
        if mine.shape != theirs.shape or np.abs(mine - theirs)[inside].max() > 1e-4 * reach:
            sys.exit(f"{one.__name__} and {other.__name__} do not compute the same: nothing to compare")


def measure(contenders: dict[str, Contender], clips: Sequence[Any], rounds: int) -> dict[str, float]:
    """Return each contender's median processor time a clip, ms; they take turns, and begin by turns."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for contender in contenders.values():  # caches, compilation
        contender(clips[0])
    order = list(contenders)
    for _ in range(rounds):
        for clip in clips:
            for name in order:
                started = time.process_time()
                contenders[name](clip)
                times[name].append(1000 * (time.process_time() - started))
            order.append(order.pop(0))
    return {name: float(np.median(values)) for name, values in times.items()}


def show(title: str, medians: dict[str, float], target: float | None = None) -> None:
    """Print one comparison; the first contender is ours."""
    mine = next(iter(medians.values()))
    aim = f" (target: {target:g}x)" if target else ""
    for name, median in list(medians.items())[1:]:
        print(f"{title}, against {name}: {median / mine:.1f}x{aim}: {mine:.2f} ms a clip against {median:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Ratios of extraction times, ours against others.")
    parser.add_argument("--essentia", action="store_true", help="compare with essentia, too")
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    clips = [note(number) for number in range(options.clips)]
    for theirs in (librosa_plain, librosa_shared):
        assert_equal(ours, theirs, clips[0])
    assert_equal(ours_cqt, librosa_cqt, clips[0])
    print(f"{options.clips} notes of {SECONDS:g} s at {SR} Hz, {options.rounds} rounds, one thread, medians")
    five: dict[str, Contender] = {
        "ours": ours,
        "librosa": librosa_plain,
        "librosa with a shared spectrum": librosa_shared,
    }
    if options.essentia:
        essentia_three, five["essentia"] = essentias()
        assert_equal(ours_three, essentia_three, clips[0], edge=2)
    show("five features, STFT chroma", measure(five, clips, options.rounds), target=2)
    if options.essentia:
        three = {"ours": ours_three, "essentia": essentia_three}
        show("three equal features", measure(three, clips, options.rounds), target=2)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.wav" for number in range(len(clips))]
        for path, y in zip(paths, clips, strict=True):
            soundfile.write(path, y / max(1, np.abs(y).max()), SR)
        from_files = measure({"ours": ours_from_file, "librosa": librosa_from_file}, paths, options.rounds)
    show("the same with reading a file", from_files, target=2)
    cqt = measure({"ours": ours_cqt, "librosa": librosa_cqt}, clips, max(1, options.rounds // 5))
    show("tonnetz, CQT chroma", cqt)


if __name__ == "__main__":
    main()
