"""Filter banks that are librosa's to the last bit, and features that need no librosa."""

import subprocess
import sys

import librosa
import numpy as np
import pytest

from fusion_features._filters import chroma_filters, delta_filter, mel_filters


@pytest.mark.filterwarnings("ignore:Empty filters")
@pytest.mark.parametrize("sr", [8000, 11025, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("n_fft", [256, 1023, 1024])
def test_mel_and_chroma_filters_are_librosas(sr, n_fft):
    for bands, low, high in ((128, 0.0, None), (40, 20.0, None), (20, 300.0, 2500.5), (1, 1100.0, 3900.0)):
        expected = librosa.filters.mel(sr=sr, n_fft=n_fft, n_mels=bands, fmin=low, fmax=high)
        np.testing.assert_array_equal(mel_filters(sr, n_fft, bands, low, high), expected)
    for tuning in (0.0, 0.3, -0.5):
        expected = librosa.filters.chroma(sr=sr, n_fft=n_fft, tuning=tuning)
        np.testing.assert_array_equal(chroma_filters(sr, n_fft, tuning), expected)


@pytest.mark.parametrize("order", [1, 2])
def test_the_delta_filter_is_librosas(order):
    expected = librosa.feature.delta(np.eye(17), width=9, order=order, axis=0).astype(np.float32)
    np.testing.assert_allclose(delta_filter(17, 9, order), expected, rtol=1.2e-7, atol=1e-12)


def test_features_of_a_spectrum_are_extracted_without_librosa_and_scipys_signal():
    code = """
import sys
import numpy as np
from fusion.sound.clip import Clip
from fusion_features.mfcc import MFCC
from fusion_features.spectral_centroid import SpectralCentroid
from fusion_features.spectral_rolloff import SpectralRolloff
from fusion_features.tonnetz import Tonnetz
from fusion_features.zero_crossing_rate import ZeroCrossingRate
clip = Clip(np.random.default_rng(0).normal(size=16000).astype(np.float32), 16000)
for feature in (MFCC(deltas=2), SpectralCentroid(), SpectralRolloff(), Tonnetz(), ZeroCrossingRate()):
    assert np.isfinite(feature.extract(clip)).all()
print(sorted({"librosa", "numba", "scipy.signal", "scipy.stats"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
