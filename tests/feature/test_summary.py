"""Statistics over time against their definitions, for any series."""

from random import Random

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fusion.feature import summary
from fusion.feature.summary import OF_DELTA, STATISTICS, check_names, delta, summarise_series

NAMES = [*STATISTICS, *OF_DELTA, "median", "p0", "p10", "p37", "p90", "p100"]
LEVELS = ["mean", "min", "max", "median", "p0", "p10", "p37", "p90", "p100"]  # move with the series

series = arrays(np.float32, st.tuples(st.integers(1, 60), st.integers(1, 3)), elements=st.floats(-1e3, 1e3, width=32))

quick = settings(deadline=None, max_examples=60)


def fitted_change(values: np.ndarray) -> np.ndarray:
    if len(values) == 1:
        return np.zeros(values.shape[1])
    gradient, _ = np.polyfit(np.arange(len(values)), values, 1)
    return gradient * (len(values) - 1)


def fitted_slopes(values: np.ndarray) -> np.ndarray:
    """Fit a line to the frames around each one, or to the nearest such frames at the ends."""
    width = max(n for n in (1, 3, 5, 7, 9) if n <= len(values))
    if width == 1:
        return np.zeros_like(values)
    starts = np.clip(np.arange(len(values)) - width // 2, 0, len(values) - width)
    return np.stack([np.polyfit(np.arange(width), values[start : start + width], 1)[0] for start in starts])


DEFINITIONS = {
    "mean": lambda x: np.mean(x, axis=0),
    "std": lambda x: np.std(x, axis=0),
    "min": lambda x: np.min(x, axis=0),
    "max": lambda x: np.max(x, axis=0),
    "median": lambda x: np.median(x, axis=0),
    "p0": lambda x: np.min(x, axis=0),
    "p10": lambda x: np.percentile(x, 10, axis=0),
    "p37": lambda x: np.percentile(x, 37, axis=0),
    "p90": lambda x: np.percentile(x, 90, axis=0),
    "p100": lambda x: np.max(x, axis=0),
    "slope": fitted_change,
    "change": lambda x: np.mean(np.abs(x[1:] - x[:-1]), axis=0) if len(x) > 1 else np.zeros(x.shape[1]),
    "attack": lambda x: (
        x[: max(1, len(x) // 10)].mean(axis=0) - x[max(1, len(x) // 10) :].mean(axis=0)
        if len(x) > 1
        else np.zeros(x.shape[1])
    ),
    "delta_mean": lambda x: fitted_slopes(x).mean(axis=0),
    "delta_std": lambda x: fitted_slopes(x).std(axis=0),
}


def test_every_statistic_has_a_definition_here() -> None:
    assert set(DEFINITIONS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
@quick
@given(values=series)
def test_definition(name: str, values: np.ndarray) -> None:
    expected = DEFINITIONS[name](values.astype(np.float64))
    np.testing.assert_allclose(
        summarise_series(values, [name]), expected, rtol=1e-5, atol=1e-6 * (1 + np.abs(values).max())
    )


@pytest.mark.parametrize("name", NAMES)
@quick
@given(values=series, constant=st.integers(-1000, 1000))
def test_a_constant_moves_levels_and_no_spread(name: str, values: np.ndarray, constant: int) -> None:
    moved = summarise_series(values.astype(np.float64) + constant, [name])
    expected = summarise_series(values, [name]) + (constant if name in LEVELS else 0)
    np.testing.assert_allclose(moved, expected, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
@quick
@given(values=series, factor=st.sampled_from([0.0, 0.25, 3.0, 100.0]))
def test_scaling_scales_every_statistic(name: str, values: np.ndarray, factor: float) -> None:
    scaled = summarise_series(values.astype(np.float64) * factor, [name])
    np.testing.assert_allclose(scaled, factor * summarise_series(values, [name]), rtol=1e-5, atol=1e-3)


@quick
@given(values=series)
def test_mirroring_swaps_high_and_low(values: np.ndarray) -> None:
    for name, other in [("min", "max"), ("p10", "p90"), ("median", "median"), ("mean", "mean"), ("slope", "slope")]:
        np.testing.assert_allclose(
            summarise_series(-values, [name]), -summarise_series(values, [other]), rtol=1e-5, atol=1e-3
        )


@quick
@given(values=series, random=st.randoms(use_true_random=False))
def test_order_of_frames_matters_to_slopes_attack_and_change_alone(values: np.ndarray, random: Random) -> None:
    order = list(range(len(values)))
    random.shuffle(order)
    names = [name for name in NAMES if name not in ("slope", "attack", "change", *OF_DELTA)]
    np.testing.assert_allclose(
        summarise_series(values[order], names), summarise_series(values, names), rtol=1e-5, atol=1e-3
    )


@quick
@given(values=series)
def test_backwards_turns_the_slope_and_keeps_the_change(values: np.ndarray) -> None:
    np.testing.assert_allclose(
        summarise_series(values[::-1], ["slope"]), -summarise_series(values, ["slope"]), rtol=1e-5, atol=1e-3
    )
    np.testing.assert_allclose(
        summarise_series(values[::-1], ["change"]), summarise_series(values, ["change"]), rtol=1e-5, atol=1e-3
    )


@quick
@given(values=series, names=st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
def test_vectors_are_joined_in_the_order_of_the_names(values: np.ndarray, names: list[str]) -> None:
    vector = summarise_series(values, names)
    assert (vector.dtype, vector.shape) == (np.float32, (len(names) * values.shape[1],))
    np.testing.assert_array_equal(vector, np.concatenate([summarise_series(values, [name]) for name in names]))


@quick
@given(values=series)
def test_dimensions_do_not_mix(values: np.ndarray) -> None:
    whole = summarise_series(values, NAMES).reshape(len(NAMES), -1)
    for dim in range(values.shape[1]):
        np.testing.assert_allclose(whole[:, dim], summarise_series(values[:, [dim]], NAMES), rtol=1e-6, atol=1e-4)


@quick
@given(values=series)
def test_the_series_stays_as_it_was(values: np.ndarray) -> None:
    before = values.copy()
    summarise_series(values, NAMES)
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize(
    ("values", "name", "expected"),
    [
        ([0, 1, 2, 3, 4], "slope", 4),
        ([5, 5, 5], "slope", 0),
        ([10, *[0] * 9], "attack", 10),
        ([4, 2, *[0] * 18], "attack", 3),
        ([0, 1, 0, 1], "change", 1),
        ([1, 2, 3, 4], "median", 2.5),
        (list(range(0, 60, 3)), "delta_mean", 3),
        (list(range(0, 60, 3)), "delta_std", 0),
        ([0, 2, 4, 6], "delta_mean", 2),
        ([0, 5], "delta_mean", 0),
        (list(range(101)), "p37", 37),
    ],
)
def test_known_answers(values: list[float], name: str, expected: float) -> None:
    assert summarise_series(np.array(values, dtype=np.float32)[:, None], [name]) == pytest.approx([expected])


@quick
@given(values=arrays(np.float64, st.tuples(st.integers(9, 60), st.integers(1, 3)), elements=st.floats(-1e3, 1e3)))
def test_the_delta_is_librosas(values: np.ndarray) -> None:
    expected = librosa.feature.delta(values, axis=0)
    np.testing.assert_allclose(delta(values.T).T, expected, rtol=0, atol=1e-9 * (1 + np.abs(values).max()))


def test_one_delta_serves_both_its_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(summary, "delta", lambda series: calls.append(1) or delta(series))
    summarise_series(np.ones((20, 2)), ["mean", "delta_mean", "std", "delta_std"])
    assert len(calls) == 1
    summarise_series(np.ones((20, 2)), ["mean", "std"])
    assert len(calls) == 1


def test_large_values_keep_their_precision() -> None:
    values = np.float32(1e7) + np.array([[0], [1], [2], [3]], dtype=np.float32)
    assert summarise_series(values, ["std", "slope"]) == pytest.approx([np.std([0, 1, 2, 3]), 3])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "name at least one statistic, or null to keep the series"),
        (["mean", "sdt"], r"no statistic 'sdt'; did you mean 'std'\? \(known: mean, std, .*median, p0 to p100\)"),
        (["medain"], "did you mean 'median'"),
        (["p101"], "no statistic 'p101'"),
        (["p-1"], "no statistic 'p-1'"),
        (["p"], "no statistic 'p'"),
        (["p1.5"], "no statistic 'p1.5'"),
        (["Mean"], "no statistic 'Mean'"),
        ([""], "no statistic ''"),
        (["mean", "std", "mean"], r"each statistic once, not \['mean', 'std', 'mean'\]"),
    ],
)
def test_wrong_names(names: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_names(names)
    with pytest.raises(ValueError, match=message):
        summarise_series(np.zeros((3, 1)), names)


@pytest.mark.parametrize("names", [NAMES, ["p5"], ["p05"], ("mean",)])
def test_right_names(names: list[str]) -> None:
    check_names(names)


@pytest.mark.parametrize("names", [["p5", "p05"], ["median", "p50"]])
def test_one_statistic_under_two_names_is_refused(names):
    with pytest.raises(ValueError, match="each statistic once"):
        check_names(names)


@quick
@given(
    values=arrays(
        np.float32,
        st.tuples(st.integers(2, 5), st.integers(1, 300), st.integers(1, 3)),
        elements=st.floats(-1e3, 1e3, width=32),
    )
)
def test_several_clips_have_what_each_has_alone_to_the_last_bit(values: np.ndarray) -> None:
    alone = np.stack([summarise_series(clip, NAMES) for clip in values])
    np.testing.assert_array_equal(summarise_series(values, NAMES), alone, strict=True)
