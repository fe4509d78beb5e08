"""How much each class counts in a training, and how fast running moments follow."""

import keras
import numpy as np
import pytest

from fusion.learning import fit
from fusion.learning.model import build_model
from fusion.learning.scaling import Moments
from fusion.settings.model import FusionModel


class Windows:
    """Windows of which only the targets are of interest; those after `windows` belong to variants."""

    def __init__(self, targets, windows, weights=None):
        self.targets = np.array(targets, dtype=bool)
        self.windows = windows
        self.weights = None if weights is None else np.array(weights, dtype=np.float32)

    def __len__(self):
        return self.windows


@pytest.mark.parametrize(
    ("targets", "weights"),
    [
        # 3, 2 and 1 labels: each class has a third of all six
        ([[1, 0, 0], [1, 1, 0], [1, 0, 0], [0, 1, 1]], [2 / 3, 1, 2]),
        # one label each
        ([[1, 0], [1, 0], [1, 0], [0, 1]], [2 / 3, 2]),
        # a class without a clip takes no part in the mean; its weight is never used
        ([[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 1, 0]], [2 / 3, 2, 2]),
    ],
)
def test_all_classes_count_alike(targets, weights):
    assert fit._class_weights(Windows(targets, 4)) == pytest.approx(weights)


def test_variants_of_windows_do_not_change_the_weights():
    targets = [[1, 0], [1, 0], [1, 0], [0, 1]]
    assert fit._class_weights(Windows(targets + [[1, 1]] * 4, 4)) == pytest.approx([2 / 3, 2])


def test_all_classes_count_alike_whatever_their_clips_weigh():
    targets, weights = [[1, 0], [1, 0], [0, 1], [0, 1]], np.array([0.1, 0.3, 1, 3, 9, 9, 9, 9])
    by_class = fit._class_weights(Windows(targets * 2, 4, weights))
    totals = (np.array(targets) * by_class * weights[:4, np.newaxis]).sum(axis=0)
    assert totals == pytest.approx([2.2, 2.2])


def test_running_moments_follow_within_an_epoch_of_few_steps():
    """Keras' own momentum of .99 would leave them near their start, and validation would judge another network."""
    scaling = {name: Moments(np.zeros(dims), np.ones(dims)) for name, dims in (("series", 3), ("vector", 4))}
    model = build_model(FusionModel(), {"series": (20, 3), "vector": (4,)}, 2, scaling)
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert {layer.name.split("_")[0] for layer in norms} == {"series", "all-vectors"}
    x = np.random.default_rng(0).normal(size=(16, 5)).astype(np.float32) + 1
    for layer in norms:
        fresh = keras.layers.BatchNormalization.from_config(layer.get_config())
        for _ in range(20):
            fresh(x, training=True)
        reached = np.asarray(fresh.moving_mean) / x.mean(axis=0)
        assert (reached > 0.8).all(), layer.name  # 1 - .9^20 = .88, 1 - .99^20 = .18
        assert (reached < 0.99).all(), layer.name  # and not only what the last batch had
