"""Likely causes: each from a history that shows it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.learning.diagnosis import likely_cause
from fusion.settings.training import TrainingSettings

SETTINGS = TrainingSettings(epochs=40, learning_rate=0.03)
SCALED = {"mfcc": 1.0, "centroid": 1.0}
NAN, INF = float("nan"), float("inf")

UNSCALED = "likely because the inputs are not scaled"
DIVERGED = "likely because the training diverged; lower training.learning_rate (now 0.03)"
SHORT = "too few epochs (40): raise training.epochs; the loss was still falling"
PERHAPS = (
    "perhaps because the features do not tell these classes apart, or the steps are too large: "
    "lower training.learning_rate (now 0.03)"
)
FALLING = [2 * 0.9**n for n in range(40)]
FLAT = [2.3] * 40


def cause(losses, levels=SCALED, best=0, settings=SETTINGS):
    return likely_cause([{"loss": loss, "accuracy": 0.1} for loss in losses], best, levels, settings)


@pytest.mark.parametrize("losses", [FALLING, FLAT, [2.0, NAN, NAN], [INF], [2.3]])
def test_uneven_levels_come_first_and_name_both_features(losses):
    words = cause(losses, {"mfcc": 12.5, "centroid": 2345.6, "rate": 0.0712})
    assert words == (
        f"{UNSCALED} (centroid comes in at a level of 2,346, rate at 0.0712); the default model scales each feature"
    )


def test_one_loud_feature_alone_is_named_alone():
    words = cause(FLAT, {"centroid": 2000.0})
    assert words == f"{UNSCALED} (centroid comes in at a level of 2,000); the default model scales each feature"


@pytest.mark.parametrize(
    ("levels", "uneven"),
    [
        ({"mfcc": 100.0, "rate": 1.0}, False),  # exactly a hundred times is still even
        ({"mfcc": 100.1, "rate": 1.0}, True),
        ({"mfcc": 1.0, "rate": 0.009}, True),
        ({"mfcc": 1.0, "rate": 0.011}, False),
        ({"mfcc": 500.0, "rate": 400.0}, True),  # alike, but both far from one
        ({"mfcc": 1e-4, "rate": 1e-4}, False),
        ({"mfcc": 1.0, "rate": 0.0}, False),  # silence all along is not a matter of scale
    ],
)
def test_levels_are_uneven_from_a_hundred_times(levels, uneven):
    assert cause(FLAT, levels).startswith(UNSCALED) == uneven


@pytest.mark.parametrize("losses", [[2.0, 1.5, NAN], [2.0, INF, 1.0], [NAN], [NAN] * 40, [INF] * 3, [2.0, -INF]])
def test_a_loss_that_is_no_number_means_divergence(losses):
    assert cause(losses) == DIVERGED


@pytest.mark.parametrize("losses", [FALLING, [2.0, 1.0], [2.0, 1.9, 1.7], FLAT[:30] + FALLING[:10]])
def test_a_loss_that_falls_to_the_end_means_too_short(losses):
    assert cause(losses) == SHORT


@pytest.mark.parametrize(
    "losses",
    [
        FLAT,
        [2.3],  # one epoch tells nothing
        [0.0],
        [2.0, 1.91],  # less than a twentieth
        [1.0, 2.0, 3.0],
        FALLING[:20] + [FALLING[19]] * 20,  # fell early, then got stuck
        [0.0] * 8,
    ],
)
def test_a_loss_that_stays_means_features_or_steps(losses):
    assert cause(losses) == PERHAPS


def test_a_best_epoch_that_is_the_last_means_too_short_first():
    assert cause(FLAT, best=40) == f"too few epochs (40): raise training.epochs; or {PERHAPS}"
    assert cause(FLAT, best=39) == PERHAPS
    assert cause(FLAT, best=40, settings=SETTINGS.model_copy(update={"patience": None})) == PERHAPS  # always the last


@given(
    st.lists(st.floats(0), min_size=1, max_size=50),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.floats(0, 1e6), min_size=1),
)
def test_every_history_has_one_of_four_causes(losses, levels):
    words = cause(losses, levels)
    assert words in (DIVERGED, SHORT, PERHAPS) or words.startswith(UNSCALED)
