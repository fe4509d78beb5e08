import keras
import numpy as np
import pytest

from fusion.errors import FusionError
from fusion.learning import layers
from fusion.learning.model import build_model
from fusion.learning.saved_network import load_model, start_from
from fusion.learning.scaling import Moments
from fusion.plugins.registry import FUSIONS, discover
from fusion.settings.model import FusionModel

SHAPES = {"mfcc": (30, 8), "centroid": (8,)}


def network(**settings):
    dims = {"mfcc": 8, "mfcc-pooled": 32, "centroid": 8}
    scaling = {name: Moments(np.zeros(count), np.ones(count)) for name, count in dims.items()}
    return build_model(
        FusionModel(conv_filters=(8,), dense_units=(8,), **{"embedding": 8, **settings}), SHAPES, 5, scaling
    )


@pytest.mark.parametrize(
    "name", ["StretchMasking", "BranchDropout", "MissingBranch", "SequenceStatistics", "WeightedMean"]
)
def test_names_by_which_saved_networks_know_our_layers(name):
    """Networks of earlier versions have these names in their files."""
    assert getattr(layers, name).__name__ == name
    assert keras.saving.get_registered_name(getattr(layers, name)) == f"fusion>{name}"


def test_endings_by_which_saved_networks_know_what_joins_the_branches():
    names = {layer.name for layer in network(fusion="gated").layers}
    assert {f"{branch}{ending}" for branch in ("mfcc", "all-vectors") for ending in ("_said", "_gate")} <= names
    assert "mfcc_logits" in {layer.name for layer in network(fusion="late").layers}


def test_branches_start_from_another_network_and_what_joins_them_does_not(tmp_path):
    source, model = network(), network()
    before = model.get_layer("logits").get_weights()[0].copy()
    source.save(tmp_path / "model.keras")
    start_from(model, load_model(tmp_path / "model.keras"), tmp_path / "model.keras")
    for name in ("mfcc_conv1", "mfcc_projection", "all-vectors_dense1"):
        assert np.array_equal(model.get_layer(name).get_weights()[0], source.get_layer(name).get_weights()[0])
    assert np.array_equal(model.get_layer("logits").get_weights()[0], before)


def test_a_network_of_an_earlier_version_with_branch_dropout_loads_and_predicts_the_same(tmp_path):
    """Its layer had a generator of random numbers, whose state is in the file."""

    class Earlier(layers.BranchDropout):
        def __init__(self, rate, **options):
            super().__init__(rate, **options)
            self.chance = keras.random.SeedGenerator()

        def get_config(self):
            return {"name": self.name, "rate": self.rate}

    inputs = [keras.Input((4,), name=name) for name in ("a", "b")]
    kept = Earlier(0.4, name="branch_dropout")([keras.layers.Dense(3)(x) for x in inputs])
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Concatenate()(kept)))
    registered = keras.saving.get_custom_objects()
    keras.saving.register_keras_serializable("fusion", "BranchDropout")(Earlier)
    try:
        model.save(tmp_path / "model.keras")
    finally:
        registered["fusion>BranchDropout"] = layers.BranchDropout
    data = [np.random.default_rng(n).normal(size=(5, 4)).astype(np.float32) for n in range(2)]
    loaded = load_model(tmp_path / "model.keras")
    assert type(loaded.get_layer("branch_dropout")) is layers.BranchDropout
    assert np.allclose(loaded(data), model(data), rtol=0, atol=1e-6)


@pytest.mark.parametrize("settings", [{"sequences": "both"}, {"join": "frames"}, {"time_pooling": "attention"}])
@pytest.mark.parametrize("fusion", list(discover(FUSIONS)))
def test_every_kind_of_branch_starts_from_another_networks_and_what_joins_them_does_not(fusion, settings, tmp_path):
    source, model = (network(fusion=fusion, branch_dropout=0.3, **settings) for _ in range(2))
    for layer in source.layers:
        layer.set_weights([weight + 1 for weight in layer.get_weights()])
    start_from(model, source, tmp_path)
    moved = {layer.name for layer in model.layers if layer.weights and np.array_equal(*first_weights(layer, source))}
    own = {layer.name for layer in model.layers if layer.weights} - moved
    assert all("_conv" in name or "_norm" in name or "_dense" in name or name.endswith(BRANCH) for name in moved)
    assert all(name.endswith(("_scaled", *JOINING)) for name in own), own


BRANCH = ("_projection", "_embedding", "_attends", "_attention")
JOINING = ("logits", "_said", "_gate", "tokens", "attention", "branch_dropout")


def first_weights(layer, source):
    return layer.get_weights()[0], source.get_layer(layer.name).get_weights()[0]


def test_branches_of_another_shape_are_refused(tmp_path):
    with pytest.raises(FusionError, match="has weights of shape"):
        start_from(network(), network(embedding=16), tmp_path)


def test_a_damaged_network_is_a_message(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"no network")
    with pytest.raises(FusionError, match="cannot be loaded"):
        load_model(tmp_path / "model.keras")
