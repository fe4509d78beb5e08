"""The fusion in a network of random branches."""

from pathlib import Path
from runpy import run_path
from typing import Any

import keras
import numpy as np
import pytest

FUSE = run_path(str(Path(__file__).parents[1] / "fusions" / "my_fusion.py"))["my_fusion"]

CLIPS, SIZE, CLASSES = 6, 8, 3


def network(names: list[str]) -> tuple[Any, dict[str, Any]]:
    """Return a network of the fusion alone, and values of its branches."""
    branches = {name: keras.Input((SIZE,), name=name) for name in names}
    random = np.random.default_rng(1)
    values = {name: random.normal(size=(CLIPS, SIZE)).astype(np.float32) for name in names}
    return keras.Model(branches, FUSE(dict(branches), CLASSES)), values


@pytest.mark.parametrize("names", [["mfcc"], ["mfcc", "all-vectors"], ["log_mel", "mfcc", "all-vectors"]])
def test_every_branch_matters(names: list[str]) -> None:
    model, values = network(names)
    logits = np.asarray(model(values))
    assert logits.shape == (CLIPS, CLASSES)
    for name in names:
        assert not np.allclose(logits, model({**values, name: -values[name]}), atol=1e-3)


def test_a_saved_network_says_the_same(tmp_path: Path) -> None:
    model, values = network(["mfcc", "all-vectors"])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert np.allclose(model(values), loaded(values), atol=1e-6)
