"""A stranger's network is looked at before it is built."""

import json
import zipfile

import keras
import pytest

from fusion.errors import FusionError
from fusion.learning.saved_network import load_model


@pytest.fixture
def path(tmp_path):
    inputs = keras.Input((12, 30), name="mfcc")
    y = keras.layers.Conv1D(8, 3)(inputs)
    y = keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(y))
    keras.Model(inputs, y).save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


def rewrite(path, change):
    """Change the description of a network's layers."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["config.json"] = change(files["config.json"].decode()).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def test_a_network_of_the_right_size_is_loaded(path):
    assert load_model(path, classes=("a", "b", "c")).output_shape == (None, 3)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"units": 3', '"units": 1000000000'),
        ('"filters": 8', '"filters": 100000000'),
        ('"kernel_size": [3]', '"kernel_size": [3000000000]'),
    ],
)
def test_sizes_that_fill_the_memory_are_refused_before_anything_is_built(path, old, new):
    def change(text):
        assert old in text
        return text.replace(old, new)

    rewrite(path, change)
    with pytest.raises(FusionError, match=r"may have .* weights, at most 5e\+08 are loaded"):
        load_model(path)


def test_many_layers_count_together(path):
    def change(text):
        config = json.loads(text)
        dense = next(layer for layer in config["config"]["layers"] if layer["class_name"] == "Dense")
        dense["config"]["units"] = 2000
        config["config"]["layers"] += [dense] * 1000
        return json.dumps(config)

    rewrite(path, change)
    with pytest.raises(FusionError, match="may have"):
        load_model(path)


def test_a_description_too_long_to_read_is_refused(path):
    rewrite(path, lambda text: text + " " * 10**7)
    with pytest.raises(FusionError, match="describes its layers in"):
        load_model(path)


def test_weights_that_are_no_numbers_are_refused(path):
    model = load_model(path)
    model.layers[-1].bias.assign([0.0, float("nan"), 0.0])
    model.save(path)
    with pytest.raises(FusionError, match="NaN or infinity in dense"):
        load_model(path)


def test_a_network_for_other_classes_is_refused(path):
    with pytest.raises(FusionError, match=r"gives scores \(3,\) for 2 classes"):
        load_model(path, classes=("a", "b"))


@pytest.mark.parametrize("content", [b"", b"PK", b"no network"])
def test_what_is_no_archive_is_keras_to_name(path, content):
    path.write_bytes(content)
    with pytest.raises(FusionError, match="cannot be loaded"):
        load_model(path)
