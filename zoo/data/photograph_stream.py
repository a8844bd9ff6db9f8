"""Batches of photographs straight from record files, for data that are too large for memory.

As with samples in memory (`batch_source.py`), a batch is a function of the seed, the epoch and the step alone, so that
runs with the same seed see the same batches, and a run that was cut short goes on at the right one: its examples are
counted off without being decoded. Several threads decode, also where TensorFlow's operations are deterministic: nothing
that they draw depends on who comes first.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .photographs import central_photograph, random_photograph
from .records import WINDOW, Records

BATCHES_AHEAD = 4


class PhotographStream:
    """One part of a data set of photographs.

    Args:
        records: its examples.
        size: side of the square that a model takes.
        shorter_side: of a photograph before a window is cut out; see `photographs.py`.
        crop: how training photographs are cut, one of `photographs.CROPS`.
        window: examples that change places with one another.
    """

    def __init__(self, records: Records, size: int, shorter_side: int, crop: str, window: int = WINDOW):
        self.records, self.size, self.shorter_side, self.crop, self.window = records, size, shorter_side, crop, window

    def __len__(self) -> int:
        return len(self.records)

    def training(
        self,
        batch_size: int,
        seed: int,
        augment: Mapping[str, Any] | None = None,
        classes: int | None = None,
    ):
        """Batches in a new order, newly cut and augmented, every time they are iterated over.

        Args:
            batch_size: B; the last batch of an epoch may be smaller.
            seed: of the order, the cuts and the augmentation.
            augment: from `check_augment`.
            classes: how many there are, for mixup, which makes distributions over them of the labels.

        Returns:
            `tf.data.Dataset` of pairs (x, y). Its attribute `epochs` lets a training loop begin in the middle of one.
        """
        return TrainingEpochs(self, batch_size, seed, augment, classes).begin_at(0)

    def evaluation(self, batch_size: int):
        """Batches in the order of the files, the middle of each photograph."""
        import tensorflow as tf

        def decode(record):
            jpeg, label = parse(record)
            return central_photograph(jpeg, self.size, self.shorter_side), label

        samples = self.records.in_order().map(decode, num_parallel_calls=tf.data.AUTOTUNE)
        return _ready(samples.batch(batch_size), len(self), batch_size)

    def labels(self) -> np.ndarray:
        """int32, shape `(N,)`, in the order of `evaluation`."""
        return self.records.labels(lambda record: parse(record)[1])

    def __getitem__(self, number: int) -> np.ndarray:
        """A photograph as `evaluation` shows it, by its number there; shape `(S, S, 3)`."""
        jpeg, _ = parse(self.records.pick(int(number)))
        return central_photograph(jpeg, self.size, self.shorter_side).numpy()

    def some(self, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """`count` photographs as `evaluation` shows them, and their labels, drawn at random."""
        import tensorflow as tf

        drawn = self.records.in_random_order(seed, tf.zeros((), tf.int64), window=max(1, count)).take(count)
        examples = [parse(record) for record in drawn]
        images = np.zeros((len(examples), self.size, self.size, 3), "float32")
        for place, (jpeg, _) in enumerate(examples):
            images[place] = central_photograph(jpeg, self.size, self.shorter_side)
        return images, np.array([int(label) for _, label in examples], "int32")


class TrainingEpochs:
    """The training batches of a stream by epoch and step.

    Args:
        stream: of the photographs.
        batch_size, seed, augment, classes: as of `PhotographStream.training`.

    Attributes:
        steps: batches in an epoch.
        next_epoch: how many epochs have begun; a `tf.Variable`, so that a pipeline counts along.
    """

    def __init__(self, stream: PhotographStream, batch_size: int, seed: int, augment, classes):
        import tensorflow as tf

        self.stream, self.batch_size, self.seed = stream, batch_size, seed
        self.augment, self.classes = dict(augment or {}), classes
        self.steps = -(-len(stream) // batch_size)
        with tf.device("CPU"):
            self.next_epoch = tf.Variable(0, dtype=tf.int64, trainable=False)

    def begin_at(self, step: int):
        """The next epoch from a step on, as a `tf.data.Dataset`; counts the epochs that it begins."""
        import tensorflow as tf

        batches = tf.data.Dataset.range(1).flat_map(lambda _: self.batches(self.next_epoch.assign_add(1) - 1, step))
        ready = _ready(batches, len(self.stream) - step * self.batch_size, self.batch_size)
        ready.epochs = self
        return ready

    def batches(self, epoch, first: int = 0):
        """The batches of an epoch from the step `first` on. For a function that tf.data traces.

        Args:
            epoch: int64 scalar tensor.
            first: number of the first batch.
        """
        import tensorflow as tf

        from .augment import RULE

        stream, key = self.stream, tf.stack([tf.constant(self.seed, tf.int64), epoch])

        def decode(number, record):
            jpeg, label = parse(record)
            own_key = tf.random.fold_in(tf.random.fold_in(key, 0, alg=RULE), number, alg=RULE)
            return random_photograph(jpeg, own_key, stream.crop, stream.size, stream.shorter_side), label

        def change(step, batch):
            return self._augmented(*batch, tf.random.fold_in(key, step + 1, alg=RULE))

        records = stream.records.in_random_order(self.seed, epoch, stream.window).enumerate()
        samples = records.skip(first * self.batch_size).map(decode, num_parallel_calls=tf.data.AUTOTUNE)
        return samples.batch(self.batch_size).enumerate(first).map(change)

    def _augmented(self, images, labels, key):
        from .augment import augment_images
        from .mixup import mix_samples

        images = augment_images(images, key, self.augment)
        if "mixup" in self.augment:
            return mix_samples(images, labels, key, self.augment["mixup"], self.classes)
        return images, labels


def parse(record):
    """The file's contents, a scalar string, and the label, int32, of a serialised example."""
    import tensorflow as tf

    features = {"image": tf.io.FixedLenFeature([], tf.string), "label": tf.io.FixedLenFeature([], tf.int64)}
    example = tf.io.parse_single_example(record, features)
    return example["image"], tf.cast(example["label"], tf.int32)


def _ready(batches, samples: int, batch_size: int):
    """Prepares some batches ahead, in a fixed order, and says how many there are."""
    import tensorflow as tf

    options = tf.data.Options()
    options.deterministic = True
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    counted = batches.apply(tf.data.experimental.assert_cardinality(-(-samples // batch_size)))
    return counted.prefetch(BATCHES_AHEAD).with_options(options)
