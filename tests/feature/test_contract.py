"""What every feature keeps to: checked parameters that do not change, series that become vectors or stay."""

from collections.abc import Callable

import numpy as np
import pytest
from pydantic import Field, ValidationError

from fusion.errors import FusionError
from fusion.feature.contract import Feature, SeriesFeature
from fusion.feature.summary import summarise_series
from fusion.sound.clip import Clip

SR = 16_000
LOUD_THEN_SOFT = Clip(np.repeat([1.0, 0.01], 400), SR)  # 40 dB


class Levels(SeriesFeature):
    """Eight frames of two numbers: which it is, and its square."""

    gain: float = 1.0

    def series_shape(self, samples, sr):
        return 8, 2

    def series(self, clip):
        frames = np.arange(8, dtype=np.float32)
        return np.column_stack([frames, frames**2])


def test_a_series_is_summarised_by_eight_statistics_by_default():
    assert Levels().statistics == ("mean", "std", "p10", "median", "p90", "slope", "attack", "change")
    assert Levels().shape(800, SR) == (16,)
    series = Levels().series(LOUD_THEN_SOFT)
    np.testing.assert_array_equal(Levels().extract(LOUD_THEN_SOFT), summarise_series(series, Levels().statistics))


def test_without_statistics_a_series_stays_as_it_is():
    feature = Levels(statistics=None)
    assert feature.shape(800, SR) == (8, 2)
    np.testing.assert_array_equal(feature.extract(LOUD_THEN_SOFT), feature.series(LOUD_THEN_SOFT))


def test_quiet_frames_are_left_out_of_statistics_and_replaced_in_a_series():
    assert Levels(statistics=("mean", "max"), active_db=20).extract(LOUD_THEN_SOFT).tolist() == [1.5, 3.5, 3, 9]
    kept = Levels(statistics=None, active_db=20).extract(LOUD_THEN_SOFT)
    assert kept[:, 0].tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert Levels(statistics=("max",), active_db=41).extract(LOUD_THEN_SOFT).tolist() == [7, 49]


class Odd(Levels):
    """Parameters of types that need care."""

    names: frozenset[str] = frozenset("abcdefgh")
    function: Callable[[float], float] | None = None


def test_a_set_is_the_same_in_every_process_and_what_no_file_can_hold_is_named():
    assert Odd().identity()["names"] == list("abcdefgh")
    with pytest.raises(FusionError, match="Odd: a parameter is no text, number"):
        Odd(function=np.sqrt).identity()


@pytest.mark.parametrize(
    "parameters",
    [
        {"active_db": 0},
        {"statistics": ("men",)},
        {"statistics": ["mean"]},
        {"gain": "1"},
        {"gain": np.inf},
        {"gian": 1},
    ],
)
def test_parameters_are_checked_strictly(parameters):
    with pytest.raises(ValidationError):
        Levels(**parameters)


def test_defaults_are_checked_too():
    class Wrong(Levels):
        """A default that is none of the known statistics."""

        statistics: tuple[str, ...] | None = Field(default=("men",))

    with pytest.raises(ValidationError, match="did you mean 'mean'"):
        Wrong()


def test_a_feature_does_not_change_and_begins_with_version_1():
    feature = Levels()
    with pytest.raises(ValidationError, match="frozen"):
        feature.gain = 2.0
    assert Feature.version == 1
    assert feature.columns() == ()
