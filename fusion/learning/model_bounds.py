"""A network's file may be a stranger's: how large it would be is looked at before anything is built."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from fusion.errors import FusionError

MOST_WEIGHTS = 5 * 10**8
"""2 GB of float32."""

_MOST_BYTES = 10**7  # of the description of the layers
_SIZES = ("units", "filters", "depth_multiplier", "num_heads", "key_dim", "value_dim", "input_dim", "output_dim")


def refuse_oversized(path: Path) -> None:
    """Raise a FusionError for a network that may have too many weights, by what its file says of its layers.

    A layer is taken for one that joins all it has to the widest there is, so the bound is a high one.
    """
    try:
        with ZipFile(path) as archive:
            length = archive.getinfo("config.json").file_size
            parts = list(_parts(json.loads(archive.read("config.json")))) if length <= _MOST_BYTES else []
    except (OSError, BadZipFile, KeyError, ValueError, RecursionError):
        return  # keras will say what is wrong with it
    if length > _MOST_BYTES:
        raise FusionError(f"{path}: describes its layers in {length} bytes, at most {_MOST_BYTES} are read")
    channels = max((size for sizes, _, _ in parts for size in sizes), default=1)
    widest = max((math.prod(shape) for _, _, shape in parts), default=1)
    weights = sum(
        math.prod(sizes) * (math.prod(kernel) * channels if kernel else max(channels, widest))
        for sizes, kernel, _ in parts
        if sizes
    )
    if weights > MOST_WEIGHTS:
        raise FusionError(
            f"{path}: this network may have {weights:.2g} weights, at most {MOST_WEIGHTS:.2g} are loaded; it is "
            "damaged or none of fusion's"
        )


def _parts(value: Any) -> Iterator[tuple[list[int], list[int], list[int]]]:
    """Yield what each layer says of its sizes, of its kernel and of what it takes; empty where it says nothing."""
    if isinstance(value, dict):
        sizes = _sizes([value.get(name) for name in _SIZES])
        yield sizes, _sizes(value.get("kernel_size")), _sizes(value.get("batch_shape"))
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _parts(inner)


def _sizes(values: Any) -> list[int]:
    values = values if isinstance(values, list) else [values]
    return [value for value in values if type(value) is int and value > 0]
