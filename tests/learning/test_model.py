import keras
import numpy as np
import pytest

from fusion.extraction.part import Part
from fusion.learning.batches import Batches
from fusion.learning.fused_network import pooled_scaling, with_auxiliary
from fusion.learning.layers import MissingBranch
from fusion.learning.model import build_model
from fusion.learning.saved_network import load_model
from fusion.learning.scaling import moments
from fusion.plugins.registry import FUSIONS, discover
from fusion.settings.model import CourseModel, FusionModel

SHAPES = {"mfcc": (30, 8), "chroma": (25, 12), "centroid": (8,), "rate": (5,)}
NAMES = list(discover(FUSIONS))
SMALL = {"conv_filters": (8, 16), "dense_units": (8,), "embedding": 8}


def values(shapes, clips=12, seed=0, scale=1.0):
    random = np.random.default_rng(seed)
    return {name: (scale * random.normal(size=(clips, *shape))).astype(np.float32) for name, shape in shapes.items()}


def scaling(data):
    return {name: moments("x", [array]) for name, array in data.items()}


def build(names, **settings):
    shapes = {name: SHAPES[name] for name in names}
    return build_model(FusionModel(**{**SMALL, **settings}), shapes, 5, scaling(values(shapes)))


class InMemory:
    """Rows that need no store."""

    def __init__(self, array):
        self.array, self.shape = array, array.shape[1:]

    def take(self, clips=slice(None)):
        return self.array[clips]

    def batches(self):
        yield from np.array_split(self.array, 3)


def part(shapes, clips=24, variants=1):
    """Return windows of three classes, each with variants, as a training has them."""
    rows = {name: InMemory(array) for name, array in values(shapes, clips * variants).items()}
    return Part(rows, np.tile(np.eye(3, dtype=bool)[np.arange(clips) % 3], (variants, 1)), np.arange(clips))


def untrained(shapes, variants=1, **settings):
    """Return a network scaled by the moments of random windows, and these."""
    data = part(shapes, variants=variants)
    settings = FusionModel(**{**SMALL, **settings})
    scales = scaling({name: rows.array for name, rows in data.rows.items()})
    return build_model(settings, shapes, 3, scales | pooled_scaling(settings, data, scales)), data


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


def test_statistics_of_sequences_are_scaled_by_their_exact_moments():
    """Those of the training clips and their variants, in any unit."""
    shapes = {"mfcc": (30, 8), "chroma": (25, 12)}
    model, data = untrained(shapes, variants=3, sequences="pooled")
    for name in shapes:
        statistics = model.get_layer(f"{name}-pooled_scaled").output
        found = np.asarray(keras.Model(model.input, statistics)({n: rows.array for n, rows in data.rows.items()}))
        assert found.shape == (72, 4 * shapes[name][1])
        assert np.allclose(found.mean(axis=0), 0, atol=1e-5)
        assert np.allclose(found.std(axis=0), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "branches"),
    [
        ({}, ["mfcc", "chroma", "all-vectors"]),
        ({"sequences": "pooled"}, ["all-vectors"]),
        ({"sequences": "both"}, ["mfcc", "chroma", "all-vectors"]),
        ({"join": "frames"}, ["all-frames"]),
        ({"join": "frames", "sequences": "both"}, ["all-frames", "all-vectors"]),
    ],
)
def test_branches_are_those_that_the_settings_say(settings, branches):
    shapes = {**SHAPES, "chroma": (30, 12)}
    network, _ = untrained(shapes, branch_dropout=0.3, **settings)
    ends = [layer.name.removesuffix("_branch") for layer in network.layers if layer.name.endswith("_branch")]
    assert sorted(ends) == sorted(branches)
    loses = any(isinstance(layer, MissingBranch) for layer in network.layers)
    assert loses == FusionModel(branch_dropout=0.3, **settings).loses_branches(shapes) == (len(branches) > 1)
    size = 8 + 5 + (4 * (8 + 12) if "sequences" in settings else 0)
    if "all-vectors" in branches:
        assert network.get_layer("all-vectors_dense1").input.shape == (None, size)
    if "all-frames" in branches:
        assert network.get_layer("all-frames_conv1").input.shape == (None, 30, 8 + 12 + 8 + 5)


