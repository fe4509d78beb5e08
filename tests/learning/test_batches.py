"""What a network is fed: mixed labels, and how much each clip counts."""

import numpy as np
import pytest

from fusion.learning.batches import Batches


class Windows:
    """Windows that need no store: each has its own number as its only value."""

    def __init__(self, targets, weights=None):
        self.targets = targets
        self.weights = weights

    def __len__(self):
        return len(self.targets)

    def variants_of(self, windows, random):
        return windows

    def values(self, rows):
        return {"number": rows[:, np.newaxis].astype(np.float32)}


def test_a_mixed_clip_keeps_the_larger_part_of_itself():
    """One class a clip, so that a label's share says how much of the clip is in the mixture."""
    batches = Batches(Windows(np.eye(64, dtype=bool)), 64, seed=1, mixup=1.0)
    batches.on_epoch_begin()
    _, targets = batches[0]
    own = targets["probabilities"][np.arange(64), batches.order]
    assert (own >= 0.5).all()
    assert own.min() < 0.6  # and some are mixed in nearly equal parts
    assert targets["probabilities"].sum(axis=1) == pytest.approx(1)


def test_values_are_mixed_with_the_shares_of_the_labels():
    batches = Batches(Windows(np.eye(64, dtype=bool)), 64, seed=1, mixup=1.0)
    batches.on_epoch_begin()
    values, targets = batches[0]
    assert values["number"][:, 0] == pytest.approx(targets["probabilities"] @ np.arange(64), abs=1e-4)


def test_a_clip_of_several_labels_counts_as_the_mean_of_them():
    targets = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1]], dtype=bool)
    weights = np.array([0.5, 1.0, 4.0], dtype=np.float32)
    *_, counts = Batches(Windows(targets), 3, weights=weights)[0]
    assert counts["probabilities"] == pytest.approx([0.5, 0.75, 2.5])


def test_a_clip_counts_by_its_own_weight_and_by_its_class():
    targets = np.eye(2, dtype=bool)
    own = np.array([2.0, 0.5], dtype=np.float32)
    *_, counts = Batches(Windows(targets, own), 2)[0]
    assert counts["probabilities"].tolist() == [2.0, 0.5]
    *_, counts = Batches(Windows(targets, own), 2, weights=np.array([3.0, 4.0], dtype=np.float32))[0]
    assert counts["probabilities"].tolist() == [6.0, 2.0]
    assert len(Batches(Windows(targets), 2)[0]) == 2
