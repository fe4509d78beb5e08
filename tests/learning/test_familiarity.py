"""How near a clip is to the training clips, as a network hears both."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf

from fusion.errors import FusionError
from fusion.extraction.part import Part
from fusion.extraction.store import Rows
from fusion.learning.familiarity import clip_means, embeddings_of, familiarity, read, save, with_embeddings
from fusion.learning.model import build_model
from fusion.learning.scaling import Moments
from fusion.plugins.registry import FUSIONS, discover
from fusion.settings.model import CourseModel, FusionModel

SHAPES = {"series": (10, 4), "vector": (3,)}


def part(tmp_path, count, seed, shift=0.0):
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    rows = {}
    for name, shape in SHAPES.items():
        values = random.normal(size=(count, *shape)) + shift
        values[..., 0] += 4 * labels.reshape(-1, *[1] * (len(shape) - 1))
        path = tmp_path / f"{name}-{count}-{seed}-{shift}.npy"
        np.save(path, values.astype(np.float32))
        rows[name] = Rows((path,), np.column_stack([np.zeros(count, int), np.arange(count)]), shape)
    return Part(rows, np.eye(2, dtype=bool)[labels], np.arange(count))


def network(settings):
    keras.utils.set_random_seed(1)
    scaling = {name: Moments(np.zeros(shape[-1]), np.ones(shape[-1])) for name, shape in SHAPES.items()}
    return build_model(settings, SHAPES, 2, scaling)


SMALL = {"conv_filters": (8,), "dense_units": (8,), "embedding": 8}


@pytest.mark.parametrize("fusion", sorted(discover(FUSIONS)))
def test_every_fusion_has_what_its_last_layer_reads(fusion, tmp_path):
    model = network(FusionModel(fusion=fusion, **SMALL))
    values = part(tmp_path, 6, 1).values(np.arange(6))
    outputs = with_embeddings(model)(values, training=False)
    np.testing.assert_array_equal(outputs[0], model(values, training=False))
    embeddings = embeddings_of(outputs)
    assert len(embeddings) == 6
    assert embeddings.shape[1] >= 4
    assert np.isfinite(embeddings).all()


def test_the_course_network_has_it_too():
    model = build_model(CourseModel(), {"series": (20, 12)}, 2, {})
    values = {"series": np.zeros((4, 20, 12), np.float32)}
    assert embeddings_of(with_embeddings(model)(values, training=False)).shape == (4, 64)


def test_what_is_unlike_the_training_clips_is_farther_than_validation_clips(tmp_path):
    model = network(FusionModel(**SMALL))
    train, held_out = part(tmp_path, 200, 1), part(tmp_path, 100, 2)
    known = familiarity(model, train, held_out)

    def far(clips):
        outputs = with_embeddings(model)(clips.values(np.arange(len(clips))), training=False)
        return known.distances(embeddings_of(outputs)) / known.threshold

    assert np.mean(far(held_out) <= 1) == pytest.approx(0.95, abs=0.011)
    assert np.mean(far(part(tmp_path, 100, 3)) <= 1) > 0.85
    assert np.mean(far(part(tmp_path, 100, 4, shift=10.0)) > 1) > 0.95


def test_it_is_what_the_formula_says(tmp_path):
    model = network(FusionModel(**SMALL))
    train = part(tmp_path, 60, 1)
    known = familiarity(model, train, train)
    heard = embeddings_of(with_embeddings(model)(train.values(np.arange(60)), training=False)).astype(float)
    white = heard @ known.whitening
    labels = train.targets.argmax(axis=1)
    means = np.stack([white[labels == label].mean(axis=0) for label in (0, 1)])
    np.testing.assert_allclose(known.means, means, atol=1e-3)
    covariance = ledoit_wolf(heard - np.stack([heard[labels == n].mean(axis=0) for n in (0, 1)])[labels])[0]
    np.testing.assert_allclose(known.whitening.T @ covariance @ known.whitening, np.eye(white.shape[1]), atol=1e-3)
    expected = np.linalg.norm(white[:, np.newaxis] - means, axis=2).min(axis=1)
    np.testing.assert_allclose(known.distances(heard.astype(np.float32)), expected, rtol=1e-3)


def test_without_held_out_clips_or_finite_values_nothing_is_said(tmp_path):
    model = network(FusionModel(**SMALL))
    train = part(tmp_path, 20, 1)
    assert familiarity(model, train, None) is None
    for weight in model.weights:
        weight.assign(np.full(weight.shape, np.nan))
    assert familiarity(model, train, train) is None


def test_a_clip_is_as_far_as_its_windows_are_on_average():
    windows = np.array([1, 3, 5], np.float32)
    np.testing.assert_array_equal(clip_means(windows, np.array([0, 0, 1])), np.array([2, 5], np.float32))


def test_it_is_written_and_read_and_damage_is_a_message(tmp_path):
    train = part(tmp_path, 20, 1)
    known = familiarity(network(FusionModel(**SMALL)), train, train)
    save(known, tmp_path / "f.npz")
    again = read(tmp_path / "f.npz")
    np.testing.assert_array_equal(again.means, known.means)
    assert again.threshold == known.threshold
    assert read(tmp_path / "none.npz") is None
    whole = (tmp_path / "f.npz").read_bytes()
    save(replace(known, threshold=np.nan), tmp_path / "f.npz")
    with pytest.raises(FusionError, match="damaged"):
        read(tmp_path / "f.npz")
    for content in (b"PK", b"PK\x03\x04 cut short", b"", whole[: len(whole) // 2], whole[:-30]):
        (tmp_path / "f.npz").write_bytes(content)
        with pytest.raises(FusionError, match="damaged"):
            read(tmp_path / "f.npz")
