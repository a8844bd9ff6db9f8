"""From arrays to batches: the tf.data pipelines of the three parts.

A training batch is a function of three numbers only: the seed, the epoch and the step.

    order = shuffle(0 .. N-1; seed, epoch)
    batch = augment(x[order[step * B : (step + 1) * B]]; seed, epoch, step)

So two runs with the same seed see the same batches, however many threads prepare them, and every epoch has an order of
its own. The work is done for a whole batch at once: handling samples one by one would cost more than a small model's
training step.

Shapes:
    N  number of samples
    B  batch size; the last batch of an epoch may be smaller
"""

from collections.abc import Mapping

import numpy as np

BATCHES_AHEAD = 4  # prepared while the model trains on the one before


def training_pipeline(
    x: np.ndarray,
    y: np.ndarray,
    batch_size: int,
    seed: int,
    augment: Mapping[str, int | bool] | None = None,
    parallel: bool = True,
):
    """Batches in a new order, and with new augmentation, every time it is iterated over.

    Args:
        x: array, shape `(N, ...)`; images as uint8 become float32 in [0, 1].
        y: array of targets, shape `(N, ...)`.
        batch_size: B.
        seed: of the order and of the augmentation.
        augment: from `check_augment`.
        parallel: whether several threads prepare batches; their order and contents are the same either way.

    Returns:
        `tf.data.Dataset` of pairs (x, y): every sample exactly once, in ceil(N / B) batches.

    Example:
        >>> numbers = training_pipeline(np.arange(5.0), np.arange(5), batch_size=2, seed=0)
        >>> first, second = (np.concatenate([y for _, y in numbers]) for _ in range(2))
        >>> sorted(first.tolist()), sorted(second.tolist())
        ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4])
    """
    import tensorflow as tf

    from .augment import augment_images

    with tf.device("CPU"):
        # Counted by the pipeline itself. tf.data's own random sources would also depend on the global seed.
        epochs = tf.Variable(-1, dtype=tf.int64, trainable=False)
        x, y = tf.constant(x), tf.constant(y)

    def begin_epoch():
        key = tf.stack([tf.constant(seed, tf.int64), epochs.assign_add(1)])
        return key, tf.random.experimental.stateless_shuffle(tf.range(len(x), dtype=tf.int32), seed=key)  # (N,)

    def plan(epoch, step):
        key, order = tf.cond(step == 0, begin_epoch, lambda: epoch)
        return (key, order), (key, step, order[step * batch_size : (step + 1) * batch_size])

    def batch(key, step, indices):
        samples = tf.gather(x, indices)  # (B, ...)
        if augment:  # before they become floats: bytes are quicker to move about
            samples = augment_images(samples, tf.random.fold_in(key, step + 1), augment)
        return _to_float(samples), tf.gather(y, indices)

    steps = tf.data.Dataset.range(-(-len(x) // batch_size))
    no_epoch = tf.zeros(2, tf.int64), tf.zeros(len(x), tf.int32)
    return _ready(steps.scan(no_epoch, plan).map(batch, num_parallel_calls=tf.data.AUTOTUNE if parallel else None))


def evaluation_pipeline(x: np.ndarray, y: np.ndarray, batch_size: int):
    """Batches in the order of the arrays, as they are.

    Args:
        x: array, shape `(N, ...)`; images as uint8 become float32 in [0, 1].
        y: array of targets, shape `(N, ...)`.
        batch_size: B.

    Returns:
        `tf.data.Dataset` of pairs (x, y).
    """
    import tensorflow as tf

    with tf.device("CPU"):
        x, y = tf.constant(x), tf.constant(y)
    firsts = tf.data.Dataset.range(0, len(x), batch_size)
    return _ready(firsts.map(lambda first: (_to_float(x[first : first + batch_size]), y[first : first + batch_size])))


def _to_float(x):
    """What a model is fed: images of bytes as float32 in [0, 1], anything else as it is."""
    import tensorflow as tf

    return tf.cast(x, tf.float32) / 255 if x.dtype == tf.uint8 else x


def _ready(batches):
    """Prepares some batches ahead, in a fixed order.

    Neither of tf.data's own optimisations is on: to rewrite the pipeline, they would copy all samples every epoch.
    """
    import tensorflow as tf

    options = tf.data.Options()
    options.deterministic = True
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return batches.prefetch(BATCHES_AHEAD).with_options(options)
