"""Whether features, clips and network go together: shapes, and values that there are none of."""

from __future__ import annotations

from collections.abc import Iterator

from fusion.errors import FusionError
from fusion.feature.contract import Feature
from fusion.settings.dataset import DatasetSettings
from fusion.settings.model import ModelSettings
from fusion.settings.strict_yaml import Location
from fusion.settings.training import TrainingSettings


def misfits(
    features: dict[str, Feature],
    dataset: DatasetSettings,
    model: ModelSettings | None,
    training: TrainingSettings | None,
) -> Iterator[tuple[Location, str]]:
    """Yield what does not fit, and which setting it is about.

    Parameters
    ----------
    features : dict of str to Feature
    dataset : DatasetSettings
    model, training : Section or None
        None where they are wrong themselves.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for name, feature in features.items():
        location = ("features", name)
        if feature.by_clip and (dataset.several_labels or (training and (training.copies or training.mixes))):
            yield (
                location,
                "has values of the clips themselves, none of distorted copies and mixtures; set training.copies and "
                "training.mixes to 0, and take data with one label a clip: several need mixtures",
            )
        shape, wrong = declared_shape(feature, dataset.samples, dataset.sr)
        if wrong:
            yield location, wrong
        else:
            shapes[name] = shape
    if model and len(shapes) == len(features) and (misfit := model.misfit(shapes)):
        yield ("model",), misfit


def declared_shape(feature: Feature, samples: int, sr: int) -> tuple[tuple[int, ...], str]:
    """Return the shape that a feature declares for such clips, and what is wrong with it, or an empty string."""
    try:
        shape = feature.shape(samples, sr)
    except (Exception, SystemExit) as error:  # a stranger's code
        known = "" if isinstance(error, (ValueError, FusionError)) else f"{type(error).__name__}: "
        return (), f"does not fit the clips: {known}{error}"
    sizes = shape if isinstance(shape, tuple) else ()
    if len(sizes) not in (1, 2) or not all(isinstance(size, int) and size > 0 for size in sizes):
        return (), f"declares the shape {shape}; (frames, dims) or (dims,) is needed"
    return shape, ""
