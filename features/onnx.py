"""What any audio encoder in an ONNX file gives."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from fusion.errors import FusionError
from fusion.feature.contract import Feature
from fusion.feature.parameter_file import FileParameter
from fusion.sound.clip import Clip
from fusion.sound.reading import resampled

from ._encoder import Encoder, encoder


class ONNX(Feature):
    """The output of an audio encoder: a vector, or a sequence of frames; computed by onnxruntime on one thread.

    The clip, at the data set's rate, is resampled to `sr` and goes in as float32 ``(samples,)``, ``(1, samples)`` or
    ``(1, 1, samples)``, as the model's input has it. What comes out, without the axis of clips where the input has
    one, is the feature: ``(size,)``, or ``(frames, size)`` with time first. With `window`, the clip goes in part by
    part: one after the other, the last one ending with the clip; a clip that is shorter is followed by zeros. Their
    frames, or vectors as frames, stand one behind the other. Several parts go in at once where
    the model gives the same for each as singly.

    The model is one file of standard operators, with its weights. Values are stored under a hash of it.

    References
    ----------
    J. Turian et al.: "HEAR: Holistic evaluation of audio representations", Proc. Machine Learning Research 176, 2022,
    125-145, https://proceedings.mlr.press/v176/turian22a.html; ONNX: https://onnx.ai/onnx/repo-docs/IR.html
    """

    model: FileParameter = Field(description="ONNX file; relative to the experiment file")
    sr: int = Field(ge=1000, le=768_000, description="sampling rate that the model was trained with, Hz")
    window: float | None = Field(default=None, gt=0, le=600, description="seconds that go in at once; null: the clip")
    output: str | None = Field(default=None, description="which output of the model, by name; null: the only one")
    time_axis: Literal["first", "last"] = Field(
        default="first", description="where an output of two axes has its frames; last: (size, frames)"
    )

    @model_validator(mode="after")
    def _usable(self) -> ONNX:
        self._encoder()
        return self

    def shape(self, samples: int, sr: int) -> tuple[int, ...]:
        """Return ``(size,)`` or ``(frames, size)``, found by running the model once, on zeros."""
        return _shape(self, samples, sr)

    def extract(self, clip: Clip) -> NDArray[np.float32]:
        """Return what the model gives for a clip."""
        value = self._run(clip)
        declared = self.shape(clip.y.size, clip.sr)
        if value.shape != declared:
            raise FusionError(
                f"{self.model}: gives {value.shape} for this sound and {declared} for silence of the same length; the "
                "shape must follow from the length alone"
            )
        if not np.isfinite(value).all():
            raise FusionError(
                f"{self.model}: {np.count_nonzero(~np.isfinite(value))} of {value.size} values are NaN or infinite"
                f"{', for silence' if not clip.y.any() else ''}; export a model that gives numbers for any sound"
            )
        return value

    def _run(self, clip: Clip) -> NDArray[np.float32]:
        samples = max(1, round(clip.y.size * self.sr / clip.sr))
        y = clip.shared(("resampled", self.sr), lambda: resampled(clip.y, clip.sr, self.sr, samples))
        if self.window is None:
            return self._framed(y[np.newaxis])[0]
        length = max(1, round(self.window * self.sr))
        padded = np.pad(y, (0, max(0, length - y.size)))
        last = padded.size - length
        starts = (*range(0, last, length), last)
        parts = self._framed(np.stack([padded[start : start + length] for start in starts]))
        if len({part.shape for part in parts}) > 1:
            raise FusionError(f"{self.model}: gives other shapes for other parts of one length of a clip")
        return np.concatenate([np.atleast_2d(part) for part in parts])

    def _framed(self, sounds: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        model, samples = self._encoder(), sounds.shape[1]
        if model.samples not in (None, samples):
            raise FusionError(
                f"{self.model}: takes {model.samples} samples, not {samples}; set window: {model.samples / self.sr:g}"
            )
        values = model.run(sounds)
        return [np.ascontiguousarray(value.T if self.time_axis == "last" else value) for value in values]

    def _encoder(self) -> Encoder:
        return encoder(self.model, self.output)


@lru_cache(maxsize=64)
def _shape(feature: ONNX, samples: int, sr: int) -> tuple[int, ...]:
    return feature._run(Clip(np.zeros(samples, dtype=np.float32), sr)).shape
