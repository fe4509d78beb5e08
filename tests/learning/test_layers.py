"""Layers of our own: what they do in training, by counting; that they do nothing in prediction."""

import keras
import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.learning.layers import BranchDropout, MissingBranch, SequenceStatistics, StretchMasking, WeightedMean

FEW = settings(max_examples=25, deadline=None)


def numbers(*shape, seed=0):
    """Return values none of which is zero, so that zeros are what was masked or dropped."""
    random = np.random.default_rng(seed)
    return (random.uniform(1, 2, shape) * random.choice([-1, 1], shape)).astype(np.float32)


def array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def stretches(axis, longest, x):
    """Return each clip's masked places along an axis, and hold the rest to the input."""
    out = array(StretchMasking(axis, longest)(x, training=True))
    masked = out == 0
    np.testing.assert_array_equal(out[~masked], x[~masked])
    places = masked.any(axis=3 - axis)
    np.testing.assert_array_equal(places, masked.all(axis=3 - axis))  # the other axis is masked whole or not at all
    return places


@pytest.mark.parametrize("axis", [1, 2])
def test_masking_leaves_prediction_alone(axis):
    x = numbers(20, 30, 8)
    for options in ({}, {"training": False}):
        np.testing.assert_array_equal(array(StretchMasking(axis, 0.9)(x, **options)), x)


@FEW
@given(st.sampled_from([1, 2]), st.floats(0, 0.99), st.integers(1, 40), st.integers(1, 20), st.integers(0, 2**20))
def test_one_stretch_is_masked_and_no_longer_than_allowed(axis, longest, frames, dims, seed):
    keras.utils.set_random_seed(seed)
    places = stretches(axis, longest, numbers(16, frames, dims, seed=seed))
    count = places.sum(axis=1)
    assert (count <= np.ceil(longest * places.shape[1])).all()
    edges = np.abs(np.diff(np.pad(places, ((0, 0), (1, 1))).astype(int), axis=1)).sum(axis=1)
    np.testing.assert_array_equal(edges, 2 * (count > 0))  # begins once, ends once


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("longest", [0.2, 0.5, 0.8])
def test_half_of_the_longest_stretch_is_masked_on_average(axis, longest):
    keras.utils.set_random_seed(1)
    places = stretches(axis, longest, numbers(20000, *((40, 2) if axis == 1 else (2, 40))))
    share = places.mean(axis=1)
    assert share.mean() == pytest.approx(longest / 2, abs=0.01)
    assert share.min() <= 1 / 40
    assert share.max() == pytest.approx(longest, abs=1 / 40)
    assert share.std() == pytest.approx(longest / 12**0.5, rel=0.1)  # uniform lengths


@pytest.mark.parametrize("axis", [1, 2])
def test_stretches_fall_anywhere_and_lean_to_no_end(axis):
    keras.utils.set_random_seed(2)
    each = stretches(axis, 0.5, numbers(4000, *((20, 2) if axis == 1 else (2, 20)))).mean(axis=0)
    assert (each > 0).all()
    np.testing.assert_allclose(each, each[::-1], atol=0.05)


@pytest.mark.parametrize("axis", [1, 2])
def test_clips_and_steps_are_masked_differently(axis):
    keras.utils.set_random_seed(3)
    layer, x = StretchMasking(axis, 0.5), np.ones((64, 40, 40), np.float32)
    first, second = (array(layer(x, training=True)) for _ in range(2))
    assert not np.array_equal(first, second)
    assert len({clip.tobytes() for clip in first}) > 40


def test_nothing_is_masked_where_the_longest_is_zero():
    x = numbers(50, 10, 4)
    np.testing.assert_array_equal(array(StretchMasking(1, 0.0)(x, training=True)), x)


def missing(rate, count, clips=6000, size=3):
    """Return which branches of each clip are missing, and hold them to learnt vectors and the others to the input."""
    branches = [numbers(clips, size, seed=n) for n in range(count)]
    layer = MissingBranch(rate)
    layer(branches)
    vectors = 10 + np.arange(count * size, dtype=np.float32).reshape(count, size)
    layer.set_weights([vectors, *layer.get_weights()[1:]])
    out = np.stack([array(branch) for branch in layer(branches, training=True)], axis=1)
    absent = (out >= 10).any(axis=2)
    np.testing.assert_array_equal(out, np.where(absent[..., np.newaxis], vectors, np.stack(branches, axis=1)))
    return absent


@pytest.mark.parametrize("layer", [MissingBranch(0.9), BranchDropout(0.9)])
def test_branches_are_whole_in_prediction(layer):
    branches = [numbers(10, 4, seed=n) for n in range(3)]
    for before, after in zip(branches, layer(branches), strict=True):
        np.testing.assert_array_equal(array(after), before)


