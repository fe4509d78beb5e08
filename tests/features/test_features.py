"""Every feature against librosa, against theory, and against the contract that all features share."""

from collections.abc import Callable
from typing import Any

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.feature.contract import Feature, SeriesFeature
from fusion.feature.registry import build, load
from fusion.feature.summary import summarise_series
from fusion.plugins.registry import FEATURES, discover
from fusion.sound.clip import Clip
from fusion_features.chroma import Chroma
from fusion_features.cqt import CQT
from fusion_features.log_mel import LogMel
from fusion_features.low_to_high_ratio import LowToHighRatio
from fusion_features.mfcc import MFCC
from fusion_features.pcen import PCEN
from fusion_features.rms import RMS
from fusion_features.spectral_bandwidth import SpectralBandwidth
from fusion_features.spectral_centroid import SpectralCentroid
from fusion_features.spectral_contrast import SpectralContrast
from fusion_features.spectral_flatness import SpectralFlatness
from fusion_features.spectral_rolloff import SpectralRolloff
from fusion_features.tonnetz import Tonnetz
from fusion_features.zero_crossing_rate import ZeroCrossingRate
from tests.support.features import clip, make

RATES = [16000, 22050, 44100]
CLASSES = {name: load(source) for name, source in discover(FEATURES).items()}

pytestmark = pytest.mark.filterwarnings("ignore:Trying to estimate tuning from empty frequency set:UserWarning")


def sine(frequency: float, samples: int, sr: int) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(samples) / sr + 0.3)


