import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.model import build_model, moments
from fusion.spec import FusionModel, SeedModel

SHAPES = {"mfcc": (30, 8), "chroma": (25, 12), "centroid": (8,), "rate": (5,)}


def values(shapes, clips=12, seed=0, scale=1.0):
    random = np.random.default_rng(seed)
    return {name: (scale * random.normal(size=(clips, *shape))).astype(np.float32) for name, shape in shapes.items()}


def scaling(data):
    return {name: moments("x", [array]) for name, array in data.items()}


def build(names, **settings):
    shapes = {name: SHAPES[name] for name in names}
    small = {"conv_filters": (8, 16), "dense_units": (8,), "embedding": 8, **settings}
    return build_model(FusionModel(**small), shapes, 5, scaling(values(shapes)))


@pytest.mark.parametrize(
    "names", [["mfcc"], ["centroid"], ["centroid", "rate"], ["mfcc", "centroid"], ["mfcc", "chroma"], list(SHAPES)]
)
def test_any_mix_of_shapes_gives_probabilities(names):
    model = build(names)
    assert sorted(tensor.name for tensor in model.inputs) == sorted(names)
    out = keras.ops.convert_to_numpy(model(values({name: SHAPES[name] for name in names})))
    assert out.shape == (12, 5)
    assert np.allclose(out.sum(axis=1), 1, atol=1e-5)


def test_each_branch_ends_in_a_vector_of_the_same_size():
    model = build(list(SHAPES))
    branches = [layer.output.shape for layer in model.layers if layer.name.endswith("_branch")]
    assert branches == [(None, 8)] * 3  # two sequences, one dense branch for both vectors


def test_normalisation_is_inside_the_model():
    """The same data in other units, with moments of these units, give the same probabilities."""
    data = values({"mfcc": (30, 8), "centroid": (8,)}, clips=40)
    other = {name: (1000 * array + 3000).astype(np.float32) for name, array in data.items()}
    outputs = []
    for version in (data, other):
        keras.utils.set_random_seed(1)
        model = build_model(
            FusionModel(conv_filters=(8,), dense_units=(8,)),
            {"mfcc": (30, 8), "centroid": (8,)},
            5,
            scaling(version),
        )
        outputs.append(keras.ops.convert_to_numpy(model(version)))
    assert np.allclose(outputs[0], outputs[1], atol=1e-3)


@pytest.mark.parametrize("settings", [FusionModel(), SeedModel()])
def test_saved_model_predicts_the_same_in_safe_mode(settings, tmp_path):
    shapes = {"mfcc": (30, 8)}
    data = values(shapes)
    model = build_model(settings, shapes, 3, scaling(data))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert np.allclose(
        keras.ops.convert_to_numpy(model(data)), keras.ops.convert_to_numpy(loaded(data)), rtol=0, atol=1e-6
    )


def test_seed_network_has_the_course_projects_layers():
    model = build_model(SeedModel(), {"mfcc": (126, 20)}, 9, {})
    kinds = [type(layer).__name__ for layer in model.layers if type(layer).__name__ != "InputLayer"]
    assert kinds == [
        *("Reshape", "Conv2D", "Conv2D", "Conv2D", "MaxPooling2D", "Dropout", "Flatten"),
        *("Dense", "Dropout", "Dense", "Dropout", "Dense"),
    ]
    sizes = [getattr(layer, "filters", getattr(layer, "units", None)) for layer in model.layers]
    assert [size for size in sizes if size] == [52, 64, 132, 100, 64, 9]


def test_default_needs_a_tenth_of_the_seed_networks_parameters():
    shapes = {"mfcc": (126, 20)}
    ours = build_model(FusionModel(), shapes, 9, scaling(values(shapes))).count_params()
    assert ours < 0.1 * build_model(SeedModel(), shapes, 9, {}).count_params()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=5), st.integers(0, 2**20), st.floats(-1e4, 1e4))
def test_moments_of_batches_are_those_of_the_whole(sizes, seed, offset):
    random = np.random.default_rng(seed)
    batches = [(offset + random.normal(size=(size, 6, 3))).astype(np.float32) for size in sizes]
    whole = np.concatenate(batches).reshape(-1, 3).astype(np.float64)
    found = moments("x", batches)
    assert np.allclose(found.mean, whole.mean(axis=0), rtol=1e-6, atol=1e-6)
    assert np.allclose(found.variance, whole.var(axis=0), rtol=1e-4, atol=1e-6)


def test_constant_dimension_is_centred_not_blown_up():
    constant = np.full((10, 4), 7.3, dtype=np.float32)
    found = moments("x", [constant, constant])
    assert np.allclose(found.variance, 1)
    assert np.allclose(found.mean, 7.3)
