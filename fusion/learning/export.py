"""Networks for use without fusion: one of all that a result has, in a format that other runtimes read.

What is written is read again and held to what keras gives, before anybody is told that it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.learning.jobs import ExportFormat, ExportJob
from fusion.learning.layers import Standardisation
from fusion.learning.saved_network import load_model

Inputs = dict[str, NDArray[np.float32]]

TOLERANCE = 1e-5
"""Between probabilities of the two networks."""

_CLIPS = 100  # that both are given


def export_network(job: ExportJob) -> float:
    """Write the mean of some networks as one; return how far apart its probabilities and theirs are at most.

    Raises
    ------
    FusionError
        If the backend is not TensorFlow, the format's package is missing, a layer does not fit it, or what was written
        gives other probabilities.
    """
    if keras.backend.backend() != "tensorflow":
        raise FusionError(
            "a network is exported by TensorFlow; set KERAS_BACKEND=tensorflow, whatever it was trained on"
        )
    networks = [load_model(path, job.fusion, job.classes) for path in job.models]
    inputs = _typical(networks[0])
    expected = np.mean([network.predict(inputs, verbose=0) for network in networks], axis=0)
    joined = _mean_of(networks)
    joined(inputs)  # for ONNX keras wants a network that was called
    _WRITERS[job.format](joined, job.path)
    found = _READERS[job.format](job.path, inputs)
    apart = float(np.abs(found - expected).max()) if found.shape == expected.shape else np.inf
    if not apart <= TOLERANCE:
        raise FusionError(
            f"as {job.format} the network's probabilities differ by up to {apart:.2g} from keras', at most "
            f"{TOLERANCE:g} is allowed; take another --format"
        )
    return apart


def _mean_of(networks: Sequence[keras.Model]) -> keras.Model:
    """Return one network with the inputs of each and the mean of their probabilities."""
    inputs = {tensor.name: keras.Input(tensor.shape[1:], name=tensor.name) for tensor in networks[0].inputs}
    outputs = []
    for number, network in enumerate(networks):
        copy = _portable(network)
        copy.name = f"network{number + 1}"
        outputs.append(copy(inputs))
    return keras.Model(inputs, layers.Average(name="mean")(outputs) if len(outputs) > 1 else outputs[0])


def _portable(network: keras.Model) -> keras.Model:
    """Return a network whose scaling has its numbers as weights: of keras' own, ONNX makes inputs that nobody has."""

    def replaced(layer: Any) -> Any:
        if isinstance(layer, layers.Normalization):
            return Standardisation(name=layer.name)
        return type(layer).from_config(layer.get_config())

    copy = keras.models.clone_model(network, clone_function=replaced)
    for layer in network.layers:
        weights = layer.get_weights()
        if isinstance(layer, layers.Normalization):
            mean, deviation = _scaling(layer)
            weights = [mean, np.maximum(deviation, keras.config.epsilon())]
        copy.get_layer(layer.name).set_weights(weights)
    return copy


def _scaling(layer: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and standard deviation of a layer of keras, ``(dims,)`` each."""
    mean, variance = (ops.convert_to_numpy(values).reshape(-1) for values in (layer.mean, layer.variance))
    return mean, np.sqrt(variance)


def _typical(network: keras.Model) -> Inputs:
    """Return inputs as far from the mean of the training clips, and as wide, as these are; the same every time."""
    random = np.random.default_rng(0)
    scaled = {layer.name: layer for layer in network.layers if isinstance(layer, layers.Normalization)}
    inputs = {}
    for tensor in network.inputs:
        values = random.standard_normal((_CLIPS, *tensor.shape[1:]))
        if layer := scaled.get(f"{tensor.name}_scaled"):
            mean, deviation = _scaling(layer)
            values = mean + deviation * values
        inputs[tensor.name] = values.astype(np.float32)
    return inputs


def _write_onnx(network: keras.Model, path: Path) -> None:
    try:
        import tf2onnx  # noqa: F401 (keras needs it)
    except ImportError:
        raise FusionError("ONNX needs more packages: pip install 'fusion-mir[export]'") from None
    network.export(path, format="onnx", verbose=False)


def _read_onnx(path: Path, inputs: Inputs) -> NDArray[np.float32]:
    from onnxruntime import InferenceSession

    return np.asarray(InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, inputs)[0])


def _read_keras(path: Path, inputs: Inputs) -> NDArray[np.float32]:
    return np.asarray(load_model(path).predict(inputs, verbose=0))


def _read_saved_model(path: Path, inputs: Inputs) -> NDArray[np.float32]:
    return np.asarray(layers.TFSMLayer(path, call_endpoint="serve")(inputs))


def _read_litert(path: Path, inputs: Inputs) -> NDArray[np.float32]:
    import tensorflow

    runner = tensorflow.lite.Interpreter(str(path)).get_signature_runner()
    clips = [runner(**{name: values[n : n + 1] for name, values in inputs.items()}) for n in range(_CLIPS)]
    return np.concatenate([next(iter(clip.values())) for clip in clips])


_WRITERS: dict[ExportFormat, Callable[[keras.Model, Path], None]] = {
    "onnx": _write_onnx,
    "keras": lambda network, path: network.save(path),
    "saved-model": lambda network, path: network.export(path, format="tf_saved_model", verbose=False),
    "litert": lambda network, path: network.export(path, format="litert", verbose=False),
}
_READERS: dict[ExportFormat, Callable[[Path, Inputs], NDArray[np.float32]]] = {
    "onnx": _read_onnx,
    "keras": _read_keras,
    "saved-model": _read_saved_model,
    "litert": _read_litert,
}
