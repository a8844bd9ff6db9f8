"""Feeds: how batches reach the compiled loop.

A *resident* feed has all samples on the device, once for every replica; the loop picks its batches by itself. A
*streamed* feed takes them from a `tf.data.Dataset`, of any size. Both hand every replica its part of a global batch that
is the same everywhere (`layers/global_batch.py`); with several workers, each makes the whole global batch and takes its
own parts.

Shapes:
    n  samples of a global batch
    R  replicas
"""

import itertools
from collections.abc import Iterator
from typing import Any

from ..data.batch_source import BatchSource
from ..layers.global_batch import Part, part_of
from .replicas import add_up


def part_of_this_replica(total, replicas: int) -> Part | None:
    """The part of a batch of `total` samples that the replica at work holds; None if it is the only one."""
    import tensorflow as tf

    if replicas == 1:
        return None
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    return part_of(total, replica, replicas, add_up)


class ResidentFeed:
    """Batches of a `BatchSource`, made on the device.

    Args:
        source: the samples.
        strategy: a `tf.distribute.Strategy`.
    """

    resident = True

    def __init__(self, source: BatchSource, strategy):
        import tensorflow as tf

        self.source = source
        self.replicas = strategy.num_replicas_in_sync
        self.steps = source.steps
        if self.replicas == 1:
            device = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
            with tf.device(device):
                self.arrays = tf.nest.map_structure(tf.identity, source.arrays) if device == "GPU" else source.arrays
        else:  # a copy on the device of every replica
            with strategy.scope():
                self.arrays = tf.nest.map_structure(lambda array: tf.Variable(array, trainable=False), source.arrays)
                self.key = tf.Variable(tf.zeros(2, tf.int64), trainable=False)
                self.order = tf.Variable(tf.zeros(source.samples, tf.int32), trainable=False)

    def begin_epoch(self, epoch: int) -> None:
        """Draws the order of an epoch."""
        key, order = self.source.begin_epoch(epoch)
        if self.replicas == 1:
            self.key, self.order = key, order
        else:
            self.key.assign(key)
            self.order.assign(order)

    def arguments(self) -> tuple[Any, ...]:
        """What `batch` needs and a compiled function is given; nothing where every replica has variables of its own."""
        return (self.arrays, self.key, self.order) if self.replicas == 1 else ()

    def blocks(self, first: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """Runs of equally large batches among the steps `first` to `stop - 1`: (first, count, size)."""
        full = self.source.samples // self.source.batch_size
        if first < min(stop, full):
            yield first, min(stop, full) - first, self.source.batch_size
        if stop > full:
            yield full, 1, self.source.size(full)

    def batch(self, arguments, step, size: int):
        """The batch of a step, or this replica's part of it; and which part that is."""
        from ..layers.global_batch import holding

        arrays, key, order = arguments or (self.arrays, self.key, self.order)
        part = part_of_this_replica(size, self.replicas)
        with holding(part):
            return self.source.batch(arrays, key, step, self.source.rows_of(order, step, size)), part


    def whole_batches(self):
        """The global batches of an epoch, one after the other."""
        import tensorflow as tf

        source = self.source
        key, order = tf.identity(self.key), tf.identity(self.order)
        for step in range(source.steps):
            rows = source.rows_of(order, step, source.size(step))
            yield source.batch(source.arrays, key, tf.constant(step, tf.int64), rows)


class StreamedFeed:
    """Batches of a `tf.data.Dataset`.

    Args:
        batches: the data set; every element is a global batch.
        strategy: a `tf.distribute.Strategy`.
        steps: batches in an epoch; all of the data set by default. With a number the data set goes on where the last
            epoch ended, and begins again when it is through.
    """

    resident = False
    source = None

    def __init__(self, batches, strategy, steps: int | None = None):
        import tensorflow as tf

        self.batches = batches
        self.replicas = strategy.num_replicas_in_sync
        cardinality = int(batches.cardinality())
        self.endless = steps is not None
        self.steps = steps if steps is not None else (cardinality if cardinality >= 0 else None)
        if self.steps is None and cardinality == tf.data.INFINITE_CARDINALITY:
            raise ValueError("the data set never ends: say steps_per_epoch.")
        self.iterator = None

    def begin_epoch(self, epoch: int, skip: int = 0) -> None:
        """Starts the data set anew, or lets it go on; a resumed run skips what it has seen.

        Args:
            epoch: which one, from 0.
            skip: batches to leave out.
        """
        if self.endless:
            if self.iterator is None:
                self.iterator = iter(self.batches.repeat().skip(epoch * (self.steps or 0) + skip))
        else:
            self.iterator = iter(self.batches.skip(skip) if skip else self.batches)

    def arguments(self) -> tuple[Any, ...]:
        """The iterator."""
        return (self.iterator,)

    def blocks(self, first: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """One run of steps; the sizes of the batches are known to the data set alone."""
        yield first, stop - first, 0

    def catch_up(self, epochs: int) -> None:
        """Brings the data set to where it is after `epochs` epochs: its seeded shuffles count how often they were read."""
        for _ in range(0 if self.endless else epochs):
            next(iter(self.batches), None)

    def whole_batches(self):
        """The global batches of an epoch, one after the other."""
        return itertools.islice(self.iterator, self.steps)


def take_part(batch, replicas: int):
    """The part of a global batch that the replica at work holds, and which part that is."""
    import tensorflow as tf

    part = part_of_this_replica(tf.shape(tf.nest.flatten(batch)[0])[0], replicas)
    if part is None:
        return batch, None
    with tf.device("CPU"):  # so that a GPU is sent its part alone
        return tf.nest.map_structure(lambda array: array[part.first : part.first + part.count], batch), part
