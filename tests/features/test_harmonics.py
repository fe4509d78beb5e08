"""Harmonics against what was put into the sound, f0 against the pitch that notes were played at and against pYIN."""

import json
import sys
from functools import cache
from pathlib import Path

import librosa
import numpy as np
import pytest

import fusion
from fusion.sound.clip import Clip
from fusion.sound.reading import read_audio
from fusion_features.harmonics import Harmonics
from tests.support.tones import partials

SAMPLE = Path(fusion.__file__).parent / "sample/nsynth"
FRAMES = {"statistics": None, "active_db": None}
PLACES = {name: place for place, name in enumerate(Harmonics().columns())}
RATES = [8000, 16000, 22050, 44100, 48000]
# what sounds at another pitch than its key: organs with a 16' stop, guitar harmonics, fifths, bars and bells
TRANSPOSED = ("organ_", "guitar_electronic_003", "synth_lead_synthetic_005", "mallet_")


def columns(y, sr=16000, **parameters):
    """Return each column by name, without frames at the edges."""
    series = Harmonics(**FRAMES, **parameters).extract(Clip(y, sr))
    return {name: series[3:-3, place] for name, place in PLACES.items()}


def noise(seed=0, samples=32000):
    return np.random.default_rng(seed).normal(0, 0.1, samples)


@pytest.mark.parametrize("f0_of", ["clip", "frame"])
@pytest.mark.parametrize(
    ("f0", "sr"), [(110, 8000), (55, 16000), (261.63, 16000), (330, 22050), (440, 44100), (987, 48000)]
)
def test_levels_are_those_of_the_partials(f0, sr, f0_of):
    amplitudes = np.random.default_rng(sr).uniform(0.05, 1, 20)
    found = columns(partials(f0, amplitudes, sr=sr, seconds=32000 / sr), sr, f0=f0_of)
    present = f0 * np.arange(1, 21) < sr / 2 * 0.99
    amplitudes = amplitudes * present
    shares = amplitudes / amplitudes.sum()
    for k in range(1, 21):
        level = 20 * np.log10(shares[k - 1]) if present[k - 1] else -60
        np.testing.assert_allclose(found[f"level {k} (dB)"], level, atol=0.3)
    odd, even = (np.square(amplitudes[start::2]).sum() for start in (0, 1))
    np.testing.assert_allclose(found["odd to even (dB)"], 10 * np.log10(odd / even), atol=0.2)
    np.testing.assert_allclose(found["tristimulus 1"], shares[0], atol=0.01)
    np.testing.assert_allclose(found["tristimulus 2"], shares[1:4].sum(), atol=0.01)
    np.testing.assert_allclose(found["tristimulus 3"], shares[4:].sum(), atol=0.01)
    np.testing.assert_allclose(found["centroid (harmonic number)"], shares @ np.arange(1, 21), atol=0.1)
    np.testing.assert_allclose(found["harmonic share"], 1, atol=0.02)
    np.testing.assert_allclose(found["f0 (log2 Hz)"], np.log2(f0), atol=0.002)
    assert found["HNR (dB)"].min() > 25
    assert found["inharmonicity (log10 B)"].max() < -4.7


@pytest.mark.parametrize("f0_of", ["clip", "frame"])
@pytest.mark.parametrize(("f0", "stretch"), [(27.5, 3e-4), (82.4, 1e-4), (110.7, 4e-4), (523, 1e-3), (1046, 2e-3)])
def test_a_stretched_series_has_its_inharmonicity_and_keeps_its_levels(f0, stretch, f0_of):
    amplitudes = 1 / np.arange(1, 21)
    found = columns(partials(f0, amplitudes, stretch, seconds=2.0), f0=f0_of)
    np.testing.assert_allclose(found["inharmonicity (log10 B)"], np.log10(stretch), atol=0.02)
    k = np.arange(1, 21)
    shares = amplitudes * (k * f0 * np.sqrt(1 + stretch * k**2) < 8000)
    shares /= shares.sum()
    np.testing.assert_allclose(found["level 3 (dB)"], 20 * np.log10(shares[2]), atol=0.1)
    np.testing.assert_allclose(found["tristimulus 3"], shares[4:].sum(), atol=0.01)