def clicks(samples: int) -> np.ndarray:
    y = np.zeros(samples)
    y[:: max(1, samples // 7)] = 1
    return y


def note(samples: int, sr: int, f0: float = 262.5) -> np.ndarray:
    overtones = [np.cos(k) * sine(k * f0, samples, sr) / k for k in range(1, 12) if k * f0 < sr / 2]
    return 0.3 * np.sum(overtones, axis=0) * np.exp(-np.arange(samples) / sr)


SOUNDS: dict[str, Callable[[int, int], np.ndarray]] = {
    "tone": lambda samples, sr: 0.5 * sine(440, samples, sr),
    "tone-on-a-bin": lambda samples, sr: 0.5 * sine(sr * 40 / 1024, samples, sr),
    "noise": lambda samples, sr: np.random.default_rng(samples).normal(0, 0.1, samples),
    "silence": lambda samples, sr: np.zeros(samples),
    "constant": lambda samples, sr: np.full(samples, 0.3),
    "clicks": lambda samples, sr: clicks(samples),
    "note": note,
    "half-a-note": lambda samples, sr: note(samples, sr) * (np.arange(samples) < samples // 2),
    "faint-note": lambda samples, sr: 1e-7 * note(samples, sr),
}


def sound(name: str, samples: int, sr: int) -> np.ndarray:
    return SOUNDS[name](samples, sr).astype(np.float32)


def librosas_mfcc(y: np.ndarray, sr: int, deltas: int = 0, **options: Any) -> np.ndarray:
    coefficients = librosa.feature.mfcc(y=y, sr=sr, **options)
    return np.concatenate([coefficients, *(librosa.feature.delta(coefficients, order=n + 1) for n in range(deltas))])


def librosas_tonnetz(
    y: np.ndarray, sr: int, chroma: str = "stft", tuning: float | str = 0.0, n_fft: int = 1024, hop_length: int = 512
) -> np.ndarray:
    options: dict[str, Any] = {"hop_length": hop_length, "tuning": None if tuning == "estimate" else tuning}
    if chroma == "stft":
        return librosa.feature.tonnetz(sr=sr, chroma=librosa.feature.chroma_stft(y=y, sr=sr, n_fft=n_fft, **options))
    return librosa.feature.tonnetz(sr=sr, chroma=librosa.feature.chroma_cqt(y=y, sr=sr, **options))


def librosas_log_mel(y: np.ndarray, sr: int, ref: Any = "max", top_db: float = 80.0, **options: Any) -> np.ndarray:
    mel = librosa.feature.melspectrogram(y=y, sr=sr, **options)
    if ref == "max" and not mel.max() > 0:
        return np.full_like(mel, -top_db)
    return librosa.power_to_db(mel / mel.max() if ref == "max" else mel, top_db=top_db)


def librosas_pcen(y: np.ndarray, sr: int, hop_length: int = 512, **options: Any) -> np.ndarray:
    own = {key: options.pop(key) for key in ("gain", "bias", "time_constant") if key in options}
    power = options.pop("exponent", 0.5)
    mel = librosa.feature.melspectrogram(y=y, sr=sr, hop_length=hop_length, **options)
    return librosa.pcen(mel * 2**31, sr=sr, hop_length=hop_length, power=power, **own)


def librosas_cqt(y: np.ndarray, sr: int, **options: Any) -> np.ndarray:
    magnitude = np.abs(librosa.cqt(y, sr=sr, tuning=0.0, **{"fmin": 32.703, **options}))
    if not magnitude.max() > 0:
        return np.full_like(magnitude, -80)
    return librosa.amplitude_to_db(magnitude / magnitude.max(), top_db=80)


def on_our_spectrum(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Give librosa our spectrum: what lies 120 dB below a partial is the rounding of 32 bits, and librosa's is of 64."""

    def on_ours(y: np.ndarray, sr: int, n_fft: int, hop_length: int, **options: Any) -> np.ndarray:
        magnitude = Clip(y, sr).magnitude(n_fft, hop_length).T
        return function(S=magnitude, sr=sr, n_fft=n_fft, hop_length=hop_length, **options)

    return on_ours


LIBROSA: dict[type[Feature], Callable[..., np.ndarray]] = {
    Chroma: lambda **options: librosa.feature.chroma_stft(**{"tuning": 0.0, **options}),
    CQT: librosas_cqt,
    LogMel: librosas_log_mel,
    PCEN: librosas_pcen,
    RMS: lambda y, sr, n_fft, hop_length: librosa.feature.rms(y=y, frame_length=n_fft, hop_length=hop_length),
    SpectralBandwidth: on_our_spectrum(librosa.feature.spectral_bandwidth),
    SpectralContrast: on_our_spectrum(librosa.feature.spectral_contrast),
    SpectralFlatness: lambda sr, **options: librosa.feature.spectral_flatness(**options),
    MFCC: librosas_mfcc,
    SpectralCentroid: librosa.feature.spectral_centroid,
    SpectralRolloff: librosa.feature.spectral_rolloff,
    Tonnetz: librosas_tonnetz,
    ZeroCrossingRate: lambda y, sr, **options: librosa.feature.zero_crossing_rate(y, **options),
}
SIZES: dict[type[Feature], dict[str, Any]] = {
    **{cls: {"n_fft": 1024, "hop_length": 512} for cls in LIBROSA},
    CQT: {},
    MFCC: {"n_mfcc": 20, "n_fft": 1024, "hop_length": 512},
    Tonnetz: {},
    ZeroCrossingRate: {"frame_length": 1024, "hop_length": 512},
}


def assert_librosas(cls: type[Feature], parameters: dict[str, Any], y: np.ndarray, sr: int) -> None:
    """Hold a feature's series to librosa's with the same arguments, by 1e-4 of the range it goes through."""
    series = {"statistics": None} if issubclass(cls, SeriesFeature) else {}
    feature = cls(**parameters, **series)
    expected = LIBROSA[cls](y=y, sr=sr, **{**SIZES[cls], **parameters}).T
    value = feature.extract(Clip(y, sr))
    assert value.shape == expected.shape == feature.shape(y.size, sr)
    reach = max(np.ptp(expected), np.abs(expected).max())
    rounding = 1e-5 if cls is SpectralContrast else 0  # dB; a click has no contrast, and nothing else is left
    np.testing.assert_allclose(value, expected, rtol=0, atol=max(1e-4 * reach, rounding))


CASES = [
    (MFCC, {}),
    (MFCC, {"n_mfcc": 13, "n_fft": 2048, "hop_length": 256, "n_mels": 64, "fmin": 50.0, "fmax": 7000.0}),
    (MFCC, {"deltas": 1}),
    (MFCC, {"deltas": 2, "n_fft": 501, "hop_length": 100}),
    (SpectralCentroid, {}),
    (SpectralCentroid, {"n_fft": 2048, "hop_length": 300}),
    (SpectralCentroid, {"n_fft": 501, "hop_length": 700}),
    (SpectralRolloff, {}),
    (SpectralRolloff, {"roll_percent": 0.5}),
    (SpectralRolloff, {"roll_percent": 0.1, "n_fft": 2048, "hop_length": 256}),
    (SpectralRolloff, {"roll_percent": 0.99}),
    (Tonnetz, {}),
    (Tonnetz, {"tuning": -0.3, "n_fft": 4096, "hop_length": 1000}),
    (Tonnetz, {"tuning": "estimate"}),
    (Chroma, {}),
    (Chroma, {"tuning": 0.3, "n_fft": 4096, "hop_length": 300}),
    (LogMel, {}),
    (LogMel, {"ref": 1, "top_db": 50.0, "n_mels": 40, "fmin": 100.0, "fmax": 7500.0, "n_fft": 501, "hop_length": 300}),
    (PCEN, {}),
    (PCEN, {"n_mels": 40, "gain": 0.8, "bias": 10.0, "exponent": 0.25, "time_constant": 0.06, "hop_length": 256}),
    (RMS, {}),
    (RMS, {"n_fft": 501, "hop_length": 700}),
    (SpectralBandwidth, {}),
    (SpectralBandwidth, {"n_fft": 501, "hop_length": 700}),
    (SpectralContrast, {}),
    (SpectralContrast, {"n_bands": 4, "fmin": 150.0, "n_fft": 2048, "hop_length": 300}),
    (SpectralFlatness, {}),
    (SpectralFlatness, {"n_fft": 501, "hop_length": 700}),
    (ZeroCrossingRate, {}),
    (ZeroCrossingRate, {"frame_length": 2048, "hop_length": 300}),
    (ZeroCrossingRate, {"frame_length": 501, "hop_length": 64}),
]
CASE_NAMES = ["-".join([cls.__name__, *(f"{k}={v}" for k, v in parameters.items())]) for cls, parameters in CASES]


@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize(("cls", "parameters"), CASES, ids=CASE_NAMES)
def test_values_are_librosas(cls: type[Feature], parameters: dict[str, Any], name: str, sr: int) -> None:
    assert_librosas(cls, parameters, sound(name, 16007, sr), sr)


@pytest.mark.parametrize(("cls", "parameters"), [(cls, parameters) for cls, parameters in CASES if cls().in_librosa()])
def test_the_call_of_librosa_that_a_feature_names_gives_the_same(
    cls: type[Feature], parameters: dict[str, Any]
) -> None:
    feature = cls(**parameters, **({"statistics": None} if issubclass(cls, SeriesFeature) else {}))
    y = sound("note", 16007, 16000) + 1e-3 * sound("noise", 16007, 16000)  # between partials is more than rounding
    expected = eval(feature.in_librosa(), {"np": np, "librosa": librosa, "y": y, "sr": 16000})
    np.testing.assert_allclose(feature.extract(Clip(y, 16000)), expected, rtol=0, atol=2e-3 * np.abs(expected).max())


@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize("length", ["one frame", "one sample more", "20 s"])
@pytest.mark.parametrize("cls", LIBROSA)
def test_values_are_librosas_at_every_length(cls: type[Feature], length: str, sr: int) -> None:
    samples = {"one frame": 1024, "one sample more": 1025, "20 s": 20 * sr}[length]
    assert_librosas(cls, {}, sound("note", samples, sr), sr)


@pytest.mark.parametrize("sr", [*RATES, 48000])
@pytest.mark.parametrize(
    ("cls", "function"),
    [
        (SpectralBandwidth, librosa.feature.spectral_bandwidth),
        (SpectralContrast, librosa.feature.spectral_contrast),
    ],
)
def test_values_are_librosas_own_where_there_is_noise(cls: Any, function: Any, sr: int) -> None:
    y = (note(16007, sr) + np.random.default_rng(1).normal(0, 3e-3, 16007)).astype(np.float32)
    expected = function(y=y, sr=sr, n_fft=1024, hop_length=512).T
    value = cls(statistics=None).extract(Clip(y, sr))
    np.testing.assert_allclose(value, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["note", "noise", "clicks", "silence", "faint-note"])
@pytest.mark.parametrize(
    ("sr", "parameters"), [(16000, {}), (44100, {"n_bins": 60, "bins_per_octave": 24, "fmin": 110.0, "hop_length": 64})]
)
def test_constant_q_magnitudes_are_librosas(name: str, sr: int, parameters: dict[str, Any]) -> None:
    assert_librosas(CQT, parameters, sound(name, 16001, sr), sr)


@pytest.mark.parametrize("tuning", [0.0, 0.25, "estimate"])
@pytest.mark.parametrize(("sr", "samples"), [(16000, 1024), (16000, 16001), (22050, 22050), (44100, 30000)])
@pytest.mark.parametrize("name", ["note", "noise", "clicks", "silence"])
def test_tonnetz_of_constant_q_chroma_is_librosas(name: str, sr: int, samples: int, tuning: float | str) -> None:
    assert_librosas(Tonnetz, {"chroma": "cqt", "tuning": tuning}, sound(name, samples, sr), sr)


@pytest.mark.parametrize("hop_length", [64, 192, 1024])
def test_tonnetz_of_constant_q_chroma_at_other_hops_is_librosas(hop_length: int) -> None:
    assert_librosas(Tonnetz, {"chroma": "cqt", "hop_length": hop_length}, sound("note", 12345, 22050), 22050)


def test_tonnetz_of_long_constant_q_chroma_is_librosas() -> None:
    assert_librosas(Tonnetz, {"chroma": "cqt"}, sound("note", 20 * 44100, 44100), 44100)


def middle(feature: Feature, y: np.ndarray, sr: int) -> np.ndarray:
    """Return a feature's frames without those at the edges."""
    return feature.extract(Clip(y, sr))[3:-3]


@pytest.mark.parametrize("frequency", [500.0, 1234.5, 6000.0])
def test_centroid_of_a_sine_is_its_frequency(frequency: float) -> None:
    values = middle(SpectralCentroid(statistics=None), sine(frequency, 16000, 16000), 16000)
    np.testing.assert_allclose(values, frequency, rtol=0.01)


@pytest.mark.parametrize("roll_percent", [0.1, 0.5, 0.85])
def test_rolloff_of_a_sine_is_its_bin(roll_percent: float) -> None:
    feature = SpectralRolloff(roll_percent=roll_percent, statistics=None)
    values = middle(feature, sine(64 * 15.625, 16000, 16000), 16000)
    # a Hann window spreads a sine over three bins with a quarter, a half and a quarter of the magnitude
    np.testing.assert_array_equal(values, {0.1: 63, 0.5: 64, 0.85: 65}[roll_percent] * 15.625)


@pytest.mark.parametrize(("roll_percent", "bin_number"), [(1 / 3, 2), (2 / 3, 5)])
def test_rolloff_is_where_the_share_is_reached_exactly(roll_percent: float, bin_number: int) -> None:
    y = np.zeros(64, dtype=np.float32)
    y[32] = 1  # in the middle of the third frame, whose nine bins then have magnitude 1
    sizes = {"n_fft": 16, "hop_length": 16, "roll_percent": roll_percent}
    values = SpectralRolloff(**sizes, statistics=None).extract(Clip(y, 16000))
    assert values[:, 0].tolist() == [0, 0, bin_number * 1000, 0, 0]
    np.testing.assert_array_equal(values, librosa.feature.spectral_rolloff(y=y, sr=16000, **sizes).T)


def test_rolloff_and_centroid_of_white_noise_are_their_shares_of_the_band() -> None:
    y = np.random.default_rng(0).normal(0, 0.1, 160000)
    assert middle(SpectralRolloff(statistics=None), y, 16000).mean() == pytest.approx(0.85 * 8000, rel=0.01)
    assert middle(SpectralCentroid(statistics=None), y, 16000).mean() == pytest.approx(4000, rel=0.01)


@pytest.mark.parametrize(("frequency", "sr"), [(440, 16000), (1000, 22050), (5000, 44100)])
def test_zero_crossing_rate_of_a_sine_is_twice_its_frequency(frequency: float, sr: int) -> None:
    values = middle(ZeroCrossingRate(statistics=None), sine(frequency, sr, sr), sr)
    np.testing.assert_allclose(values, 2 * frequency / sr, atol=1 / 1024)


def test_zero_crossing_rate_counts_every_change_within_a_frame() -> None:
    values = middle(ZeroCrossingRate(statistics=None, frame_length=100, hop_length=50), np.tile([1.0, -1.0], 500), 8000)
    np.testing.assert_allclose(values, 99 / 100)


def place(*classes: int) -> np.ndarray:
    """Return the tonal centroid of pitch classes (C is 0) that share the energy, by the definition.

    librosa's chroma filters give each neighbouring semitone exp(-2) of a tone, which draws points to the centre.
    """
    steps = np.array([7 / 6, 3 / 2, 2 / 3]) * np.pi
    neighbour = np.exp(-2)
    radii = np.array([1, 1, 0.5]) * (1 + 2 * neighbour * np.cos(steps)) / (1 + 2 * neighbour)
    angles = np.outer(steps, classes)
    return (np.stack([np.sin(angles), np.cos(angles)], axis=1) * radii[:, None, None]).mean(axis=2).ravel()


@pytest.mark.parametrize(
    ("notes", "classes"),
    [([93], [9]), ([96], [0]), ([97], [1]), ([96, 103], [0, 7]), ([96, 100, 103], [0, 4, 7])],
    ids=["A", "C", "C sharp", "fifth", "major triad"],
)
def test_tonnetz_of_pure_tones_is_the_point_on_its_circles(notes: list[int], classes: list[int]) -> None:
    y = np.sum([sine(440 * 2 ** ((n - 69) / 12), 22050, 22050) for n in notes], axis=0)
    values = middle(Tonnetz(n_fft=8192, statistics=None), y, 22050)[5:-5]
    # the filters also weigh octaves, so the tones of a chord count a few per cent more or less
    np.testing.assert_allclose(values, np.tile(place(*classes), (len(values), 1)), atol=0.05)


def test_octaves_have_one_tonal_centroid() -> None:
    low, high = (
        middle(Tonnetz(n_fft=8192, statistics=None), sine(f, 22050, 22050), 22050)[5:-5].mean(axis=0)
        for f in (880, 1760)
    )
    np.testing.assert_allclose(low, high, atol=0.02)


def test_estimated_tuning_follows_a_detuned_note() -> None:
    in_tune, detuned = note(22050, 22050, 440.0), note(22050, 22050, 440 * 2 ** (0.3 / 12))
    expected = middle(Tonnetz(n_fft=4096, statistics=None), in_tune, 22050)
    away = middle(Tonnetz(n_fft=4096, statistics=None), detuned, 22050) - expected
    followed = middle(Tonnetz(n_fft=4096, tuning="estimate", statistics=None), detuned, 22050) - expected
    assert np.abs(followed).max() < np.abs(away).max() / 3


SILENT = {"cqt": -80, "log_mel": -80, "spectral_entropy": 1, "spectral_flatness": 1}  # the last two: flat


def test_silence_is_zero_but_for_levels_and_flatness() -> None:
    clip = Clip(np.zeros(16000), 16000)
    for name in SERIES:
        if name not in (*SILENT, "harmonics"):  # whose levels, ratios and f0 have a value of their own for silence
            assert not CLASSES[name](statistics=None).extract(clip).any()
    for name, value in SILENT.items():
        np.testing.assert_allclose(CLASSES[name](statistics=None).extract(clip), value, rtol=1e-5)
    np.testing.assert_allclose(LogMel(ref=1).extract(clip), -100, rtol=1e-6)
    coefficients = MFCC().extract(clip)
    np.testing.assert_allclose(coefficients[:, 0], -100 * np.sqrt(128), rtol=1e-6)  # 128 bands at the floor of -100 dB
    np.testing.assert_allclose(coefficients[:, 1:], 0, atol=1e-3)


def test_gain_moves_only_the_first_coefficient() -> None:
    y = note(16000, 16000)
    soft, loud = (MFCC().extract(Clip(y * gain, 16000)) for gain in (0.1, 1.0))
    np.testing.assert_allclose(loud[:, 0] - soft[:, 0], 20 * np.sqrt(128), rtol=1e-3)
    np.testing.assert_allclose(loud[:, 1:], soft[:, 1:], atol=0.05)


SERIES = [name for name, cls in CLASSES.items() if issubclass(cls, SeriesFeature)]


@pytest.mark.parametrize("name", [name for name in SERIES if name != "pcen"])  # which says a little of level
def test_gain_moves_no_feature_but_level(name: str) -> None:
    y = long_note(16000)
    soft, loud = (
        CLASSES[name](statistics=None, **({"ref": "max"} if name == "rms" else {})).extract(Clip(y * gain, 16000))
        for gain in (0.125, 1.0)
    )
    np.testing.assert_allclose(loud, soft, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("samples", [8 * 512, 9 * 512, 17 * 512, 40 * 512])
def test_derivatives_are_librosas_at_every_length(samples: int) -> None:
    values = MFCC(n_mfcc=5, deltas=2).extract(Clip(note(samples, 16000), 16000))
    plain = values[:, :5].astype(float)
    for order in (1, 2):
        expected = librosa.feature.delta(plain, order=order, axis=0)
        np.testing.assert_allclose(values[:, 5 * order : 5 * order + 5], expected, atol=1e-4)


def test_derivatives_stand_beside_the_coefficients() -> None:
    clip = Clip(note(16000, 16000), 16000)
    plain, both = MFCC(n_mfcc=5).extract(clip), MFCC(n_mfcc=5, deltas=2).extract(clip)
    assert both.shape == (32, 15)
    np.testing.assert_array_equal(both[:, :5], plain)
    np.testing.assert_allclose(both[4:-4, 5:10], librosa.feature.delta(plain, axis=0)[4:-4], atol=1e-4)


@pytest.mark.parametrize("length", [1024, 1537, 8000, 30000])
@pytest.mark.parametrize("sr", [8000, *RATES, 48000])
@pytest.mark.parametrize("name", CLASSES)
def test_what_is_declared_is_extracted(name: str, sr: int, length: int) -> None:
    feature = make(name)
    if sr == 8000 and name in ("cqt", "spectral_contrast"):  # whose highest bands lie above 4 kHz
        with pytest.raises(ValueError, match="take fewer n_bins" if name == "cqt" else "take fewer n_bands"):
            feature.shape(length, sr)
        return
    value = feature.extract(clip(sound("note", length, sr), sr))
    assert value.shape == feature.shape(length, sr)
    assert value.dtype == np.float32
    assert value.ndim in (1, 2)
    assert np.isfinite(value).all()


@pytest.mark.parametrize("kind", SOUNDS)
@pytest.mark.parametrize("name", CLASSES)
def test_every_sound_gives_finite_values(name: str, kind: str) -> None:
    assert np.isfinite(make(name).extract(clip(sound(kind, 16000, 16000), 16000))).all()


@pytest.mark.parametrize("length", [1024, 20000])
@pytest.mark.parametrize("name", SERIES)
def test_statistics_null_keeps_frames_and_dims(name: str, length: int) -> None:
    feature = CLASSES[name](statistics=None)
    value = feature.extract(Clip(sound("note", length, 16000), 16000))
    assert value.shape == feature.shape(length, 16000)
    assert value.ndim == 2
    assert len(value) == 1 + length // feature.hop_length


@pytest.mark.parametrize("name", SERIES)
def test_statistics_summarise_the_series(name: str) -> None:
    clip = Clip(sound("note", 20000, 16000), 16000)
    series = CLASSES[name](statistics=None).extract(clip)
    vector = CLASSES[name](statistics=("mean", "max")).extract(clip)
    np.testing.assert_allclose(vector, np.concatenate([series.mean(axis=0), series.max(axis=0)]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CLASSES)
def test_a_feature_says_what_it_is(name: str) -> None:
    cls = CLASSES[name]
    assert type(cls.version) is int
    assert cls.version >= 1
    documentation = cls.__doc__ or ""
    assert "References\n    ----------\n" in documentation
    assert documentation.splitlines()[0].endswith(".")
    assert all(field.description for field in cls.model_fields.values())
    feature = make(name, **({"statistics": None} if name in SERIES else {}))
    assert len(set(feature.columns())) in (0, feature.shape(16000, 16000)[-1])


@pytest.mark.parametrize("name", CLASSES)
def test_a_feature_survives_the_way_to_a_worker(name: str) -> None:
    feature = make(name)
    again = build(discover(FEATURES)[name], feature.model_dump_json())
    assert again == feature
    assert again.model_dump() == feature.model_dump()


@pytest.mark.parametrize("name", CLASSES)
def test_one_clip_does_not_change_the_next(name: str) -> None:
    feature = make(name)
    clips = [sound("note", 16000, 16000), 100 * sound("noise", 9000, 16000), sound("silence", 4000, 16000)]
    first = feature.extract(clip(clips[0], 16000))
    kept = first.copy()
    for y in clips[1:]:
        feature.extract(clip(y, 16000))
    np.testing.assert_array_equal(feature.extract(clip(clips[0], 16000)), kept)
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(make(name).extract(clip(clips[0], 16000)), kept)


def test_features_of_one_clip_do_not_change_each_other() -> None:
    y = sound("note", 16000, 16000)
    shared = clip(y, 16000)
    for name in [*CLASSES, *reversed(CLASSES)]:
        np.testing.assert_array_equal(make(name).extract(shared), make(name).extract(clip(y, 16000)))


@pytest.mark.parametrize(
    ("feature", "sr", "message"),
    [
        (MFCC(fmax=9000.0), 16000, "fmax=9000 Hz do not fit below sr / 2 = 8000 Hz"),
        (MFCC(fmin=3000.0, fmax=2000.0), 16000, "fmin=3000 and fmax=2000"),
        (MFCC(n_mfcc=41, n_mels=40), 16000, "n_mfcc=41 is more than n_mels=40"),
        (MFCC(deltas=1, hop_length=4000), 16000, "deltas need 9 frames, 16000 samples give 5"),
        (Tonnetz(chroma="cqt", hop_length=500), 16000, "hop_length=500 with chroma: cqt; take a multiple of 64"),
        (Tonnetz(chroma="cqt"), 8000, "needs sr >= 8820 Hz, not 8000"),
        (LogMel(fmax=9000.0), 16000, "fmax=9000 Hz do not fit below sr / 2 = 8000 Hz"),
        (PCEN(fmin=8000.0), 16000, "fmin=8000 and fmax=8000"),
        (SpectralContrast(), 12800, "begins at 6400 Hz, which sr / 2 = 6400 Hz does not reach; take fewer n_bands"),
        (
            SpectralContrast(n_fft=64),
            16000,
            "n_fft=64 at 16000 Hz leaves an octave band from fmin=200 Hz without a bin",
        ),
        (LowToHighRatio(cutoff=4001.0), 8000, "cutoff=4001 Hz does not fit below sr / 2 = 4000 Hz"),
        (CQT(hop_length=500), 16000, "hop_length=500 with so many octaves; take a multiple of 64"),
        (CQT(), 8000, "bins up to 3951 Hz need sr >= 8372 Hz, not 8000; take fewer n_bins"),
    ],
)
def test_parameters_that_do_not_fit_the_clips_are_refused(feature: Feature, sr: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        feature.shape(16000, sr)


LEVELLED: dict[str, Any] = {"ref": "max", "active_db": 40.0}
SECOND = 16384  # samples, a multiple of the hop, so that frames of a clip and of a longer one lie alike


def long_note(samples: int = SECOND, floor: float = 3e-3) -> np.ndarray:
    """Return a note that falls by 9 dB a second, over noise, as recordings have it."""
    return note(samples, 16000) + np.random.default_rng(1).normal(0, floor, samples)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 1), st.integers(0, 2))
def test_level_moves_no_coefficient_relative_to_the_loudest_band(gain: float, deltas: int) -> None:
    feature, y = MFCC(deltas=deltas, **LEVELLED), long_note()
    loud, soft = (feature.extract(Clip(scale * y, 16000)) for scale in (1.0, gain))
    np.testing.assert_allclose(soft, loud, rtol=0, atol=2e-3)  # of values up to some hundreds


@pytest.mark.parametrize("gain", [0.001, 0.05, 0.3, 2.0])
def test_level_moves_no_coefficient_where_bands_lie_on_the_floor_of_80_decibels(gain: float) -> None:
    y = note(SECOND, 16000)
    loud, soft = (MFCC(**LEVELLED).extract(Clip(scale * y, 16000)) for scale in (1.0, gain))
    np.testing.assert_allclose(soft, loud, rtol=0, atol=2e-3)


@pytest.mark.parametrize("hop_length", [256, 512, 1024])
def test_silence_after_a_note_repeats_its_coefficients(hop_length: int) -> None:
    feature = MFCC(hop_length=hop_length, **LEVELLED)
    y = long_note()
    frames = 1 + SECOND // hop_length
    alone = feature.extract(Clip(y, 16000))
    assert Clip(y, 16000).active(frames, 40).all()
    for seconds in (2, 3, 4):
        value = feature.extract(Clip(np.pad(y, (0, (seconds - 1) * SECOND)), 16000))
        # the frame centred on the note's end is the last that sounds, as in the clip without silence
        np.testing.assert_allclose(value, alone[np.arange(len(value)) % frames], rtol=0, atol=1e-3)
        assert len(value) == 1 + seconds * SECOND // hop_length


def test_silence_in_front_of_a_note_changes_no_sounding_frame() -> None:
    y = long_note()
    early, late = (MFCC(**LEVELLED).extract(Clip(np.pad(y, pad), 16000)) for pad in ((0, SECOND), (SECOND, 0)))
    np.testing.assert_allclose(late, early, rtol=0, atol=1e-3)


def test_without_active_frames_silence_stays_in_the_coefficients() -> None:
    y = long_note()
    plain, active = (
        MFCC(**options).extract(Clip(np.pad(y, (0, SECOND)), 16000)) for options in ({"ref": "max"}, LEVELLED)
    )
    np.testing.assert_allclose(active[:33], plain[:33], atol=1e-3)
    np.testing.assert_allclose(plain[40:, 0], -80 * np.sqrt(128), rtol=1e-5)  # every band at the floor
    assert active[:, 0].min() > -80 * np.sqrt(128) + 10


def tailed(silent_from: int | None, quiet: float = 1e-3) -> np.ndarray:
    """Return a note of 1 s that goes on 60 dB softer, for 3 s or until digital silence."""
    y = long_note(4 * SECOND)
    y[SECOND:] *= quiet
    if silent_from is not None:
        y[silent_from:] = 0
    return y.astype(np.float32)


@pytest.mark.parametrize("name", [name for name in SERIES if name != "cqt"])  # its low bins hear most of a second
def test_digital_silence_in_place_of_a_quiet_tail_changes_no_statistic(name: str) -> None:
    every = ("mean", "std", "p10", "median", "p90", "min", "max", "slope", "attack", "change")
    feature = CLASSES[name](statistics=every, active_db=40.0)
    # the last frame that sounds is centred on the note's end and sees half a window of what follows
    end = SECOND + getattr(feature, "n_fft", 1024) // 2
    quiet, silent = (feature.extract(Clip(tailed(start), 16000)) for start in (None, end))
    np.testing.assert_allclose(silent, quiet, rtol=1e-5, atol=1e-6)
    plain = CLASSES[name](statistics=every, active_db=None)
    assert not np.allclose(*(plain.extract(Clip(tailed(start), 16000)) for start in (None, end)), rtol=1e-3)


@pytest.mark.parametrize("name", SERIES)
def test_statistics_of_active_frames_are_those_of_the_sounding_part(name: str) -> None:
    feature = CLASSES[name](active_db=40.0, statistics=("mean", "std", "delta_std", "p10"))
    y = tailed(SECOND)
    series = CLASSES[name](statistics=None, active_db=None).extract(Clip(y, 16000))
    kept = CLASSES[name](statistics=None, active_db=40.0).extract(Clip(y, 16000))
    sounding = series[: 1 + SECOND // feature.hop_length]
    np.testing.assert_array_equal(kept, np.resize(sounding, series.shape))
    np.testing.assert_allclose(
        feature.extract(Clip(y, 16000)), summarise_series(sounding, feature.statistics), rtol=1e-6
    )
    assert feature.shape(y.size, 16000) == feature.extract(Clip(y, 16000)).shape


ACTIVE = [name for name, cls in CLASSES.items() if "active_db" in cls.model_fields]


@pytest.mark.parametrize("name", ACTIVE)
@pytest.mark.parametrize("kind", SOUNDS)
@pytest.mark.parametrize("samples", [1, 600, 16007])
def test_active_frames_give_finite_values_of_the_declared_shape(name: str, kind: str, samples: int) -> None:
    feature = CLASSES[name](active_db=40.0, **({"ref": "max"} if name == "mfcc" else {}))
    value = feature.extract(Clip(sound(kind, samples, 16000), 16000))
    assert value.shape == feature.shape(samples, 16000)
    assert np.isfinite(value).all()


@pytest.mark.parametrize("ref", ["min", "", 2, 0.5, float("nan"), None])
def test_a_reference_is_one_or_max(ref: Any) -> None:
    with pytest.raises(ValueError, match="ref"):
        MFCC(ref=ref)


@pytest.mark.parametrize("active_db", [0.0, -40.0, float("nan"), "40"])
@pytest.mark.parametrize("name", ACTIVE)
def test_decibels_of_active_frames_are_above_zero(name: str, active_db: Any) -> None:
    with pytest.raises(ValueError, match="active_db"):
        CLASSES[name](active_db=active_db)
