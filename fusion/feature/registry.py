"""A feature from its plug-in: its class, and an instance with its parameters."""

from __future__ import annotations

from pydantic import ValidationError

from fusion.errors import FusionError
from fusion.feature.contract import Feature
from fusion.plugins.importing import load_class
from fusion.plugins.registry import Source


def load(source: Source) -> type[Feature]:
    """Import a source and return its feature class.

    Parameters
    ----------
    source : Source

    Returns
    -------
    type of Feature

    Raises
    ------
    FusionError
        If the module cannot be imported or does not define exactly one feature.
    """
    wanted = "one subclass of fusion.Feature (with shape and extract) or SeriesFeature (with series_shape and series)"
    cls: type[Feature] = load_class(source, Feature, wanted)
    return cls


def build(source: Source, parameters: str) -> Feature:
    """Make a feature from its source and its parameters as JSON; this is how worker processes get theirs.

    Raises
    ------
    FusionError
        If the source is broken.
    pydantic.ValidationError
        If the parameters are wrong.
    """
    cls = load(source)
    try:
        return cls.model_validate_json(parameters, strict=True)
    except ValidationError:
        raise
    except (Exception, SystemExit) as error:  # a stranger's own __init__ or validator
        raise FusionError(
            f"{source}: feature {source.name!r} cannot be made: {type(error).__name__}: {error}"
        ) from error