def test_vectors_stand_beside_every_frame():
    shapes = {"mfcc": (30, 8), "rate": (5,)}
    data = values(shapes)
    model = build_model(FusionModel(**SMALL, join="frames"), shapes, 5, scaling(data))
    joined = np.asarray(keras.Model(model.input, model.get_layer("all-frames_joined").output)(data))
    rate = (data["rate"] - data["rate"].mean(axis=0)) / data["rate"].std(axis=0)
    assert np.allclose(joined[:, :, 8:], np.repeat(rate[:, np.newaxis], 30, axis=1), atol=1e-4)


def test_statistics_are_of_what_is_not_masked():
    model, data = untrained({"mfcc": (30, 8)}, sequences="both", time_masking=0.9, frequency_masking=0.9)
    statistics = keras.Model(model.input, model.get_layer("mfcc-pooled_scaled").output)
    x = {"mfcc": data.rows["mfcc"].array}
    assert np.array_equal(statistics(x, training=True), statistics(x))


REGULARISED = {"branch_dropout": 0.4, "time_masking": 0.4, "frequency_masking": 0.4, "noise": 0.5, "auxiliary": 0.3}


SEVERAL = ["mfcc", "chroma", "rate"]


@pytest.mark.parametrize(
    ("fusion", "names", "settings"),
    [
        *((fusion, ["mfcc"], {}) for fusion in NAMES),
        *((fusion, SEVERAL, {"sequences": "both", "time_pooling": "attention"}) for fusion in NAMES),
        ("concat", ["rate"], {}),
        ("concat", SEVERAL, {"sequences": "pooled"}),
        ("concat", ["mfcc", "rate"], {"join": "frames"}),
        ("concat", ["mfcc", "rate"], {"join": "frames", "sequences": "both"}),
    ],
)
def test_every_fusion_of_every_kind_of_branch_trains_is_saved_and_predicts_the_same(fusion, names, settings, tmp_path):
    shapes = {name: SHAPES[name] for name in names}
    settings = {"fusion": fusion, **REGULARISED, **settings}
    model, data = untrained(shapes, variants=2, **settings)
    trainer = with_auxiliary(model)
    batches = Batches(data, 12, seed=1, mixup=0.4, outputs=list(trainer.output))
    trainer.compile("adam", dict.fromkeys(trainer.output, "categorical_crossentropy"), run_eagerly=True)
    first = [weight.numpy() for weight in trainer.trainable_weights]
    assert np.isfinite([trainer.train_on_batch(*batches[n])[0] for n in range(2)]).all()
    changed = [np.any(old != new.numpy()) for old, new in zip(first, trainer.trainable_weights, strict=True)]
    assert all(changed) or len(trainer.output) == 2  # a branch that is alone is not weighed against others
    model.save(tmp_path / "model.keras")
    x = data.values(np.arange(len(data)))
    before, again, after = (np.asarray(net(x)) for net in (model, model, load_model(tmp_path / "model.keras")))
    assert np.array_equal(before, again)  # nothing is missing, masked or noisy in prediction
    assert np.allclose(before, after, rtol=0, atol=1e-6)
    assert np.allclose(before.sum(axis=1), 1, atol=1e-5)


def test_attention_over_time_begins_with_plain_statistics_and_can_prefer_frames():
    """With weights of zero it says what no attention says; a frame that matters most is alone in mean and deviation."""
    shapes = {"mfcc": (30, 8)}
    outputs = {}
    for kind in ("statistics", "attention"):
        keras.utils.set_random_seed(1)
        model = build_model(
            FusionModel(**{**SMALL, "conv_filters": (8,)}, time_pooling=kind), shapes, 5, scaling(values(shapes))
        )
        for layer in model.layers:  # the same convolutions, whatever else drew before
            if layer.name == "mfcc_conv1":
                layer.set_weights([np.random.default_rng(2).normal(size=(3, 8, 8))])
        outputs[kind] = keras.Model(model.input, model.get_layer("mfcc_pooled").output)
    data = values(shapes)
    assert np.allclose(outputs["statistics"](data), outputs["attention"](data), atol=1e-4)
    attention = model.get_layer("mfcc_attention")
    attention.set_weights([1000 * np.random.default_rng(3).normal(size=(8, 1))])
    mean, _, deviation = np.split(np.asarray(outputs["attention"](data)), 3, axis=1)
    frames = np.asarray(keras.Model(model.input, model.get_layer("mfcc_relu1").output)(data))
    assert (np.abs(frames - mean[:, np.newaxis]).max(axis=2).min(axis=1) < 1e-3).mean() > 0.8
    assert np.median(deviation) < 0.01


