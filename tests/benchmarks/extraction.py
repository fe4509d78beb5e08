"""How fast features are extracted from files, statistics and all: ratios from one run on the same clips.

    python tests/benchmarks/extraction.py [--essentia] [--opensmile] [--clips 48] [--rounds 9]

"fusion" is the worker of `fusion extract`: it reads the files, computes five features with their statistics as by
default and writes a shard of the store. Every contender reads the same files and makes the same numbers from them.
One core, one BLAS thread; contenders take turns in each round and begin by turns; processor time a clip, its median
over rounds and the middle half. A ratio is the median of the rounds' ratios; above 1 means that fusion is faster.

Contenders
----------
floor: what cannot be left out, in bare NumPy and SciPy: reading, one spectrum, its power, mel and chroma filters.
librosa: the same algorithms, so the script stops unless values agree to 1e-4 of their range. Five calls as in its
documentation, each with a spectrum of its own; chroma from the STFT.
librosa, one spectrum: the same, with the spectrum computed once.
librosa, its defaults: windows of 2,048 samples and a tonnetz from a constant-Q transform. Other numbers.
essentia, openSMILE: if installed, with --essentia and --opensmile. Frames, hops and windows are equal; essentia's MFCCs,
centroid and crossings, too, but for two frames at each edge (checked). essentia has no chroma filters, but a harmonic
pitch-class profile of the spectrum's peaks, and openSMILE the functionals of eGeMAPSv02: other numbers of their own.
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

import librosa
import numpy as np
import scipy.fft
import soundfile

from fusion.extraction.extract import Shard, extract_shard
from fusion.extraction.store import Store
from fusion.extraction.window import Window
from fusion.feature.registry import load
from fusion.feature.summary import summarise_series
from fusion.plugins.registry import FEATURES, discover

SR, SECONDS = 16000, 4.0
N_FFT, HOP = 1024, 512
FRAME = {"n_fft": N_FFT, "hop_length": HOP}
FIVE = ("mfcc", "spectral_centroid", "spectral_rolloff", "tonnetz", "zero_crossing_rate")
GOALS = {"floor": 1 / 1.5, "librosa": 5, "librosa, its defaults": 30, "essentia": 5}

Values = list[np.ndarray]
Contender = Callable[[Path], Values]


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
    return y / max(1, np.abs(y).max())


def statistics(series: np.ndarray) -> np.ndarray:
    """Return the statistics that features have by default, as one writes them with NumPy."""
    start = len(series) // 10
    steps = np.linspace(-0.5, 0.5, len(series))
    return np.concatenate(
        [
            series.mean(axis=0),
            series.std(axis=0),
            *np.percentile(series, [10, 50, 90], axis=0),
            steps @ series / (steps @ steps),
            series[:start].mean(axis=0) - series[start:].mean(axis=0),
            np.abs(np.diff(series, axis=0)).mean(axis=0),
        ]
    )


def summarised(mfcc: np.ndarray, *series: np.ndarray) -> Values:
    return [mfcc.T, *(statistics(each.T.astype(np.float64)) for each in series)]


def plain(path: Path) -> Values:
    y, _ = librosa.load(path, sr=SR)
    chroma = librosa.feature.chroma_stft(y=y, sr=SR, tuning=0.0, **FRAME)
    return summarised(
        librosa.feature.mfcc(y=y, sr=SR, n_mfcc=20, **FRAME),
        librosa.feature.spectral_centroid(y=y, sr=SR, **FRAME),
        librosa.feature.spectral_rolloff(y=y, sr=SR, **FRAME),
        librosa.feature.tonnetz(chroma=chroma, sr=SR),
        librosa.feature.zero_crossing_rate(y, frame_length=N_FFT, hop_length=HOP),
    )


def one_spectrum(path: Path) -> Values:
    y, _ = librosa.load(path, sr=SR)
    magnitude = np.abs(librosa.stft(y, **FRAME))
    power = magnitude**2
    mel = librosa.power_to_db(librosa.feature.melspectrogram(S=power, sr=SR, n_fft=N_FFT))
    chroma = librosa.feature.chroma_stft(S=power, sr=SR, n_fft=N_FFT, tuning=0.0)
    return summarised(
        librosa.feature.mfcc(S=mel, n_mfcc=20),
        librosa.feature.spectral_centroid(S=magnitude, sr=SR),
        librosa.feature.spectral_rolloff(S=magnitude, sr=SR),
        librosa.feature.tonnetz(chroma=chroma, sr=SR),
        librosa.feature.zero_crossing_rate(y, frame_length=N_FFT, hop_length=HOP),
    )


def defaults(path: Path) -> Values:
    y, _ = librosa.load(path, sr=SR)
    return summarised(
        librosa.feature.mfcc(y=y, sr=SR),
        librosa.feature.spectral_centroid(y=y, sr=SR),
        librosa.feature.spectral_rolloff(y=y, sr=SR),
        librosa.feature.tonnetz(y=y, sr=SR),
        librosa.feature.zero_crossing_rate(y),
    )


HANN = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
MEL = np.ascontiguousarray(librosa.filters.mel(sr=SR, n_fft=N_FFT).T)
CHROMA = np.ascontiguousarray(librosa.filters.chroma(sr=SR, n_fft=N_FFT).T)


def floor(path: Path) -> Values:
    y, _ = soundfile.read(path, dtype="float32")
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(y, N_FFT // 2), N_FFT)[::HOP]
    power = np.square(np.abs(scipy.fft.rfft(frames * HANN, axis=-1)))
    return [power @ MEL, power @ CHROMA]


def essentias() -> tuple[Contender, Callable[[Path], np.ndarray]]:
    """Return essentia's five features with statistics, and its MFCCs, which are checked; or leave with a message."""
    try:
        import essentia

        essentia.log.infoActive = essentia.log.warningActive = False
        import essentia.standard as es
    except ImportError:
        sys.exit("--essentia: essentia is not installed; pip install essentia")
    window = es.Windowing(type="hann", size=N_FFT, normalized=False, zeroPhase=False, symmetric=False)
    spectrum = es.Spectrum(size=N_FFT)
    mel = {"numberBands": 128, "warpingFormula": "slaneyMel", "weighting": "linear", "normalize": "unit_tri"}
    sizes = {"inputSize": 1 + N_FFT // 2, "sampleRate": SR, "highFrequencyBound": SR / 2}
    mfcc = es.MFCC(**sizes, **mel, numberCoefficients=20, logType="dbpow")
    centroid = es.Centroid(range=SR / 2)
    rolloff = es.RollOff(sampleRate=SR, cutoff=0.85)
    crossings = es.ZeroCrossingRate()
    peaks = es.SpectralPeaks(sampleRate=SR, minFrequency=40, maxFrequency=5000, maxPeaks=100)
    hpcp = es.HPCP(sampleRate=SR, size=12, minFrequency=40, maxFrequency=5000, normalized="none", bandPreset=False)
    steps = np.outer([7 / 6, 7 / 6, 3 / 2, 3 / 2, 2 / 3, 2 / 3], np.arange(12) + 9)  # HPCP begins at A
    steps[::2] -= 0.5
    axes = (np.array([[1], [1], [1], [1], [0.5], [0.5]]) * np.cos(np.pi * steps)).T.astype(np.float32)

    def column(values: list) -> np.ndarray:
        return np.array(values, dtype=np.float32).reshape(len(values), -1)

    def essentia_five(path: Path) -> Values:
        y = es.MonoLoader(filename=str(path), sampleRate=SR)()
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
        return summarised(*(each.T for each in (column(a), column(b), column(c), tonnetz, column(e))))

    return essentia_five, lambda path: essentia_five(path)[0]


def opensmile() -> Contender:
    """Return openSMILE's functionals, or leave with a message."""
    try:
        import opensmile
    except ImportError:
        sys.exit("--opensmile: openSMILE is not installed; pip install opensmile")
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=opensmile.FeatureLevel.Functionals
    )
    return lambda path: [smile.process_file(path).to_numpy()]


