"""What values of a feature are called on pages."""

import pytest

from fusion.feature.registry import load
from fusion.feature.value_names import value_names
from fusion.plugins.registry import FEATURES, discover


@pytest.mark.parametrize(
    ("name", "parameters", "first", "last"),
    [
        ("spectral_centroid", {}, "centroid (Hz), mean", "centroid (Hz), change"),
        ("tonnetz", {"statistics": ("mean", "std")}, "tonnetz: fifth, sine, mean", "tonnetz: major third, cosine, std"),
        ("mfcc", {}, "mfcc 0, mean over time", "mfcc 19, std over time"),
        ("spectral_contrast", {"statistics": ("mean",)}, "spectral_contrast 0, mean", None),
        ("envelope", {}, None, None),
    ],
)
def test_each_value_has_a_name_of_its_own(name, parameters, first, last):
    feature = load(discover(FEATURES)[name])(**parameters)
    shape = feature.shape(16000, 16000)
    names = value_names(name, feature, shape)
    assert len(set(names)) == len(names) == shape[-1] * len(shape)
    assert first in (None, names[0])
    assert last in (None, names[-1])
