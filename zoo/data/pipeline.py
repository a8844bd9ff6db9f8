"""From arrays to batches: the tf.data pipelines of the three parts, over what `batch_source.py` makes of the arrays.

A pipeline carries its `BatchSource` as the attribute `source`: a training loop that knows it can make the same batches
by itself, on the device, from any epoch and step on.

Shapes:
    N  number of samples
    B  batch size; the last batch of an epoch may be smaller
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .batch_source import BatchSource

BATCHES_AHEAD = 4  # prepared while the model trains on the one before


def training_pipeline(
    x: Any,
    y: np.ndarray,
    batch_size: int,
    seed: int,
    augment: Mapping[str, Any] | None = None,
    parallel: bool = True,
    classes: int | None = None,
    targets: str = "labels",
):
    """Batches in a new order, and with new augmentation, every time it is iterated over.

    Args:
        x: array, shape `(N, ...)`, or a dict of these; images as uint8 become float32 in [0, 1].
        y: array of targets, shape `(N, ...)`.
        batch_size: B.
        seed: of the order and of the augmentation.
        augment: from `check_augment`.
        parallel: whether several threads prepare batches; their order and contents are the same either way.
        classes: how many there are, for mixup, which makes distributions over them of y.
        targets: "labels", or "inputs": then the pairs are (x, x).

    Returns:
        `tf.data.Dataset` of pairs (x, y): every sample exactly once, in ceil(N / B) batches.

    Example:
        >>> numbers = training_pipeline(np.arange(5.0), np.arange(5), batch_size=2, seed=0)
        >>> first, second = (np.concatenate([y for _, y in numbers]) for _ in range(2))
        >>> sorted(first.tolist()), sorted(second.tolist())
        ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4])
    """
    return stream(BatchSource((x, y), batch_size, seed, augment, classes=classes, targets=targets), parallel)


def stream(source: BatchSource, parallel: bool = True):
    """The source's batches, epoch after epoch of its own count.

    Args:
        source: samples and rule.
        parallel: as above.

    Returns:
        `tf.data.Dataset`.
    """
    import tensorflow as tf

    def begin_epoch():
        return source.begin_epoch(source.next_epoch.assign_add(1) - 1)

    def plan(epoch, step):
        key, order = tf.cond(step == 0, begin_epoch, lambda: epoch)
        size = source.batch_size
        return (key, order), (key, step, order[step * size : (step + 1) * size])

    tensors = source.tensors

    def batch(key, step, rows):
        return source.prepared(tf.nest.map_structure(lambda array: tf.gather(array, rows), tensors), key, step)

    steps = tf.data.Dataset.range(source.steps)
    no_epoch = tf.zeros(2, tf.int64), tf.zeros(source.samples, tf.int32)
    batches = steps.scan(no_epoch, plan).map(batch, num_parallel_calls=tf.data.AUTOTUNE if parallel else None)
    return _ready(batches, source)


def evaluation_pipeline(x: Any, y: np.ndarray, batch_size: int, targets: str = "labels"):
    """Batches in the order of the arrays, as they are.

    Args:
        x: array, shape `(N, ...)`, or a dict of these; images as uint8 become float32 in [0, 1].
        y: array of targets, shape `(N, ...)`.
        batch_size: B.
        targets: "labels", or "inputs": then the pairs are (x, x).

    Returns:
        `tf.data.Dataset` of pairs (x, y).
    """
    import tensorflow as tf

    source = BatchSource((x, y), batch_size, targets=targets)
    tensors = source.tensors

    def batch(first):
        rows = tf.nest.map_structure(lambda array: array[first : first + batch_size], tensors)
        return source.prepared(rows, None, None)

    batches = tf.data.Dataset.range(0, source.samples, batch_size).map(batch)
    return _ready(batches, source)


def _ready(batches, source: BatchSource):
    """Prepares some batches ahead, in a fixed order.

    Neither of tf.data's own optimisations is on: to rewrite the pipeline, they would copy all samples every epoch.
    """
    import tensorflow as tf

    options = tf.data.Options()
    options.deterministic = True
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    ready = batches.prefetch(BATCHES_AHEAD).with_options(options)
    ready.source = source
    return ready