def fusion(folder: Path, paths: Sequence[Path]) -> Callable[[], Values]:
    """Return what extracts all files as a worker does, and what it stored."""
    sources = discover(FEATURES)
    windows = [Window(path.stem, f"{number:032x}", path, 0.0, SECONDS) for number, path in enumerate(paths)]
    rounds = iter(range(10**6))

    def worker() -> Values:
        here = folder / str(next(rounds))  # a new store, or nothing would be missing
        features = [load(sources[name])() for name in FIVE]
        stores = [
            Store(here, feature, sources[name], round(SECONDS * SR), SR)
            for name, feature in zip(FIVE, features, strict=True)
        ]
        for store in stores:
            store.prepare({})
        extract_shard(Shard(tuple(windows), tuple(stores)))
        return [store.rows([window.key for window in windows]).take() for store in stores]

    return worker


def assert_equal(ours: Values, theirs: Values, who: str, edge: int = 0) -> None:
    """Stop unless two contenders give the same values of a clip, but for some frames at the edges."""
    for mine, other in zip(ours, theirs, strict=True):
        inside = slice(edge, len(mine) - edge)
        reach = max(np.ptp(other), np.abs(other).max())
        if mine.shape != other.shape or np.abs(mine - other)[inside].max() > 1e-4 * reach:
            sys.exit(f"fusion and {who} do not compute the same: nothing to compare")


