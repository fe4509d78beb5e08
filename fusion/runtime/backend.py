"""What Keras computes with in workers: the library named by ``KERAS_BACKEND``, and Keras' own defaults for the rest.

A ``keras.json`` in the home folder may name another float type, image format or backend, and Keras has switches that
cut trainings short. Numbers would change with them while the digest stays; so workers see none of them.
"""

from __future__ import annotations

import os
from importlib.util import find_spec

from fusion.errors import FusionError, did_you_mean

BACKENDS = ("tensorflow", "jax", "torch")


def backend() -> str:
    """Return the library that Keras computes with.

    Raises
    ------
    FusionError
        If ``KERAS_BACKEND`` names one that cannot train, or that is not installed.
    """
    name = os.environ.get("KERAS_BACKEND") or BACKENDS[0]
    if name not in BACKENDS:
        raise FusionError(
            f"KERAS_BACKEND: should be one of {', '.join(BACKENDS)}, found {name!r}{did_you_mean(name, BACKENDS)}; "
            "unset it to use tensorflow"
        )
    if find_spec(name) is None:
        raise FusionError(
            f"KERAS_BACKEND: {name} is not installed; run pip install 'fusion-mir[{name}]', or unset it to use "
            "tensorflow"
        )
    return name


def keras_environment() -> dict[str, str | None]:
    """Return the environment variables that decide how Keras computes in processes started now; None: not set."""
    return {
        "KERAS_BACKEND": backend(),
        "KERAS_HOME": os.devnull,  # nothing lies below it, so no keras.json is read or written
        "KERAS_MAX_EPOCHS": None,
        "KERAS_MAX_STEPS_PER_EPOCH": None,
        "KERAS_NNX_ENABLED": None,
        # a backend takes a GPU's whole memory otherwise, and several trainings may share one
        "TF_FORCE_GPU_ALLOW_GROWTH": os.environ.get("TF_FORCE_GPU_ALLOW_GROWTH", "true"),
        "XLA_PYTHON_CLIENT_PREALLOCATE": os.environ.get("XLA_PYTHON_CLIENT_PREALLOCATE", "false"),
    }
