"""Feeds: how batches reach the compiled loop.

A *resident* feed has all samples on the device, once for every replica; the loop picks its batches by itself. A
*streamed* feed takes them from a `tf.data.Dataset`, of any size. Both hand every replica its part of a global batch
that is the same everywhere (`layers/global_batch.py`); with several workers, each makes the whole global batch and
takes its own parts.

Shapes:
    n  samples of a global batch
    R  replicas
"""

import collections
import itertools
from collections.abc import Iterator
from typing import Any

from ..data.batch_source import BatchSource
from ..layers.global_batch import Part, holding, part_of
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
        self.source = source
        self.strategy = strategy
        self.replicas = strategy.num_replicas_in_sync
        self.steps = source.steps
        self._ordered: Any = None
        self._epoch: int | None = None

    def _to_devices(self, values):
        """The values on the device, or, where a process has several, on each of them."""
        import tensorflow as tf

        if self.replicas == 1:
            with tf.device("GPU" if tf.config.list_logical_devices("GPU") else "CPU"):
                return tf.nest.map_structure(tf.identity, values)
        devices = self.strategy.extended.worker_devices
        if len(devices) == 1:
            with tf.device(devices[0]):
                return tf.nest.map_structure(tf.identity, values)

        def copy(context):
            with tf.device(devices[context.replica_id_in_sync_group % len(devices)]):
                return tf.nest.map_structure(tf.identity, values)

        return self.strategy.experimental_distribute_values_from_function(copy)

    def begin_epoch(self, epoch: int = 0) -> None:
        """Puts the samples in the order of an epoch."""
        if self._ordered is not None and (self.source.seed is None or epoch == self._epoch):
            return
        self._ordered = None  # makes room
        key, order = self.source.begin_epoch(epoch)
        self._ordered, self._epoch = self._to_devices((self.source.in_order(order), key)), epoch

    def arguments(self) -> tuple[Any, ...]:
        """What `batch` needs, for a compiled function to be called with."""
        return self._ordered

    @property
    def kind(self) -> tuple:
        """What a compiled loop depends on: equal for feeds that it can be used for alike."""
        source = self.source
        return "resident", source.batch_size, source.augment, source.scale_bytes, source.classes, source.targets

    def blocks(self, first: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """Runs of equally large batches among the steps `first` to `stop - 1`: (first, count, size)."""
        full = self.source.samples // self.source.batch_size
        if first < min(stop, full):
            yield first, min(stop, full) - first, self.source.batch_size
        if stop > full:
            yield full, 1, self.source.size(full)

    def batch(self, arguments, step, size: int):
        """The batch of a step, or this replica's part of it; and which part that is."""
        ordered, key = arguments
        part = part_of_this_replica(size, self.replicas)
        with holding(part):
            return self.source.batch(ordered, key, step, size), part

    def whole_batch(self, epoch: int, step: int, total: int):
        """The global batch of a step, which is the `total`-th of the run."""
        return _batch_of(self.source, epoch, step)

    def whole_batches(self):
        """The global batches of the first epoch, one after the other."""
        import tensorflow as tf

        key, order = self.source.begin_epoch(0)
        ordered = self.source.in_order(order)
        for step in range(self.steps):
            yield self.source.batch(ordered, key, tf.constant(step, tf.int64), self.source.size(step))


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
        self.passed = 0  # batches before the first epoch, for one that goes on

    def begin_epoch(self, skip: int = 0) -> None:
        """Starts the data set anew, or lets it go on; a resumed run skips what it has seen.

        Args:
            skip: batches to leave out.
        """
        if self.endless:
            if self.iterator is None:
                self.iterator = iter(self.batches.repeat().skip(self.passed + skip))
        elif skip and hasattr(self.batches, "epochs"):  # which counts off what it has seen without making it
            self.iterator = iter(self.batches.epochs.begin_at(skip))
        else:
            self.iterator = iter(self.batches.skip(skip) if skip else self.batches)

    @property
    def kind(self) -> tuple:
        """What a compiled loop depends on."""
        return "streamed", self.batches.element_spec

    def arguments(self) -> tuple[Any, ...]:
        """The iterator."""
        return (self.iterator,)

    def blocks(self, first: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """One run of steps; the sizes of the batches are known to the data set alone."""
        yield first, stop - first, 0

    def whole_batch(self, epoch: int, step: int, total: int):
        """The global batch of a step, or, of a data set that comes in a new order every time, another one."""
        if hasattr(self.batches, "source"):
            return _batch_of(self.batches.source, epoch, step)
        if hasattr(self.batches, "epochs") and not self.endless:
            epochs = self.batches.epochs
            return next(iter(epochs.batches(epochs.next_epoch - 1, step)))  # without counting another epoch
        again = self.batches.repeat().skip(total) if self.endless else self.batches.skip(step)
        return next(iter(again), None)

    def catch_up(self, passes: int) -> None:
        """Brings the data set to where it is after so many passes: its seeded shuffles count how often they began.

        One with a state of its own, such as a `tf.random.Generator` in a `map`, has to be read through every time.
        """
        if self.endless:
            self.passed = passes * (self.steps or 0)
            return
        if hasattr(self.batches, "epochs"):
            self.batches.epochs.next_epoch.assign_add(passes)
            return
        read = None if _has_state(self.batches) else 1
        for _ in range(passes):
            collections.deque(itertools.islice(self.batches, read), maxlen=0)

    def whole_batches(self):
        """The global batches of an epoch, one after the other."""
        self.begin_epoch()
        return itertools.islice(self.iterator, self.steps)


def _batch_of(source: BatchSource, epoch: int, step: int):
    """The global batch of a step."""
    import tensorflow as tf

    key, order = source.begin_epoch(epoch)
    return source.batch(source.in_order(order), key, tf.constant(step, tf.int64), source.size(step))


def _has_state(batches) -> bool:
    """Whether a data set's functions read variables, other than the count of epochs of a `BatchSource`."""
    import tensorflow as tf

    if hasattr(batches, "source"):
        return False
    used = [one for function in batches._functions() for one in function.function.captured_inputs]
    return any(one.dtype == tf.resource for one in used) or any(map(_has_state, batches._inputs()))


def take_part(batch, replicas: int):
    """The part of a global batch that the replica at work holds, and which part that is."""
    import tensorflow as tf

    part = part_of_this_replica(tf.shape(tf.nest.flatten(batch)[0])[0], replicas)
    if part is None:
        return batch, None
    with tf.device("CPU"):  # so that a GPU is sent its part alone
        return tf.nest.map_structure(lambda array: array[part.first : part.first + part.count], batch), part
