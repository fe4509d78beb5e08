import keras
import numpy as np
import pytest

from fusion.errors import FusionError
from fusion.learning import layers
from fusion.learning.model import build_model
from fusion.learning.saved_network import load_model, start_from
from fusion.learning.scaling import Moments
from fusion.settings.model import FusionModel

SHAPES = {"mfcc": (30, 8), "centroid": (8,)}


def network(**settings):
    scaling = {name: Moments(np.zeros(shape[-1]), np.ones(shape[-1])) for name, shape in SHAPES.items()}
    return build_model(
        FusionModel(conv_filters=(8,), dense_units=(8,), **{"embedding": 8, **settings}), SHAPES, 5, scaling
    )


@pytest.mark.parametrize("name", ["StretchMasking", "BranchDropout", "WeightedMean"])
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


def test_branches_of_another_shape_are_refused(tmp_path):
    with pytest.raises(FusionError, match="has weights of shape"):
        start_from(network(), network(embedding=16), tmp_path)


def test_a_damaged_network_is_a_message(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"no network")
    with pytest.raises(FusionError, match="cannot be loaded"):
        load_model(tmp_path / "model.keras")
