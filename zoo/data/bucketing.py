"""Which sequences share a batch: those of about equal length, so that little of a batch is padding.

Sequences are put into at most 8 buckets by length, whose bounds are quantiles: each has about as many. An epoch is

    order  = shuffle(0 .. N-1; seed, epoch), then the buckets one after the other, in each the order of the shuffle
    chunk  = order[c * B : (c + 1) * B],              trimmed to the longest sequence of the bucket of its last sample
    batch  = chunk[shuffle(0 .. C-1; seed, epoch)]    (if the last chunk has fewer than B, it stays the last batch)

so what a bucket leaves over joins the next longer one, and there are ceil(N / B) batches, as without buckets, of at
most 8 lengths: a graph is compiled for few shapes. A batch is a function of the seed, the epoch and the step alone.

Shapes:
    N  number of sequences
    B  batch size; the last batch of an epoch may be smaller
    C  chunks, ceil(N / B)
    K  columns of lengths: 1, or 2 for x["source"] and x["target"]

Reference:
    I. Sutskever, O. Vinyals and Q. V. Le (2014), Sequence to Sequence Learning with Neural Networks, section 3.4:
    batches of sentences of about the same length made training twice as fast.
"""

from typing import Any

import numpy as np

MOST = 8
COLUMNS = {"source": 0, "target": 1}  # of the lengths, by the name of the input


