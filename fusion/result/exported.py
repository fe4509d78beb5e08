"""An exported network: the folder that `fusion export` writes, read again to predict without Keras.

::

    model.onnx          the network (or model.keras, model/, model.tflite)
    preprocessing.json  what it takes and gives: rate, windows, features with parameters and versions, classes
    spec.yaml           the settings that it was trained with
    README.md           the card
    example.py          predicts a file without fusion
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.runtime.files import is_content
from fusion.runtime.known_json import read_known
from fusion.settings.experiment import Experiment
from fusion.settings.reading import read_result_settings

PREPROCESSING = "preprocessing.json"
NETWORKS = {"onnx": "model.onnx", "keras": "model.keras", "saved-model": "model", "litert": "model.tflite"}
"""What the network is called, by format."""

Network = Callable[..., NDArray[np.float32]]


@dataclass(frozen=True)
class ExportedNetwork:
    """A network that was exported as ONNX.

    Attributes
    ----------
    path : Path
    experiment : Experiment
        Whose features it takes.
    classes : tuple of str
    threshold : float or None
        Probability from which a class counts as heard; None where clips have one label.
    """

    path: Path
    experiment: Experiment
    classes: tuple[str, ...]
    threshold: float | None = None

    @property
    def models(self) -> tuple[Path, ...]:
        """The network's file, alone, where a result has one a seed."""
        return (self.path,)


def is_exported(folder: Path) -> bool:
    """Say whether a folder is what `fusion export` writes."""
    return (folder / PREPROCESSING).is_file()


def read_exported(folder: Path, plugins: Iterable[Path] = ()) -> ExportedNetwork:
    """Return an exported network that can be used.

    Parameters
    ----------
    folder : Path
    plugins : iterable of Path
        Plug-in folders whose features it takes; those that the folder names are a stranger's, and not used.

    Raises
    ------
    FusionError
        If a file is missing or damaged, the network is no ONNX, or features have other versions now.
    """
    path = folder / PREPROCESSING
    try:
        content = read_known(path)
        form, classes = content["format"], tuple(map(str, content["classes"]))
        threshold = None if content.get("threshold") is None else float(content["threshold"])
        versions = {name: feature["version"] for name, feature in content["features"].items()}
        written = dict(content.get("files", {}))  # an older fusion did not write it
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FusionError(f"{path}: not what `fusion export` writes ({type(error).__name__}: {error})") from None
    if form != "onnx":
        raise FusionError(
            f"{folder}: exported as {form}, which fusion does not predict with; export it with --format onnx"
        )
    for name in ("spec.yaml", NETWORKS["onnx"]):
        if name in written and (folder / name).is_file() and not is_content(folder / name, written[name]):
            raise FusionError(f"{folder / name}: not as fusion wrote it; export the network anew")
    experiment = read_result_settings(folder / "spec.yaml", plugins)
    for name, version in experiment.versions().items():
        if versions.get(name) != version:
            raise FusionError(
                f"{folder}: its network takes version {versions.get(name)} of feature {name}, installed is {version}; "
                "export it anew"
            )
    if not (folder / NETWORKS["onnx"]).is_file():
        raise FusionError(f"{folder / NETWORKS['onnx']}: missing; export the network anew")
    return ExportedNetwork(folder / NETWORKS["onnx"], experiment, classes, threshold)


def load_onnx(path: Path, shapes: Mapping[str, tuple[int, ...]], classes: tuple[str, ...]) -> Network:
    """Return an ONNX network as a function of arrays by feature, ``(clips, *shape)``, to ``(clips, classes)``.

    Raises
    ------
    FusionError
        If onnxruntime is missing, the file is damaged, or takes or gives something else.
    """
    try:
        from onnxruntime import InferenceSession, SessionOptions
    except ImportError:
        raise FusionError("to predict with an exported network run pip install 'fusion-mir[onnx]'") from None
    options = SessionOptions()
    options.intra_op_num_threads = 1
    # fusion's networks are whole: weights in other files would be nobody's, and none are read
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
    try:
        session: Any = InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no class of its own for all of them
        raise FusionError(f"{path}: no network that onnxruntime loads ({str(error).splitlines()[0]})") from None
    wanted = {name: [*shape] for name, shape in shapes.items()}
    found = {tensor.name: list(tensor.shape[1:]) for tensor in session.get_inputs()}
    outputs = [list(tensor.shape[1:]) for tensor in session.get_outputs()]
    if found != wanted or outputs != [[len(classes)]]:
        raise FusionError(
            f"{path}: takes {found} and gives {outputs}, wanted are {wanted} and {[[len(classes)]]}; it is another's"
        )
    return lambda values, training=False: np.asarray(session.run(None, values)[0], dtype=np.float32)
