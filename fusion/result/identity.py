"""What names a result: the digest of its settings and its data."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from fusion.result.trained import read_pretrained
from fusion.runtime.backend import backend
from fusion.settings.experiment import Experiment


def digest(experiment: Experiment, data: str, sample: bool, networks: str = "") -> str:
    """Return the 12 hex digits that name a result.

    Parameters
    ----------
    experiment : Experiment
    data : str
        Fingerprint of the data.
    sample : bool
        Whether the data are the embedded sample.
    networks : str
        Digest of the result whose networks are applied, where none are trained.
    """
    covered: dict[str, Any] = {"settings": experiment.identity(), "data": data, "sample": sample}
    if not experiment.validates:
        covered["trained_on"] = ["train", "validation"]
    if experiment.training.pretrain:
        covered["pretrained"] = _named(experiment.training.pretrain)
    if (library := backend()) != "tensorflow":
        covered["backend"] = library
    if networks:
        covered["networks"] = networks
    return hashlib.sha256(json.dumps(covered, sort_keys=True).encode()).hexdigest()[:12]


def _named(folder: str) -> str:
    """Return the digest of a result; what a finished one started from may have moved or gone since."""
    name = Path(folder).resolve().name
    return name if re.fullmatch("[0-9a-f]{12}", name) else read_pretrained(folder).folder.resolve().name