class Buckets:
    """What is the same in every epoch.

    Args:
        lengths: of the sequences without padding, shape `(N,)` or `(N, 2)`.
        batch_size: B.

    Attributes:
        bucket: of each sequence, from 0, the shortest, up; int32, shape `(N,)`.
        longest: to how many steps the sequences of a chunk are trimmed, int32, shape `(C, K)`.

    Example:
        >>> buckets = Buckets(np.array([9, 2, 3, 8, 2]), batch_size=2)
        >>> buckets.bucket.tolist(), buckets.longest.tolist()
        ([1, 0, 0, 1, 0], [[3], [9], [9]])
    """

    def __init__(self, lengths: np.ndarray, batch_size: int):
        columns = np.maximum(np.asarray(lengths).reshape(len(lengths), -1), 1)  # (N, K): a model needs a step
        longer = columns.max(axis=1)  # (N,)
        count = max(1, min(MOST, len(longer) // batch_size))
        bounds = np.unique(np.quantile(longer, np.arange(1, count + 1) / count, method="lower"))
        self.batch_size = batch_size
        self.bucket = np.searchsorted(bounds, longer).astype("int32")  # bound of the one before < length <= bound

        # A chunk may hold what a shorter bucket left over: no bound is below that of a shorter bucket.
        longest = [columns[self.bucket == one].max(axis=0) for one in range(len(bounds))]
        of_buckets = np.maximum.accumulate(np.stack(longest))  # (buckets, K)
        ends = np.minimum(np.arange(batch_size, len(longer) + batch_size, batch_size), len(longer))  # (C,)
        self.longest = of_buckets[np.sort(self.bucket)[ends - 1]].astype("int32")  # (C, K)

    @property
    def chunks(self) -> int:
        """C."""
        return len(self.longest)

    @property
    def full(self) -> int:
        """Chunks of B sequences, C or C - 1."""
        return len(self.bucket) // self.batch_size


def longest_in_order(lengths: np.ndarray, batch_size: int) -> np.ndarray:
    """The longest sequence of each batch in the order of the arrays, int32, shape `(C, K)`.

    Example:
        >>> longest_in_order(np.array([2, 3, 5, 1, 1]), batch_size=2).tolist()
        [[3], [5], [1]]
    """
    columns = np.maximum(np.asarray(lengths).reshape(len(lengths), -1), 1)
    return np.maximum.reduceat(columns, np.arange(0, len(columns), batch_size), axis=0).astype("int32")


def trim(x: Any, y: Any, longest: Any, every_step: bool) -> tuple[Any, Any]:
    """A batch without the steps that are padding in all of its sequences; of NumPy arrays or tensors.

    Args:
        x: shape `(B, T, ...)`, or a dict of these, of which "source" and "target" are sequences.
        y: shape `(B,)`, or with a target at every step `(B, T)`.
        longest: steps that are kept, shape `(K,)`.
        every_step: whether y is as long as x, or x["target"].
    """
    if isinstance(x, dict):
        x = {name: one[:, : longest[COLUMNS[name]]] if name in COLUMNS else one for name, one in x.items()}
    else:
        x = x[:, : longest[0]]
    return x, y[:, : longest[-1]] if every_step else y


class BucketedEpochs:
    """The training batches by epoch and step, with tf.data.

    Args:
        x: array, shape `(N, T, ...)`, or a dict of these.
        y: array of targets, shape `(N, ...)`.
        lengths: of the sequences, shape `(N,)` or `(N, 2)`.
        batch_size: B.
        seed: of the orders.
        every_step: whether y has a target at every step.
        parallel: whether several threads prepare batches; their order and contents are the same either way.
        targets: "labels", or "inputs": then the pairs are (x, x).

    Attributes:
        steps: batches in an epoch.
        next_epoch: how many epochs have begun; a `tf.Variable`, so that a pipeline counts along.

    Example:
        >>> x = np.array([[1, 0, 0], [2, 3, 0], [4, 0, 0], [5, 6, 7]])
        >>> epochs = BucketedEpochs(x, np.arange(4), np.array([1, 2, 1, 3]), batch_size=2, seed=0)
        >>> sorted(batch.shape[1] for batch, _ in epochs.begin_at(0))
        [1, 3]
    """

    def __init__(
        self,
        x: Any,
        y: np.ndarray,
        lengths: np.ndarray,
        batch_size: int,
        seed: int,
        every_step: bool = False,
        parallel: bool = True,
        targets: str = "labels",
    ):
        import tensorflow as tf

        self.buckets = Buckets(lengths, batch_size)
        self.steps, self.seed, self.parallel = self.buckets.chunks, seed, parallel
        self._batches = _Cut(x, y, every_step, targets)
        with tf.device("CPU"):
            self.next_epoch = tf.Variable(0, dtype=tf.int64, trainable=False)

    def begin_at(self, step: int):
        """The next epoch from a step on, as a `tf.data.Dataset`; counts the epochs that it begins.

        Its attribute `epochs` is this object: a training loop that knows it begins an epoch where a run was cut short.
        """
        import tensorflow as tf

        batches = tf.data.Dataset.range(1).flat_map(lambda _: self.batches(self.next_epoch.assign_add(1) - 1, step))
        ready = _ready(batches.apply(tf.data.experimental.assert_cardinality(self.steps - step)))
        ready.epochs = self
        return ready

    def batches(self, epoch, first: int = 0):
        """The batches of an epoch from the step `first` on. For a function that tf.data traces.

        Args:
            epoch: int64 scalar tensor.
            first: number of the first batch.
        """
        import tensorflow as tf

        order, chunks = self._orders(epoch)
        size, longest = self.buckets.batch_size, tf.constant(self.buckets.longest)

        def batch(step):
            chunk = chunks[step]
            return self._batches(order[chunk * size : (chunk + 1) * size], longest[chunk])

        steps = tf.data.Dataset.range(first, self.steps)
        return steps.map(batch, num_parallel_calls=tf.data.AUTOTUNE if self.parallel else None)

    def _orders(self, epoch):
        """The sequences, shape `(N,)`, and the chunks, shape `(C,)`, in the order of an epoch; int32."""
        import tensorflow as tf

        from .augment import RULE

        key = tf.stack([tf.constant(self.seed, tf.int64), tf.cast(epoch, tf.int64)])
        keys = tf.random.split(key, 2, alg=RULE)

        def shuffle(count, own):
            return tf.random.experimental.stateless_shuffle(tf.range(count, dtype=tf.int32), seed=own, alg=RULE)

        shuffled = shuffle(len(self.buckets.bucket), keys[0])
        by_bucket = tf.argsort(tf.gather(tf.constant(self.buckets.bucket), shuffled), stable=True)
        full = self.buckets.full
        chunks = tf.concat([shuffle(full, keys[1]), tf.range(full, self.steps, dtype=tf.int32)], axis=0)
        return tf.gather(shuffled, by_bucket), chunks


def bucketed_evaluation(
    x: Any, y: np.ndarray, lengths: np.ndarray, batch_size: int, every_step: bool = False, targets: str = "labels"
):
    """Batches in the order of the arrays, each trimmed to its longest sequence; a `tf.data.Dataset`.

    Its arguments are those of `BucketedEpochs`.
    """
    import tensorflow as tf

    longest = longest_in_order(lengths, batch_size)
    cut = _Cut(x, y, every_step, targets)

    def batch(step, longest):
        return cut(tf.range(step * batch_size, tf.minimum((step + 1) * batch_size, len(y))), longest)

    batches = tf.data.Dataset.from_tensor_slices((np.arange(len(longest), dtype="int32"), longest)).map(batch)
    return _ready(batches)


class _Cut:
    """Takes samples by their numbers and trims them."""

    def __init__(self, x: Any, y: np.ndarray, every_step: bool, targets: str):
        import tensorflow as tf

        with tf.device("CPU"):
            self.tensors = tf.nest.map_structure(tf.convert_to_tensor, (x, y))
        self.every_step, self.targets = every_step, targets

    def __call__(self, rows, longest):
        import tensorflow as tf

        taken = tf.nest.map_structure(lambda array: tf.gather(array, rows), self.tensors)
        x, y = trim(*taken, longest, self.every_step)
        return (x, x) if self.targets == "inputs" else (x, y)


def _ready(batches):
    """Prepares some batches ahead, in a fixed order."""
    import tensorflow as tf

    from .pipeline import BATCHES_AHEAD

    options = tf.data.Options()
    options.deterministic = True
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return batches.prefetch(BATCHES_AHEAD).with_options(options)
