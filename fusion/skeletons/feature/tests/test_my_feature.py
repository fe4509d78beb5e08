"""The feature on sounds whose values are known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fusion

PLUGINS = [Path(__file__).parents[1]]
SR = 16000  # Hz
SECOND = np.arange(SR) / SR


def extract(y: NDArray[Any], **parameters: Any) -> NDArray[Any]:
    """Return the feature; fusion checks that it is finite and has the shape that it declares."""
    return fusion.extract("my_feature", y, SR, plugins=PLUGINS, **parameters)


@pytest.mark.parametrize(("frequency", "share"), [(440, 0), (4000, 1)])
def test_a_tone_is_on_one_side_of_the_cutoff(frequency: float, share: float) -> None:
    series = extract(0.5 * np.sin(2 * np.pi * frequency * SECOND), statistics=None)
    assert series.shape == (32, 1)  # frames, dims
    assert np.allclose(series[2:-2], share, atol=0.01)  # not where the tone begins and ends


def test_the_cutoff_is_a_parameter() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * SECOND)
    assert np.allclose(extract(tone, cutoff=100.0, statistics=["median"]), 1, atol=0.01)


@pytest.mark.parametrize("samples", [160, 16000])
def test_any_sound_has_values(samples: int) -> None:
    noise = np.random.default_rng(1).uniform(-1, 1, samples)
    assert extract(noise, statistics=["mean"]) > extract(0 * noise, statistics=["mean"]) == 0
