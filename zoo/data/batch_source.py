"""Arrays in memory, and the rule that makes batches of them.

A batch is a function of three numbers only: the seed, the epoch and the step.

    order = shuffle(0 .. N-1; seed, epoch)
    batch = augment(x[order[step * B : (step + 1) * B]]; seed, epoch, step)       and mixup, of a whole batch

So two runs with the same seed see the same batches, however they are prepared and wherever a run begins again, and
every epoch has an order of its own. The work is done for a whole batch at once: handling samples one by one would cost
more than a small model's training step.

Shapes:
    N  number of samples
    B  batch size; the last batch of an epoch may be smaller
    m  samples asked for, of one batch
"""

import functools
import math
from collections.abc import Mapping
from typing import Any

from .rows import as_tensor, can_be_shared, take_rows


class BatchSource:
    """Samples in memory, cut into batches.

    Args:
        arrays: arrays of N rows each, nested as the model takes them: `(x, y)`, `(x, y, sample_weight)`, `(x,)`, where
            x and y may be arrays, tuples or dicts.
        batch_size: B.
        seed: of order and augmentation; None leaves the samples in order.
        augment: from `check_augment`, for x a single array of images.
        scale_bytes: whether images as uint8 become float32 in [0, 1].
        classes: how many there are, for mixup.
        targets: "labels" gives the arrays as they are; "inputs" gives (x, x), augmented alike, to autoencoders.

    Attributes:
        samples: N.
        steps: batches in an epoch, ceil(N / B).
        next_epoch: how many epochs have begun; a `tf.Variable`, so that a pipeline counts along.
    """

    def __init__(
        self,
        arrays,
        batch_size: int,
        seed: int | None = None,
        augment: Mapping[str, Any] | None = None,
        scale_bytes: bool = True,
        classes: int | None = None,
        targets: str = "labels",
    ):
        import tensorflow as tf

        with tf.device("CPU"):
            self.arrays = tf.nest.map_structure(
                lambda one: one if can_be_shared(one) else tf.convert_to_tensor(one), arrays
            )
            self.next_epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.batch_size = batch_size
        self.seed = seed
        self.augment = dict(augment or {})
        self.scale_bytes = scale_bytes
        self.classes = classes
        self.targets = targets
        self.samples = int(tf.nest.flatten(self.arrays)[0].shape[0])
        self.steps = -(-self.samples // batch_size)

    @functools.cached_property
    def tensors(self):
        """The arrays as tensors."""
        import tensorflow as tf

        with tf.device("CPU"):
            return tf.nest.map_structure(tf.convert_to_tensor, self.arrays)

    @property
    def bytes(self) -> int:
        """The size of all arrays, in bytes."""
        import tensorflow as tf

        return sum(tf.as_dtype(array.dtype).size * math.prod(array.shape) for array in tf.nest.flatten(self.arrays))

    def size(self, step: int) -> int:
        """Samples in a batch: B, or fewer in the last one."""
        return min(self.batch_size, self.samples - step * self.batch_size)

    def begin_epoch(self, epoch):
        """The random key and the order of an epoch.

        Args:
            epoch: which one, from 0; int64 scalar.

        Returns:
            key, shape `(2,)` int64, and order, shape `(N,)` int32.
        """
        import tensorflow as tf

        from .augment import RULE

        order = tf.range(self.samples, dtype=tf.int32)
        if self.seed is None:
            return tf.zeros(2, tf.int64), order
        # By a stateless rule: tf.data's own random sources would also depend on the global seed.
        key = tf.stack([tf.constant(self.seed, tf.int64), tf.cast(epoch, tf.int64)])
        return key, tf.random.experimental.stateless_shuffle(order, seed=key, alg=RULE)

    def in_order(self, order):
        """The arrays with their rows in the order of an epoch, so that a batch is a slice of them.

        To move all rows once takes less time than to pick a batch's rows at every step.

        Args:
            order: from `begin_epoch`.

        Returns:
            Tensors, nested as the arrays.
        """
        import tensorflow as tf

        if self.seed is None and "tensors" in vars(self):
            return self.tensors
        rows = order.numpy()

        def arranged(array):
            return as_tensor(take_rows(array, rows)) if can_be_shared(array) else tf.gather(array, order)

        return tf.nest.map_structure(arranged, self.arrays)

    def batch(self, ordered, key, step, size: int | None = None):
        """The samples of a step, ready for the model; on a replica (`global_batch.holding`), those of its part.

        Args:
            ordered: from `in_order`, or a copy of it on another device.
            key: of the epoch.
            step: of the batch in its epoch, int64 scalar.
            size: samples in the whole batch; None to count them.

        Returns:
            Tensors of m rows, nested as the arrays.
        """
        import tensorflow as tf

        from ..layers.global_batch import current_part, holding

        begin = tf.cast(step, tf.int32) * self.batch_size
        if size is None:
            size = tf.minimum(self.batch_size, self.samples - begin)
        part = current_part()

        def cut(arrays, first, count):
            def rows(array):
                return tf.slice(array, [first] + [0] * (array.shape.rank - 1), [count, *array.shape[1:]])

            return tf.nest.map_structure(rows, arrays)

        if part is None:
            return self.prepared(cut(ordered, begin, size), key, step)
        if "mixup" not in self.augment:
            return self.prepared(cut(ordered, begin + part.first, part.count), key, step)
        with holding(None):  # samples are mixed with those of other replicas
            mixed = self.prepared(cut(ordered, begin, size), key, step)
        return cut(mixed, part.first, part.count)

    def prepared(self, samples, key, step):
        """Samples of a batch with its augmentation, as floats; with mixup, of the whole batch."""
        import tensorflow as tf

        from .augment import RULE, augment_images
        from .mixup import mix_samples

        x, *rest = samples
        own_key = tf.random.fold_in(key, step + 1, alg=RULE) if self.augment else None
        if self.augment:  # before they become floats: bytes are quicker to move about
            x = augment_images(x, own_key, self.augment)
        x = tf.nest.map_structure(to_float, x) if self.scale_bytes else x
        if self.targets == "inputs":
            return (x, x)
        if "mixup" in self.augment:
            return mix_samples(x, *rest, own_key, self.augment["mixup"], self.classes)
        return (x, *rest)

    def pipeline(self):
        """The batches as a `tf.data.Dataset`, for samples that are better not copied to a device."""
        from .pipeline import stream

        return stream(self)


def to_float(x):
    """What a model is fed: images of bytes as float32 in [0, 1], anything else as it is."""
    import tensorflow as tf

    return tf.cast(x, tf.float32) / 255 if x.dtype == tf.uint8 else x