@FEW
@given(st.floats(0, 0.999), st.integers(1, 6), st.integers(1, 5), st.integers(0, 2**20))
def test_one_branch_is_always_left(rate, count, size, seed):
    keras.utils.set_random_seed(seed)
    assert not missing(rate, count, clips=64, size=size).all(axis=1).any()


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_branches_are_missing_as_often_as_asked_but_for_the_last_one(rate, count):
    keras.utils.set_random_seed(4)
    # all fall below the rate with rate**count; one of them, each equally often, is then left all the same
    np.testing.assert_allclose(missing(rate, count).mean(axis=0), rate - rate**count / count, atol=0.025)


def test_no_branch_is_missing_at_rate_zero():
    assert not missing(0.0, 3).any()


def test_what_stands_for_a_missing_branch_starts_at_zero_and_is_learnt():
    layer = MissingBranch(0.5)
    layer([np.ones((2, 3), np.float32)] * 4)
    (vectors,) = layer.trainable_weights
    np.testing.assert_array_equal(array(vectors), np.zeros((4, 3)))


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 8, 9, 10, 40])
def test_statistics_are_numpys_and_librosas(frames):
    x = np.random.default_rng(0).normal(3, 2, size=(4, frames, 3)).astype(np.float32)
    width = min(9, frames - 1 + frames % 2)
    delta = librosa.feature.delta(x, width=width, axis=1) if width >= 3 else np.zeros_like(x)
    expected = [x.mean(axis=1), x.std(axis=1), delta.mean(axis=1), delta.std(axis=1)]
    np.testing.assert_allclose(array(SequenceStatistics()(x)), np.concatenate(expected, axis=1), rtol=1e-4, atol=2e-6)


def test_a_straight_line_has_its_slope_and_no_other_delta():
    line = 0.5 * np.arange(20, dtype=np.float32)[np.newaxis, :, np.newaxis]
    mean, deviation, slope, none = array(SequenceStatistics()(line))[0]
    assert (mean, slope) == pytest.approx((4.75, 0.5))
    assert deviation == pytest.approx(line.std())
    assert none == pytest.approx(0, abs=2e-6)


def test_equal_weights_at_first_give_the_mean():
    tensors = [numbers(7, 5, seed=n) for n in range(4)]
    np.testing.assert_allclose(array(WeightedMean()(tensors)), np.mean(tensors, axis=0), atol=1e-6)


@FEW
@given(st.lists(st.floats(-20, 20, width=32), min_size=2, max_size=5))
def test_weights_are_positive_and_add_up_to_one(logits):
    layer = WeightedMean()
    units = list(np.eye(len(logits), dtype=np.float32)[:, None])  # their mean is the weights
    layer(units)
    layer.set_weights([np.array(logits, np.float32)])
    weights = array(layer(units))[0]
    assert (weights > 0).all()
    assert weights.sum() == pytest.approx(1, abs=1e-5)
    expected = np.exp(np.array(logits) - max(logits))
    np.testing.assert_allclose(weights, expected / expected.sum(), rtol=1e-4)


def test_weights_are_learnt():
    layer = WeightedMean()
    layer([np.zeros((2, 3), np.float32)] * 3)
    assert [weight.shape for weight in layer.trainable_weights] == [(3,)]


@pytest.mark.parametrize(
    "layer",
    [
        StretchMasking(2, 0.25, name="mask"),
        MissingBranch(0.25, name="missing"),
        BranchDropout(0.125, name="drop"),
        SequenceStatistics(name="statistics"),
        WeightedMean(name="mean"),
    ],
    ids=lambda layer: layer.name,
)
def test_a_layer_is_made_again_from_its_config(layer):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer), safe_mode=True)
    assert type(again) is type(layer)
    assert again.get_config() == layer.get_config()
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


def test_a_model_of_all_layers_predicts_the_same_after_loading_in_safe_mode(tmp_path):
    keras.utils.set_random_seed(5)
    inputs = [keras.Input((12, 6), name="a"), keras.Input((12, 6), name="b")]
    masked = [StretchMasking(2, 0.4)(StretchMasking(1, 0.4)(x)) for x in inputs]
    branches = MissingBranch(0.4)([keras.layers.Dense(4)(SequenceStatistics()(x)) for x in masked])
    mean = WeightedMean(name="mean")
    model = keras.Model(inputs, mean(branches))
    mean.set_weights([np.array([1.5, -0.5], np.float32)])
    data = [numbers(9, 12, 6, seed=n) for n in range(2)]
    trained = [array(model(data, training=True)) for _ in range(2)]
    assert not np.allclose(*trained)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_allclose(array(loaded(data)), array(model(data)), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(loaded.get_layer("mean").get_weights(), mean.get_weights())
