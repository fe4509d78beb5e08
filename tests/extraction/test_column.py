"""A column of values: the same as clip by clip to the last bit, whatever is summarised together."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.extraction.column import _TOGETHER, Column
from fusion.feature.contract import SeriesFeature
from fusion.feature.registry import load
from fusion.plugins.registry import FEATURES, discover
from fusion.sound.clip import Clip


def noise(number: int, samples: int = 8000) -> Clip:
    return Clip(np.random.default_rng(number).normal(0, 0.1, samples), 16000)


@pytest.mark.parametrize("clips", [1, _TOGETHER, _TOGETHER + 1])
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("spectral_centroid", {}),
        ("tonnetz", {"statistics": ("delta_std", "p10", "mean")}),
        ("tonnetz", {"active_db": 3.0}),
        ("zero_crossing_rate", {"statistics": None}),
        ("mfcc", {}),
    ],
)
def test_values_are_those_of_each_clip_alone(name: str, parameters: dict[str, Any], clips: int) -> None:
    feature = load(discover(FEATURES)[name])(**parameters)
    column = Column(name, feature, feature.shape(8000, 16000), clips + 1)
    for number in range(clips):
        column.add(noise(number), str(number))
    expected = np.stack([feature.extract(noise(number)) for number in range(clips)])
    np.testing.assert_array_equal(column.values(), expected, strict=True)


class Broken(SeriesFeature):
    """Breaks its contract on some clips."""

    def series_shape(self, samples: int, sr: int) -> tuple[int, int]:
        return {8000: 20, 4000: 7, 3000: 20, 2000: 0, 1000: 3}[samples], 1

    def series(self, clip: Clip) -> NDArray[np.float32]:
        frames, value = {8000: (20, 0.0), 4000: (7, 1.0), 3000: (20, np.nan), 2000: (0, 0.0), 1000: (2, 0.0)}[
            clip.y.size
        ]
        return np.full((frames, 1), value, dtype=np.float32)


def column(*samples: int) -> Column:
    feature = Broken(statistics=("mean", "max"))
    filled = Column("broken", feature, (2,), len(samples))
    for number, size in enumerate(samples):
        filled.add(noise(number, size), f"clip{number}")
    return filled


def test_series_of_several_lengths_are_summarised_one_by_one() -> None:
    assert column(8000, 4000, 8000).values().tolist() == [[0, 0], [1, 1], [0, 0]]


def test_the_clip_that_breaks_the_contract_is_named() -> None:
    with pytest.raises(FusionError, match="feature broken on clip clip1: 2 of 2 values are NaN or infinite"):
        column(8000, 3000, 8000).values()
    with pytest.raises(
        FusionError, match=r"feature broken failed on clip clip2 .*: ValueError: a series has at least one frame"
    ):
        column(8000, 8000, 2000).values()
    with pytest.raises(
        FusionError, match=r"clip clip1 \(.*\): ValueError: series_shape says \(3, 1\), and series gave \(2, 1\)"
    ):
        column(8000, 1000)
    with pytest.raises(ValueError, match="series_shape says"):
        Broken(active_db=40.0).extract(noise(0, 1000))


def test_an_error_of_a_feature_has_its_file_and_line() -> None:
    class Raises(Broken):
        def series(self, clip: Clip) -> NDArray[np.float32]:
            raise KeyError("key")

    line = Raises.series.__code__.co_firstlineno + 1
    with pytest.raises(FusionError, match=rf"failed on clip 0 \(test_column.py, line {line}\): KeyError: 'key'"):
        Column("raises", Raises(), (1,), 1).add(noise(0), "0")


def test_no_clip_gives_no_values() -> None:
    assert column().values().shape == (0, 2)


def test_series_that_wait_are_few_where_they_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fusion.extraction.column._MOST_BYTES", 3 * 20 * 4)
    sizes: list[int] = []
    summarise = Broken.summarise
    monkeypatch.setattr(Broken, "summarise", lambda self, series: sizes.append(len(series)) or summarise(self, series))
    assert len(column(*[8000] * 7).values()) == 7
    assert sizes == [3, 3, 1]


def test_a_feature_with_an_extraction_of_its_own_is_asked_for_it() -> None:
    class Own(Broken):
        def extract(self, clip: Clip) -> NDArray[np.float32]:
            return np.array([5], dtype=np.float32)

    filled = Column("own", Own(statistics=("mean",)), (1,), 1)
    filled.add(noise(0), "0")
    assert filled.values().tolist() == [[5]]
