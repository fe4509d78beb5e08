"""Batches as TensorFlow reads them: a whole epoch runs inside one graph, instead of a call from Python each step.

The same rows, in the same order, mixed alike: to the last bit what `Batches` gives, which other backends take.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from fusion.learning.batches import Batches

MOST_BYTES = 2**28  # of all features of one part, which each training copies into its memory; more is read as it goes
_AHEAD = 2  # batches that are read while another one is learnt


def in_graph(batches: Batches, forever: bool) -> tf.data.Dataset:
    """Return batches as a pipeline of TensorFlow.

    Parameters
    ----------
    batches : Batches
    forever : bool
        Epoch after epoch without an end, each drawn when it begins, for training; else one.
    """
    size = sum(4 * len(rows) * math.prod(rows.shape) for rows in batches.part.rows.values())
    return _held(batches, forever) if size <= MOST_BYTES else _read(batches, forever)


def _read(batches: Batches, forever: bool) -> tf.data.Dataset:
    """Return batches that are read one by one."""

    def epochs() -> Iterator[tuple[Any, ...]]:
        while True:
            batches.on_epoch_begin()
            yield from (batches[number] for number in range(len(batches)))
            if not forever:
                return

    def kind(value: Any) -> tf.TensorSpec:
        return tf.TensorSpec((None, *value.shape[1:]), value.dtype)

    kinds = tf.nest.map_structure(kind, batches[0])
    return tf.data.Dataset.from_generator(epochs, output_signature=kinds).prefetch(_AHEAD)


def _held(batches: Batches, forever: bool) -> tf.data.Dataset:
    """Return batches that are cut out of what is held in memory."""
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
