"""Features of the registry, made with what those need that have no defaults: files of vectors, small encoders."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from fusion.feature.contract import Feature
from fusion.feature.registry import load
from fusion.plugins.registry import FEATURES, discover
from fusion.sound.clip import Clip

CLIP = "a clip"  # the id of every clip that `clip` makes


def clip(y: np.ndarray, sr: int) -> Clip:
    """Return a clip that has an id and a path, as those of data sets have."""
    return Clip(y, sr, CLIP, Path(f"{CLIP}.wav"))


def make_vectors(path: Path, names: Any, key: str = "id", size: int = 6) -> Path:
    """Write a file of vectors as the feature `embedding` reads it; each is drawn from its name."""
    values = [np.random.default_rng(list(name.encode())).normal(size=size) for name in names]
    np.savez(path, **{key: np.array(list(names), dtype=str), "vectors": np.array(values, dtype=np.float32)})
    return path


def make_encoder(path: Path, frame: int = 400, size: int = 5) -> Path:
    """Write an ONNX model ``(1, samples) -> (1, frames, size)``: a convolution over frames that do not overlap."""
    helper, types = onnx().helper, onnx().TensorProto
    weights = np.random.default_rng(0).normal(0, 0.1, (size, 1, frame)).astype(np.float32)
    nodes = [
        helper.make_node("Unsqueeze", ["x", "one"], ["channel"]),
        helper.make_node("Conv", ["channel", "w"], ["convolved"], strides=[frame], pads=[frame // 2, frame // 2]),
        helper.make_node("Transpose", ["convolved"], ["y"], perm=[0, 2, 1]),
    ]
    constants = [
        helper.make_tensor("w", types.FLOAT, weights.shape, weights.ravel()),
        helper.make_tensor("one", types.INT64, [1], [1]),
    ]
    return save_model(path, nodes, {"x": ["clips", "samples"]}, {"y": ["clips", "frames", size]}, constants)


def save_model(
    path: Path,
    nodes: list[Any],
    inputs: Mapping[str, list[Any]],
    outputs: Mapping[str, list[Any]],
    constants: Any = (),
    kind: str = "FLOAT",
) -> Path:
    """Write an ONNX model of float32 but for its inputs; sizes are numbers, or names where any size will do."""
    helper, types = onnx().helper, onnx().TensorProto
    kinds = [(inputs, getattr(types, kind)), (outputs, types.FLOAT)]
    values = [[helper.make_tensor_value_info(name, of, each[name]) for name in each] for each, of in kinds]
    graph = helper.make_graph(nodes, "encoder", *values, list(constants))
    domains = {"", *(node.domain for node in nodes)}
    versions = [helper.make_opsetid(domain, 1 if domain else 17) for domain in sorted(domains)]
    path.write_bytes(helper.make_model(graph, opset_imports=versions, ir_version=8).SerializeToString())
    return path


def onnx() -> Any:
    """Return the package that makes models; skip the test where it or what runs them is not there."""
    pytest.importorskip("onnxruntime", reason="the extra onnx is not installed (onnxruntime)")
    pytest.importorskip("onnx.helper", reason="onnx is not installed, which makes the models of tests")
    import onnx

    return onnx


def make(name: str, **parameters: Any) -> Feature:
    """Return a feature by its name; what must be given is what is not given here."""
    return load(discover(FEATURES)[name]).model_validate({**_needed(name), **parameters})


@lru_cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="fusion-features-")  # removed when the process ends


@lru_cache
def _needed(name: str) -> dict[str, Any]:
    folder = Path(_folder().name)
    if name == "embedding":
        return {"file": make_vectors(folder / "vectors.npz", [CLIP])}
    if name == "onnx":
        return {"model": make_encoder(folder / "encoder.onnx"), "sr": 8000}
    return {}
