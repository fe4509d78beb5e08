"""Batches as TensorFlow reads them: a whole epoch runs inside one graph, instead of a call from Python each step.

The same rows, in the same order, mixed alike: to the last bit what `Batches` gives. Other backends, and data that do
not fit in memory, take those.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from fusion.learning.batches import Batches

MOST_BYTES = 2**30  # of all features of one part, which each training copies into its memory


def fits(batches: Batches) -> bool:
    """Return whether batches fit in memory."""
    size = sum(4 * len(rows) * math.prod(rows.shape) for rows in batches.part.rows.values())
    return size <= MOST_BYTES


def in_graph(batches: Batches, forever: bool) -> tf.data.Dataset:
    """Return batches as a pipeline of TensorFlow.

    Parameters
    ----------
    batches : Batches
    forever : bool
        Epoch after epoch without an end, each drawn when it begins, for training; else one.
    """
    values = {name: tf.constant(rows.take()) for name, rows in batches.part.rows.items()}
    targets = tf.constant(batches.targets)
    counts = None if batches.counts is None else tf.constant(batches.counts)

    def batch(rows: tf.Tensor, partners: tf.Tensor, shares: tf.Tensor) -> tuple[Any, ...]:
        def mixed(table: tf.Tensor) -> tf.Tensor:
            own = tf.gather(table, rows)
            if not batches.mixup:
                return own
            share = tf.reshape(shares, (-1, *[1] * (len(table.shape) - 1)))
            return share * own + (1 - share) * tf.gather(own, partners)

        outputs = dict.fromkeys(batches.outputs, mixed(targets))
        features = {name: mixed(table) for name, table in values.items()}
        if counts is None:
            return features, outputs
        return features, outputs, dict.fromkeys(batches.outputs, tf.gather(counts, rows))

    def epochs() -> Iterator[tuple[Any, ...]]:
        while True:
            batches.on_epoch_begin()
            epoch = batches.epoch
            yield epoch.rows, epoch.partners, epoch.shares, epoch.edges
            if not forever:
                return

    def cut(*epoch: tf.Tensor) -> tf.data.Dataset:
        *arrays, edges = epoch
        ends = tf.data.Dataset.from_tensor_slices((edges[:-1], edges[1:]))
        return ends.map(lambda first, last: tuple(array[first:last] for array in arrays))

    kinds = tuple(tf.TensorSpec((None,), kind) for kind in (tf.int64, tf.int64, tf.float32, tf.int64))
    return tf.data.Dataset.from_generator(epochs, output_signature=kinds).flat_map(cut).map(batch)