@pytest.mark.parametrize("f0_of", ["clip", "frame"])
@pytest.mark.parametrize("seed", range(3))
def test_noise_has_nearly_no_harmonics(seed, f0_of):
    found = columns(noise(seed), f0=f0_of)
    assert found["harmonic share"].max() < 0.12
    assert found["HNR (dB)"].mean() < -8


def test_noise_of_a_clip_is_not_stretched():
    assert np.unique(columns(noise())["inharmonicity (log10 B)"]) == pytest.approx([-5])


@pytest.mark.parametrize("snr", [0, 10, 20])
def test_noise_beside_harmonics_sets_hnr_and_share(snr):
    y = partials(220, 1 / np.arange(1, 21), seconds=4.0)
    y += noise(samples=y.size) / 0.1 * np.sqrt(np.mean(y**2)) * 10 ** (-snr / 20)
    found = columns(y)
    assert found["HNR (dB)"].mean() == pytest.approx(snr, abs=1.5)
    assert found["harmonic share"].mean() == pytest.approx(1 / (1 + 10 ** (-snr / 10)), abs=0.05)


def test_a_sine_is_one_harmonic():
    found = columns(partials(440, [1]))
    np.testing.assert_allclose(found["tristimulus 1"], 1, atol=0.01)
    np.testing.assert_allclose(found["odd to even (dB)"], 60, atol=1)
    np.testing.assert_allclose(found["inharmonicity (log10 B)"], -5)


def test_odd_harmonics_are_told_from_all():
    clarinet = [1, 0.001, 0.7, 0.001, 0.5, 0.001, 0.3]
    np.testing.assert_allclose(columns(partials(147, clarinet))["f0 (log2 Hz)"], np.log2(147), atol=0.002)
    assert columns(partials(147, clarinet))["odd to even (dB)"].min() > 50


def test_a_part_that_is_out_of_tune_loses_no_level():
    f0 = np.where(np.arange(64000) < 40000, 330, 330 * 2 ** (0.3 / 12))
    y = 0.1 * np.sum([np.sin(k * np.cumsum(2 * np.pi * f0 / 16000)) / k for k in range(1, 13)], axis=0)
    found = columns(y)
    for k in range(1, 13):
        np.testing.assert_allclose(found[f"level {k} (dB)"][[3, -4]], 20 * np.log10(1 / k / 3.1032), atol=0.3)


def test_f0_is_one_for_the_clip_or_follows_its_frames():
    y = np.concatenate([partials(f0, 1 / np.arange(1, 10), seconds=length) for f0, length in ((220, 3.0), (392, 1.0))])
    np.testing.assert_allclose(columns(y)["f0 (log2 Hz)"], np.log2(220), atol=0.01)
    followed = columns(y, f0="frame")["f0 (log2 Hz)"]
    np.testing.assert_allclose(followed[[0, 5, -2, -1]], np.log2([220, 220, 392, 392]), atol=0.002)


@pytest.mark.parametrize("frames", [64, 65, 200])
def test_a_long_clip_is_analysed_in_blocks_of_frames_with_the_same_values(monkeypatch, frames):
    """A frame's own kernel takes 100 kB, so those of ten minutes would take gigabytes."""
    clip = Clip(noise(samples=frames * 2048 - 1), 16000)
    blocks = Harmonics(f0="frame", statistics=None).series(clip)
    assert len(blocks) == frames
    monkeypatch.setattr(sys.modules[Harmonics.__module__], "_BLOCK", 10**6)
    np.testing.assert_array_equal(Harmonics(f0="frame", statistics=None).series(clip), blocks)


def test_what_a_quiet_tail_holds_does_not_say_the_f0():
    y = np.concatenate(
        [partials(220, 1 / np.arange(1, 10), seconds=0.5), 1e-3 * partials(311, np.ones(9), seconds=3.0)]
    )
    np.testing.assert_allclose(columns(y)["f0 (log2 Hz)"], np.log2(220), atol=0.01)