def test_a_gated_residual_begins_with_its_gates_closed():
    model = build(list(SHAPES), fusion="gated_residual")
    gates = [layer for layer in model.layers if layer.name.endswith("_gate")]
    assert {layer.name for layer in gates} == {"chroma_gate", "all-vectors_gate"}  # mfcc is the first of these
    opened = keras.Model(model.input, [layer.output for layer in gates])(values(SHAPES))
    assert np.mean(opened) < 0.3


EVERYTHING = {
    "branch_dropout": 0.3,
    "time_masking": 0.4,
    "frequency_masking": 0.4,
    "noise": 0.5,
    "dropout": 0.4,
}


def test_regularisers_act_in_training():
    model = build(list(SHAPES), **EVERYTHING)
    data = values(SHAPES)
    first, second = (keras.ops.convert_to_numpy(model(data, training=True)) for _ in range(2))
    assert not np.allclose(first, second, atol=1e-3)


def test_late_fusion_is_the_mean_of_the_branches_logits_at_first():
    model = build(["mfcc", "rate"], fusion="late")
    data = values({name: SHAPES[name] for name in ("mfcc", "rate")})
    logits = [layer.output for layer in model.layers if layer.name.endswith("_logits")]
    parts = keras.Model(model.input, [*logits, model.output])(data)
    first, second, fused = (keras.ops.convert_to_numpy(part).astype(float) for part in parts)
    mean = np.exp((first + second) / 2)
    assert np.allclose(mean / mean.sum(axis=1, keepdims=True), fused, atol=1e-5)


def test_gates_lie_between_closed_and_open():
    model = build(list(SHAPES), fusion="gated")
    gates = [layer.output for layer in model.layers if layer.name.endswith("_gate")]
    assert len(gates) == 3
    for gate in keras.Model(model.input, gates)(values(SHAPES)):
        assert ((np.asarray(gate) > 0) & (np.asarray(gate) < 1)).all()


@pytest.mark.parametrize("fusion", NAMES)
def test_auxiliary_outputs_train_the_branches_and_are_not_saved(fusion):
    model = build(["mfcc", "centroid", "rate"], fusion=fusion)
    trainer = with_auxiliary(model)
    outputs = trainer(values({name: SHAPES[name] for name in ("mfcc", "centroid", "rate")}))
    assert list(outputs) == ["probabilities", "mfcc", "all-vectors"]
    for output in outputs.values():
        assert np.allclose(np.asarray(output).sum(axis=1), 1, atol=1e-5)
    assert len(model.outputs) == 1
    if fusion == "late":  # the branches' own logits are what is fused
        assert trainer.count_params() == model.count_params()
    else:
        assert trainer.count_params() == model.count_params() + 2 * (8 * 5 + 5)


def test_the_network_works_with_one_branch_missing():
    """Zeros in place of a branch, as branch dropout makes them, still give probabilities."""
    model = build(["mfcc", "rate"], branch_dropout=0.5)
    data = values({name: SHAPES[name] for name in ("mfcc", "rate")})
    data["rate"] = np.zeros_like(data["rate"])
    assert np.isfinite(np.asarray(model(data))).all()


@pytest.mark.parametrize("settings", [FusionModel(), CourseModel()])
def test_saved_model_predicts_the_same_in_safe_mode(settings, tmp_path):
    shapes = {"mfcc": (30, 8)}
    data = values(shapes)
    model = build_model(settings, shapes, 3, scaling(data))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert np.allclose(
        keras.ops.convert_to_numpy(model(data)), keras.ops.convert_to_numpy(loaded(data)), rtol=0, atol=1e-6
    )


def test_default_needs_a_tenth_of_the_course_networks_parameters():
    shapes = {"mfcc": (126, 20)}
    ours = build_model(FusionModel(), shapes, 9, scaling(values(shapes))).count_params()
    assert ours < 0.1 * build_model(CourseModel(), shapes, 9, {}).count_params()
