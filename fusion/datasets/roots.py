"""Where the folders of data sets are, by name."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from fusion.errors import FusionError


def sample_root(name: str) -> Path:
    """Return the folder of a data set's embedded sample.

    Raises
    ------
    FusionError
        If it has none.
    """
    root = Path(str(files("fusion") / "sample" / name))
    if not root.is_dir():
        raise FusionError(f"--sample: no sample of {name} is embedded; name a folder of your own with --data DIR")
    return root


def data_root(name: str) -> Path:
    """Return where a data set is looked for when no folder is named: ``$FUSION_DATA/<name>`` or ``data/<name>``."""
    return Path(os.environ.get("FUSION_DATA", "data")) / name
