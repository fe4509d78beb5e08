"""Encoders in ONNX files: what goes in, what comes out, and which models are refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

import fusion
from fusion.errors import FusionError
from fusion.sound.clip import Clip
from fusion.sound.reading import resampled
from tests.support.features import make_encoder, onnx, save_model


@pytest.fixture(autouse=True)
def _onnx() -> None:
    onnx()


def feature(model: Path, sr: int = 8000, **parameters: Any) -> Any:
    from fusion_features.onnx import ONNX

    return ONNX(model=model, sr=sr, **parameters)


def node(kind: str, inputs: str, outputs: str, **attributes: Any) -> Any:
    return onnx().helper.make_node(kind, inputs.split(), outputs.split(), **attributes)


def constant(name: str, value: Any) -> Any:
    return onnx().numpy_helper.from_array(np.array(value), name)


def doubled(path: Path, axes: list[Any], kind: str = "FLOAT") -> Path:
    """A model that gives each sample twice itself, in the shape of its input."""
    return save_model(path, [node("Add", "x x", "y")], {"x": axes}, {"y": axes}, kind=kind)


def averaged(path: Path, size: int = 4) -> Path:
    """A model ``(clips, samples) -> (clips, size)``: means of parts of the sound; the length must be divisible."""
    nodes = [node("Reshape", "x parts", "z"), node("ReduceMean", "z", "y", axes=[2], keepdims=0)]
    return save_model(path, nodes, {"x": ["n", "t"]}, {"y": ["n", size]}, [constant("parts", [1, size, -1])])


def tone(samples: int = 8000, sr: int = 8000) -> Clip:
    return Clip(np.sin(2 * np.pi * 440 * np.arange(samples) / sr), sr)


def refusal(model: Path, clip: Clip | None = None, **parameters: Any) -> str:
    with pytest.raises(FusionError) as caught:
        feature(model, **parameters).extract(clip or tone())
    assert str(caught.value).startswith(f"{model}: ")
    return str(caught.value).removeprefix(f"{model}: ")


@pytest.mark.parametrize(
    "axes", [["t"], [1, "t"], ["n", "t"], [1, 1, "t"], ["n", 1, "t"], ["n", "c", "t"], [None, 8000]]
)
def test_sound_goes_in_as_the_model_has_its_axes(tmp_path, axes):
    if len(axes) == 3:  # (1, samples) is a sequence of one frame there
        expected = (1, 8000)
    else:
        expected = (8000,)
    encoder = feature(doubled(tmp_path / "m.onnx", axes))
    value = encoder.extract(tone())
    assert encoder.shape(8000, 8000) == value.shape == expected
    assert value.dtype == np.float32
    np.testing.assert_array_equal(value.ravel(), 2 * tone().y)


def test_frames_of_an_encoder_are_a_sequence_with_time_first(tmp_path):
    encoder = feature(make_encoder(tmp_path / "m.onnx", frame=400, size=5))
    value = encoder.extract(tone(7999))
    assert encoder.shape(7999, 8000) == value.shape == (20, 5)
    weights = np.random.default_rng(0).normal(0, 0.1, (5, 1, 400)).astype(np.float32)
    np.testing.assert_allclose(value[3], weights[:, 0] @ tone().y[1000:1400], rtol=1e-3, atol=1e-4)


def test_frames_may_be_the_last_axis(tmp_path):
    nodes = [node("Reshape", "x shape", "y")]
    model = save_model(
        tmp_path / "m.onnx", nodes, {"x": ["n", "t"]}, {"y": ["n", 4, "f"]}, [constant("shape", [1, 4, -1])]
    )
    first, last = (feature(model, time_axis=axis) for axis in ("first", "last"))
    assert (first.shape(8000, 8000), last.shape(8000, 8000)) == ((4, 2000), (2000, 4))
    np.testing.assert_array_equal(first.extract(tone()).T, last.extract(tone()))


@pytest.mark.parametrize("sr", [16000, 22050, 44100])
def test_a_clip_is_resampled_to_the_models_rate(tmp_path, sr):
    encoder = feature(doubled(tmp_path / "m.onnx", ["t"]), sr=16000)
    clip = tone(sr + 7, sr)
    value = encoder.extract(clip)
    assert value.shape == encoder.shape(sr + 7, sr) == (round((sr + 7) * 16000 / sr),)
    np.testing.assert_allclose(value, 2 * resampled(clip.y, sr, 16000, len(value)), atol=1e-6)


@pytest.mark.parametrize(
    ("samples", "starts"), [(4000, [0]), (8000, [0]), (8001, [0, 1]), (16000, [0, 8000]), (20000, [0, 8000, 12000])]
)
def test_windows_follow_one_another_and_the_last_ends_with_the_clip(tmp_path, samples, starts):
    clip = Clip(np.random.default_rng(1).normal(size=samples), 8000)
    padded = np.pad(clip.y, (0, max(0, 8000 - samples)))
    encoder = feature(averaged(tmp_path / "m.onnx"), window=1.0)
    value = encoder.extract(clip)
    assert value.shape == encoder.shape(samples, 8000) == (len(starts), 4)
    expected = [padded[start : start + 8000].reshape(4, 2000).mean(axis=1) for start in starts]
    np.testing.assert_allclose(value, expected, atol=1e-6)
    frames = feature(make_encoder(tmp_path / "f.onnx"), window=1.0)
    assert frames.extract(clip).shape == frames.shape(samples, 8000) == (21 * len(starts), 5)


@pytest.mark.parametrize(("axes", "calls"), [(["n", "t"], [32, 8]), (["n", 1, "t"], [32, 8]), ([1, "t"], [1] * 40)])
def test_windows_go_in_together_where_the_model_takes_any_number(tmp_path, monkeypatch, axes, calls):
    encoder = feature(doubled(tmp_path / "m.onnx", axes), window=0.01)
    encoder.shape(40 * 80, 8000)  # finds out what the model takes
    given = []
    session = encoder._encoder()._session
    run = mock.Mock(side_effect=lambda names, inputs: given.append(len(inputs["x"])) or session.run(names, inputs))
    monkeypatch.setattr(encoder._encoder(), "_session", mock.Mock(run=run))
    clip = Clip(np.random.default_rng(2).normal(size=40 * 80), 8000)
    np.testing.assert_array_equal(encoder.extract(clip).ravel(), 2 * clip.y)
    assert given[-len(calls) :] == calls


def test_a_model_that_mixes_sounds_gets_them_one_by_one(tmp_path):
    """It takes any number, but what it gives for one depends on the others."""
    nodes = [node("ReduceMean", "x", "mean", axes=[0], keepdims=1), node("Sub", "x mean", "d"), node("Add", "d x", "y")]
    model = save_model(tmp_path / "m.onnx", nodes, {"x": ["n", "t"]}, {"y": ["n", "t"]})
    clip = Clip(np.random.default_rng(2).normal(size=4 * 80), 8000)
    np.testing.assert_allclose(feature(model, window=0.01).extract(clip).ravel(), clip.y, atol=1e-6)


def test_one_output_of_several_is_named(tmp_path):
    nodes = [node("Add", "x x", "twice"), node("Mul", "x x", "square")]
    model = save_model(tmp_path / "m.onnx", nodes, {"x": ["n", "t"]}, {"twice": ["n", "t"], "square": ["n", "t"]})
    np.testing.assert_array_equal(feature(model, output="square").extract(tone()), np.square(tone().y))
    message = refusal(model)
    assert message == (
        "this model has 2 outputs; name one, as in output: twice; found: twice tensor(float), square tensor(float)"
    )
    assert "has no output 'squar'; did you mean 'square'?; found: twice" in refusal(model, output="squar")


def test_a_session_is_made_once_for_each_content(tmp_path):
    import onnxruntime

    model = doubled(tmp_path / "m.onnx", ["t"])
    with mock.patch.object(onnxruntime, "InferenceSession", wraps=onnxruntime.InferenceSession) as session:
        for _ in range(3):
            feature(model).extract(tone(100))
        assert session.call_count == 1
        options = [call.args[1] for call in session.call_args_list]
        assert all((each.intra_op_num_threads, each.inter_op_num_threads) == (1, 1) for each in options)
    before = feature(model)
    averaged(model)  # another model in the same place
    assert feature(model).identity() != before.identity()
    assert feature(model).extract(tone()).shape == (4,)


@pytest.mark.parametrize(
    ("axes", "kind", "message"),
    [
        (
            ["n", "t"],
            "DOUBLE",
            "should take float32 (samples,), (1, samples) or (1, 1, samples); found: x tensor(double)",
        ),
        (["n", "t"], "FLOAT16", "found: x tensor(float16) ['n', 't']"),
        (["n", "t"], "INT16", "found: x tensor(int16)"),
        (["n", 1, 1, "t"], "FLOAT", "found: x tensor(float) ['n', 1, 1, 't']"),
        ([], "FLOAT", "found: x tensor(float) []"),
        (
            [1, 2, "t"],
            "FLOAT",
            "one clip of one channel at once: axes before the last of size 1; found: x tensor(float) [1, 2,",
        ),
        ([4, "t"], "FLOAT", "axes before the last of size 1"),
    ],
)
def test_models_of_other_inputs_are_refused(tmp_path, axes, kind, message):
    nodes = [node("Cast", "x", "y", to=1)]
    assert message in refusal(save_model(tmp_path / "m.onnx", nodes, {"x": axes}, {"y": axes}, kind=kind))


def test_models_of_several_inputs_are_refused(tmp_path):
    inputs = {"x": ["t"], "length": [1]}
    message = refusal(save_model(tmp_path / "m.onnx", [node("Add", "x length", "y")], inputs, {"y": ["t"]}))
    assert message.startswith(
        "this model should have one input, the sound; export it with all others as constants; found: x"
    )


def test_outputs_of_other_shapes_and_types_are_refused(tmp_path):
    for number, (shape, wanted) in enumerate([([1, 2, 2, -1], "(1, 2, 2, 2000)"), ([2, -1], "(2, 4000)")]):
        model = save_model(
            tmp_path / f"{number}.onnx",
            [node("Reshape", "x shape", "y")],
            {"x": ["n", "t"]},
            {"y": ["a"] * len(shape)},
            [constant("shape", shape)],
        )
        assert refusal(model) == f"its output y should be (1, size) or (1, frames, size), found {wanted}"
    model = save_model(tmp_path / "s.onnx", [node("ReduceMean", "x", "y", keepdims=0)], {"x": ["t"]}, {"y": []})
    assert refusal(model) == "its output y should be (size,) or (frames, size), found ()"
    helper = onnx().helper
    graph = helper.make_graph(
        [node("ArgMax", "x", "y")],
        "g",
        [helper.make_tensor_value_info("x", 1, ["n", "t"])],
        [helper.make_tensor_value_info("y", 7, [1, "t"])],
    )
    (tmp_path / "i.onnx").write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    )
    assert refusal(tmp_path / "i.onnx") == "this model should give floating-point numbers; found: y tensor(int64)"


def test_a_length_that_the_model_does_not_take_is_refused_with_the_window_that_it_takes(tmp_path):
    fixed = doubled(tmp_path / "fixed.onnx", [1, 4000])
    assert refusal(fixed) == "takes 4000 samples, not 8000; set window: 0.5"
    assert feature(fixed, window=0.5).shape(8000, 8000) == (2, 4000)
    hidden = save_model(
        tmp_path / "hidden.onnx",
        [node("Reshape", "x shape", "y")],
        {"x": ["n", "t"]},
        {"y": [1, 100]},
        [constant("shape", [1, 100])],
    )
    assert refusal(hidden).startswith("this model cannot be run on 8000 samples (")
    assert refusal(hidden).endswith("); set window: to the seconds that it takes at once")


def test_a_shape_that_follows_from_the_sound_is_refused(tmp_path):
    model = save_model(
        tmp_path / "m.onnx",
        [node("Greater", "x zero", "c"), node("Compress", "x c", "p"), node("Concat", "p zero", "y", axis=0)],
        {"x": ["t"]},
        {"y": ["p"]},
        [constant("zero", np.zeros(1, np.float32))],
    )
    assert "for silence of the same length; the shape must follow from the length alone" in refusal(model)
    halves = Clip(np.concatenate([np.zeros(4000), np.ones(4000)]), 8000)
    assert "gives other shapes for other parts of one length of a clip" in refusal(model, halves, window=0.5)


def test_values_that_are_not_finite_are_refused(tmp_path):
    model = save_model(tmp_path / "m.onnx", [node("Log", "x", "y")], {"x": ["t"]}, {"y": ["t"]})
    assert feature(model).extract(Clip(np.ones(10), 8000)).tolist() == [0] * 10
    message = "10 of 10 values are NaN or infinite, for silence; export a model that gives numbers for any sound"
    assert refusal(model, Clip(np.zeros(10), 8000)) == message
    assert refusal(model, Clip([-1, 1, 1], 8000)).startswith("1 of 3 values are NaN or infinite; export")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x08\x08", bytes(1000), b"PK\x03\x04"])
def test_what_is_no_model_is_refused(tmp_path, content):
    (tmp_path / "m.onnx").write_bytes(content)
    assert refusal(tmp_path / "m.onnx").startswith("cannot be used as an ONNX model (")
    assert refusal(tmp_path / "m.onnx").endswith("); is it a whole ONNX model?")


def test_a_model_that_was_cut_is_refused(tmp_path):
    model = make_encoder(tmp_path / "m.onnx")
    whole = model.read_bytes()
    for length in range(10, len(whole), len(whole) // 7):
        model.write_bytes(whole[:length])
        assert "cannot be used as an ONNX model (" in refusal(model)


def test_custom_operators_are_refused(tmp_path):
    model = save_model(tmp_path / "m.onnx", [node("Foo", "x", "y", domain="my.own")], {"x": ["t"]}, {"y": ["t"]})
    message = "(Fatal error: my.own:Foo(-1) is not a registered function/op); it uses operators that onnxruntime alone"
    assert message in refusal(model)


@pytest.mark.parametrize("place", ["weights.bin", "sub/weights.bin", "../weights.bin", "/etc/passwd", "none.bin"])
def test_weights_in_other_files_are_never_read(tmp_path, monkeypatch, place):
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    for path in (folder, folder / "sub", tmp_path):
        np.ones(4, np.float32).tofile(path / "weights.bin")
    weights = onnx().TensorProto(name="w", data_type=1, dims=[4], data_location=1)
    for key, value in (("location", place), ("offset", "0"), ("length", "16")):
        weights.external_data.add(key=key, value=value)
    model = save_model(folder / "m.onnx", [node("Mul", "x w", "y")], {"x": [4]}, {"y": [4]}, [weights])
    monkeypatch.chdir(folder)
    message = refusal(model, Clip(np.ones(4), 8000))
    assert "xternal data path" in message
    assert message.endswith("; it keeps weights in other files; save it as one: onnx.save(onnx.load(MODEL), NEW)")


def test_without_onnxruntime_the_message_says_what_to_install(tmp_path):
    model = doubled(tmp_path / "m.onnx", ["a"])
    with mock.patch.dict(sys.modules, {"onnxruntime": None}):
        assert refusal(model) == (
            "the feature onnx needs onnxruntime: pip install 'fusion-mir[onnx]' (from a checkout: '.[onnx]')"
        )


def test_nothing_is_printed_whatever_the_model(tmp_path):
    good, bad = make_encoder(tmp_path / "good.onnx"), tmp_path / "bad.onnx"
    bad.write_bytes(b"nonsense")
    script = (
        "import sys, numpy as np\n"
        "from fusion import Clip, FusionError\n"
        "from fusion_features.onnx import ONNX\n"
        "ONNX(model=sys.argv[1], sr=8000).extract(Clip(np.ones(8000), 8000))\n"
        "try:\n    ONNX(model=sys.argv[2], sr=8000)\nexcept FusionError:\n    pass\n"
    )
    done = subprocess.run([sys.executable, "-c", script, good, bad], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_from_python_the_rates_of_sound_and_model_stand_apart(tmp_path, monkeypatch):
    make_encoder(tmp_path / "m.onnx")
    monkeypatch.chdir(tmp_path)
    y = tone(32000, 16000).y
    value = fusion.extract("onnx", y, 16000, model="m.onnx", sr=8000)
    np.testing.assert_array_equal(value, feature(tmp_path / "m.onnx").extract(Clip(y, 16000)))
    with pytest.raises(FusionError, match=r"feature embedding: file: /.*none\.npz: no such file"):
        fusion.extract("embedding", y, 16000, file="none.npz")


def test_features_are_listed_without_onnxruntime():
    script = (
        "import sys; from fusion.feature.listing import features; features(); assert 'onnxruntime' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
