"""Predict what plays in a sound file, without fusion and without Keras.

pip install numpy librosa onnxruntime
python example.py FILE ...
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import onnxruntime
import soundfile

Array = np.ndarray[Any, Any]
Features = dict[str, Callable[[Array, int], Array]]

FOLDER = Path(__file__).parent
ABOUT = json.loads((FOLDER / "preprocessing.json").read_text("utf-8"))

# what each feature is: by librosa a series, time first, which is summed up below; by fusion with its statistics
FEATURES: Features = {}


def delta(x: Array) -> Array:
    """Return the slope of a line through the nine frames around each one; time is last."""
    half = (min(9, x.shape[-1]) - 1) // 2
    return np.asarray(librosa.feature.delta(x, width=2 * half + 1) if half else np.zeros_like(x))


def summary(x: Array, name: str) -> Array:
    """Return a statistic over time, which is last."""
    frames = x.shape[-1]
    if name.startswith("delta_"):
        return summary(delta(x), name.removeprefix("delta_"))
    if name in ("mean", "std", "min", "max", "median"):
        return np.asarray(getattr(np, name)(x, axis=-1))
    if name.startswith("p"):
        return np.asarray(np.percentile(x, int(name[1:]), axis=-1))
    if frames < 2:
        return np.zeros(x.shape[:-1])
    if name == "slope":
        time = np.linspace(-0.5, 0.5, frames)
        return np.asarray((x * time).sum(axis=-1) / (time @ time))
    if name == "attack":
        start = max(1, frames // 10)
        return np.asarray(x[..., :start].mean(axis=-1) - x[..., start:].mean(axis=-1))
    return np.asarray(np.abs(np.diff(x, axis=-1)).mean(axis=-1))  # change


def values(y: Array) -> dict[str, Array]:
    """Return the features of a window of sound, as the network takes them."""
    inputs = {}
    for name, about in ABOUT["features"].items():
        x = np.asarray(FEATURES[name](y, ABOUT["sr"]), dtype=np.float64)
        if about["parameters"].get("statistics") and x.ndim > 1:
            x = np.concatenate([summary(x.T, each) for each in about["parameters"]["statistics"]])
        inputs[name] = x.reshape(1, *about["shape"]).astype(np.float32)
    return inputs


def together(windows: Array) -> Array:
    """Return one row of probabilities from those of all windows."""
    if ABOUT["aggregate"] == "max":
        return np.asarray(windows.max(axis=0))
    if ABOUT["aggregate"] == "sum-normalised":
        total = windows.sum(axis=0)
        return np.asarray(total / max(total.max(), 1e-7))
    if ABOUT["aggregate"] == "mean-logit":
        safe = np.clip(windows, 1e-7, 1 - 1e-7)
        return np.asarray(1 / (1 + np.exp(-np.log(safe / (1 - safe)).mean(axis=0))))
    return np.asarray(windows.mean(axis=0))


def read(file: str, start: float) -> Array:
    """Return a window that starts at so many seconds: mono, at the network's rate, followed by zeros if it is short."""
    sr, samples = ABOUT["sr"], ABOUT["samples"]
    with soundfile.SoundFile(file) as sound:
        sound.seek(min(round(start * sound.samplerate), sound.frames))
        y = sound.read(round(samples / sr * sound.samplerate), dtype="float32", always_2d=True).mean(axis=1)
        y = librosa.resample(y, orig_sr=sound.samplerate, target_sr=sr)
    return np.asarray(librosa.util.fix_length(y, size=samples))


def predict(file: str) -> dict[str, float]:
    """Return the probability of each class."""
    hop = ABOUT["hop"]
    room = max(0.0, soundfile.info(file).duration - ABOUT["samples"] / ABOUT["sr"])
    starts = [step * hop for step in range(int(room / hop + 1e-6) + 1)]
    if room - starts[-1] > 0.01:
        starts.append(room)  # a last window that ends with the file
    network = onnxruntime.InferenceSession(str(FOLDER / "model.onnx"), providers=["CPUExecutionProvider"])
    sounds = [read(file, start) for start in starts]
    if not np.isfinite(sounds).all() or not np.any(sounds):
        raise ValueError("no sound: silence, NaN or infinity, or channels that cancel each other")
    windows = [network.run(None, values(y))[0][0] for y in sounds]
    probabilities = together(np.array(windows, dtype=np.float64))
    return {name: float(probability) for name, probability in zip(ABOUT["classes"], probabilities, strict=True)}


if __name__ == "__main__":
    for file in sys.argv[1:]:
        try:
            found = predict(file)
        except (OSError, ValueError, RuntimeError) as error:  # soundfile's own errors are RuntimeErrors
            sys.exit(f"{file}: {error}")
        if len(sys.argv) > 2:
            print(f"{file}:")
        for name, probability in sorted(found.items(), key=lambda pair: -pair[1]):
            heard = "  heard" if ABOUT["several_labels"] and probability >= (ABOUT["threshold"] or 0) else ""
            print(f"{probability:.4f}  {name}{heard}")
