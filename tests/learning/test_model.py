import keras
import numpy as np
import pytest

from fusion.learning.fused_network import with_auxiliary
from fusion.learning.fusions import FUSIONS
from fusion.learning.model import build_model
from fusion.learning.scaling import moments
from fusion.settings.model import CourseModel, FusionModel

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


EVERYTHING = {
    "branch_dropout": 0.3,
    "time_masking": 0.4,
    "frequency_masking": 0.4,
    "noise": 0.5,
    "dropout": 0.4,
}


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("names", [["mfcc"], ["rate"], list(SHAPES)])
def test_every_fusion_with_every_regulariser_is_saved_and_predicts_the_same(fusion, names, tmp_path):
    model = build(names, fusion=fusion, **EVERYTHING)
    data = values({name: SHAPES[name] for name in names})
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    first, second, after = (keras.ops.convert_to_numpy(m(data, training=False)) for m in (model, model, loaded))
    assert np.array_equal(first, second)  # nothing is dropped, masked or noisy in prediction
    assert np.allclose(first, after, rtol=0, atol=1e-6)
    assert np.allclose(first.sum(axis=1), 1, atol=1e-5)


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


@pytest.mark.parametrize("fusion", FUSIONS)
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
