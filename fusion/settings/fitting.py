"""Whether features, clips and network go together: shapes, and values that there are none of."""

from __future__ import annotations

from collections.abc import Iterator

from fusion.feature.contract import Feature, declared_shape
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