@pytest.mark.parametrize("f0_of", ["clip", "frame"])
@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize("samples", [1, 100, 2048, 4096, 20000])
@pytest.mark.parametrize("kind", ["silence", "noise", "too low", "too high", "faint", "constant"])
def test_every_value_is_finite_and_within_its_bounds(kind, samples, sr, f0_of):
    time = np.arange(samples) / sr
    y = {
        "silence": np.zeros(samples),
        "noise": noise(samples=samples),
        "too low": np.sin(2 * np.pi * 15 * time),
        "too high": np.sin(2 * np.pi * 0.45 * sr * time),
        "faint": 1e-15 * noise(samples=samples),
        "constant": np.ones(samples),
    }[kind]
    feature = Harmonics(f0=f0_of, **FRAMES)
    series = feature.extract(Clip(y, sr))
    assert series.shape == feature.shape(samples, sr)
    assert np.isfinite(series).all()
    assert series[:, :20].min() >= -60.001
    assert series[:, :20].max() <= 0.001
    bounds = [
        (0, 1),
        (-60, 60),
        (-5, -1.69),
        (0, 20),
        (0, 1),
        (0, 1),
        (0, 1),
        (-20, 40),
        (np.log2(26.7), np.log2(4310)),
    ]
    for column, (low, high) in zip(series[:, 20:].T, bounds, strict=True):
        assert column.min() >= low - 0.001
        assert column.max() <= high + 0.001


def test_silence_has_the_values_that_are_documented():
    found = columns(np.zeros(16000))
    lowest = {
        **{f"level {k} (dB)": -60 for k in range(1, 21)},
        "inharmonicity (log10 B)": -5,
        "HNR (dB)": 10 * np.log10(0.01 / 0.99),
    }
    lowest["f0 (log2 Hz)"] = np.log2(27.5)
    for name, column in found.items():
        np.testing.assert_allclose(column, lowest.get(name, 0), atol=1e-5)


@pytest.mark.parametrize("gain", [1e-4, 0.1, 3])
def test_gain_moves_nothing(gain):
    y = partials(196, 1 / np.arange(1, 30)) + 0.01 * noise(samples=16000)
    plain, changed = (Harmonics(**FRAMES).extract(Clip(scale * y, 16000)) for scale in (1, gain))
    np.testing.assert_allclose(changed, plain, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("parameters", "sr"), [({"fmin": 500.0, "fmax": 400.0}, 16000), ({"fmin": 4100.0}, 8000)])
def test_a_range_that_cannot_be_is_refused(parameters, sr):
    with pytest.raises(ValueError, match="is not below"):
        Harmonics(**parameters).shape(16000, sr)


@cache
def notes(step):
    """Return f0 by the feature and by the note's name, and the clip, of each so-manieth embedded note with a pitch."""
    found = []
    for split in ("nsynth-train", "nsynth-valid", "nsynth-test"):
        for name, entry in sorted(json.loads((SAMPLE / split / "examples.json").read_text()).items())[::step]:
            if not name.startswith(TRANSPOSED):
                clip = Clip(read_audio(SAMPLE / split / "audio" / f"{name}.ogg", 16000, 0, 4), 16000)
                f0 = 2 ** Harmonics(**FRAMES).extract(clip)[0, -1]
                found.append((f0, 440 * 2 ** ((entry["pitch"] - 69) / 12), clip))
    return found


def test_f0_of_the_embedded_notes_is_the_pitch_that_they_are_named_by():
    cents = np.array([1200 * np.log2(f0 / named) for f0, named, _ in notes(5)])
    assert len(cents) > 140
    assert np.mean(np.abs(cents) < 50) > 0.99
    assert np.median(np.abs(cents)) < 10


def test_f0_of_the_embedded_notes_is_pyins():
    steps = []
    for f0, named, clip in notes(5)[::30]:
        pyins, voiced, _ = librosa.pyin(
            clip.y[:16000], fmin=named / 5, fmax=min(5 * named, 4000), sr=16000, frame_length=4096, resolution=0.3
        )
        steps.append(12 * np.log2(f0 / np.median(pyins[voiced])))
    aside = np.abs(steps - 12 * np.rint(np.array(steps) / 12))
    assert aside.max() < 0.5
    assert np.count_nonzero(np.abs(steps) < 0.5) >= len(steps) - 1  # pYIN has one an octave below its key


@pytest.mark.parametrize("f0", [55.0, 220.0, 441.0, 1760.0])
def test_f0_of_harmonic_tones_is_theirs_and_pyins(f0):
    y = partials(f0, 1 / np.arange(1, 21))
    found = 2 ** columns(y)["f0 (log2 Hz)"][0]
    assert found == pytest.approx(f0, rel=0.002)
    pyins, _, _ = librosa.pyin(y, fmin=27.5, fmax=4186, sr=16000, frame_length=4096, hop_length=2048, resolution=0.3)
    assert found == pytest.approx(np.nanmedian(pyins), rel=0.03)
