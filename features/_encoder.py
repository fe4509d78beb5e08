"""An audio encoder in an ONNX file, held to one input of sound and one output of numbers."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError, did_you_mean
from fusion.feature.parameter_file import ParameterFile

_AT_ONCE = 32  # sounds given to a model that takes any number
_FLOATS = ("tensor(float)", "tensor(double)", "tensor(float16)")


class Encoder:
    """A session of onnxruntime on one processor thread, which prints nothing and reads no other file.

    Parameters
    ----------
    file : ParameterFile
    output : str or None
        Which output to take, None for the only one.

    Attributes
    ----------
    samples : int or None
        Length of the input, None where any length will do.

    Raises
    ------
    FusionError
        If onnxruntime is not installed, or the model does not take sound and give numbers.
    """

    def __init__(self, file: ParameterFile, output: str | None) -> None:
        self.file = file
        self._session = _open(file)
        self._read_input(self._session.get_inputs())
        outputs = {each.name: each.type for each in self._session.get_outputs()}
        if output is None and len(outputs) > 1:
            raise self._wrong(f"has {len(outputs)} outputs; name one, as in output: {next(iter(outputs))}", outputs)
        self._output = next(iter(outputs)) if output is None else output
        if self._output not in outputs:
            raise self._wrong(f"has no output {output!r}{did_you_mean(self._output, outputs)}", outputs)
        if outputs[self._output] not in _FLOATS:
            raise self._wrong("should give floating-point numbers", outputs)

    def _read_input(self, inputs: list[Any]) -> None:
        found = {each.name: f"{each.type} {each.shape}" for each in inputs}
        if len(inputs) != 1:
            raise self._wrong("should have one input, the sound; export it with all others as constants", found)
        axes = inputs[0].shape
        if inputs[0].type != "tensor(float)" or not 1 <= len(axes) <= 3:
            raise self._wrong("should take float32 (samples,), (1, samples) or (1, 1, samples)", found)
        if any(size != 1 for size in axes[:-1] if isinstance(size, int)):
            raise self._wrong("should take one clip of one channel at once: axes before the last of size 1", found)
        self._input, self._rank = inputs[0].name, len(axes)
        self._any_number = len(axes) > 1 and not isinstance(axes[0], int)
        self._many: dict[int, bool] = {}  # whether it really takes any number of sounds, by their length
        self.samples = axes[-1] if isinstance(axes[-1], int) else None

    def run(self, sounds: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the output for sounds of one length: many at once, where the model takes any number.

        Parameters
        ----------
        sounds : (sounds, samples) float32

        Returns
        -------
        list of (size,) or (frames, size) float32
            Without the axis of clips, where the input has one; or with the two axes as the model has them.

        Raises
        ------
        FusionError
            If the model cannot be run on so many samples, or gives more axes.
        """
        at_once = _AT_ONCE if len(sounds) > 1 and self._takes_many(sounds.shape[1]) else 1
        return [
            value
            for first in range(0, len(sounds), at_once)
            for value in self._run_at_once(sounds[first : first + at_once])
        ]

    def _takes_many(self, samples: int) -> bool:
        """Say whether a model gives for sounds at once what it gives for each: it may announce more than it does."""
        if not self._any_number:
            return False
        if samples not in self._many:
            two = np.random.default_rng(0).normal(0, 0.1, (2, samples)).astype(np.float32)
            alone = np.concatenate([self._run_at_once(two[:1]), self._run_at_once(two[1:])])
            try:
                together = self._run_at_once(two)
            except FusionError:  # that is the answer
                together = np.empty(0, dtype=np.float32)
            near = 1e-4 * float(np.abs(alone).max(initial=0))
            self._many[samples] = together.shape == alone.shape and np.allclose(together, alone, rtol=0, atol=near)
        return self._many[samples]

    def _run_at_once(self, sounds: NDArray[np.float32]) -> NDArray[np.float32]:
        shape = {1: (-1,), 2: (len(sounds), -1), 3: (len(sounds), 1, -1)}[self._rank]
        try:
            (value,) = self._session.run([self._output], {self._input: sounds.reshape(shape)})
        except Exception as error:  # onnxruntime's own have no common class
            raise FusionError(
                f"{self.file}: this model cannot be run on {sounds.shape[1]} samples ({_reason(error)}); set "
                "window: to the seconds that it takes at once"
            ) from None
        whole = np.asarray(value)
        values = whole if self._rank > 1 else whole[np.newaxis]
        if values.ndim not in (2, 3) or not values.size or len(values) != len(sounds):
            wanted = "(1, size) or (1, frames, size)" if self._rank > 1 else "(size,) or (frames, size)"
            raise FusionError(f"{self.file}: its output {self._output} should be {wanted}, found {whole.shape}")
        return np.asarray(values, dtype=np.float32)

    def _wrong(self, what: str, found: dict[str, str]) -> FusionError:
        has = ", ".join(f"{name} {of}" for name, of in found.items()) or "none"
        return FusionError(f"{self.file}: this model {what}; found: {has}")


@lru_cache(maxsize=8)
def encoder(file: ParameterFile, output: str | None) -> Encoder:
    """Return an encoder, made once a process."""
    return Encoder(file, output)


def _open(file: ParameterFile) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise FusionError(
            f"{file}: the feature onnx needs onnxruntime: pip install 'fusion-mir[onnx]' (from a checkout: '.[onnx]')"
        ) from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # says nothing
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # weights in other files would be no part of the hash, and a stranger's model could name any: nothing lies here
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
    model = file.read()
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own have no common class
        reason = _reason(error)
        if "xternal data" in reason:
            advice = "it keeps weights in other files; save it as one: onnx.save(onnx.load(MODEL), NEW)"
        elif "not a registered function" in reason or "No Op registered" in reason:
            advice = "it uses operators that onnxruntime alone does not have; export it with standard ones"
        else:
            advice = "is it a whole ONNX model?"
        raise FusionError(f"{file}: cannot be used as an ONNX model ({reason}); {advice}") from None


def _reason(error: Exception) -> str:
    """Return onnxruntime's message on one line."""
    text = str(error).split(" : ")[-1]
    return " ".join(text.split())[:300] or type(error).__name__