def main() -> None:
    """Print each contender's time a clip, and its ratio to fusion's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--essentia", action="store_true")
    parser.add_argument("--opensmile", action="store_true")
    parser.add_argument("--clips", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [folder / f"{number}.wav" for number in range(options.clips)]
        for number, path in enumerate(paths):
            soundfile.write(path, note(number), SR)
        contenders: dict[str, Contender] = {
            "floor": floor,
            "librosa": plain,
            "librosa, one spectrum": one_spectrum,
            "librosa, its defaults": defaults,
        }
        worker = fusion(folder / "cache", paths)
        first = [values[0] for values in worker()]
        assert_equal(first, plain(paths[0]), "librosa")
        assert_equal(first, one_spectrum(paths[0]), "librosa with one spectrum")
        assert_equal([statistics(np.arange(60.0).reshape(20, 3) ** 2)], [_own_statistics()], "NumPy's statistics")
        if options.essentia:
            contenders["essentia"], mfcc = essentias()
            assert_equal(first[:1], [mfcc(paths[0])], "essentia", edge=2)
        if options.opensmile:
            contenders["openSMILE"] = opensmile()
        works: dict[str, Callable[[], object]] = {"fusion": worker}
        for who, contender in contenders.items():
            contender(paths[0])  # caches, compilation
            few = paths[: max(4, options.clips // 6)] if who in ("librosa, its defaults", "openSMILE") else paths
            works[who] = lambda contender=contender, few=few: [contender(path) for path in few] and len(few)
        order = list(works)
        times: dict[str, list[float]] = {who: [] for who in works}
        for _ in range(options.rounds):
            for who in order:
                started = time.process_time()
                done = works[who]()
                clips = done if isinstance(done, int) else options.clips
                times[who].append(1000 * (time.process_time() - started) / clips)
            order.append(order.pop(0))
    print(
        f"{options.clips} notes of {SECONDS:g} s at {SR} Hz, {options.rounds} rounds, one thread, processor time a clip"
    )
    for who, mine in times.items():
        low, median, high = np.percentile(mine, [25, 50, 75])
        ratio = np.median(np.array(mine) / np.array(times["fusion"]))
        goal = f" (goal: {GOALS[who]:.2g} or more)" if who in GOALS else ""
        print(f"{who:22s} {median:8.2f} ms [{low:.2f}, {high:.2f}]   {ratio:6.2f} times fusion's{goal}")


def _own_statistics() -> np.ndarray:
    names = ("mean", "std", "p10", "median", "p90", "slope", "attack", "change")
    return summarise_series(np.arange(60.0).reshape(20, 3) ** 2, names)


if __name__ == "__main__":
    main()
