"""From what a user hands to `fit` to a feed of batches."""

import random
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from ..data.batch_source import BatchSource
from .choices import Choice, choose
from .feeds import ResidentFeed, StreamedFeed


class NotForTheEngineError(Exception):
    """What was handed over is nothing that the engine feeds from; Keras's own loop may take it."""


def make_source(
    x,
    y=None,
    sample_weight=None,
    batch_size: int | None = None,
    shuffle: bool = False,
    class_weight: Mapping[int, float] | None = None,
    seed: int | None = None,
) -> BatchSource | Any:
    """A `BatchSource` of arrays, or the `tf.data.Dataset` that was given, its samples weighed by class if asked for.

    Args:
        x: array, tensor, or dict or list of these, N rows each; or a `tf.data.Dataset` of batches, with all the rest.
        y: targets, likewise.
        sample_weight: array, shape `(N,)` or as the losses'.
        batch_size: B, 32 by default, as in Keras.
        shuffle: whether arrays come in a new order every epoch.
        class_weight: weight of each class's samples, for integer or one-hot targets.
        seed: of those orders; drawn by default.

    Raises:
        NotForTheEngineError: for generators, `PyDataset`s, data frames, ragged or sparse tensors.
        ValueError: if arrays differ in length, or arguments contradict each other.
    """
    import tensorflow as tf

    if isinstance(x, tf.data.Dataset):
        for name, value in (("y", y), ("sample_weight", sample_weight)):
            if value is not None:
                raise ValueError(f"{name} belongs into the data set itself: x is a tf.data.Dataset.")
        if class_weight:
            return x.map(lambda *batch: _weigh(batch, class_weight))
        return getattr(x, "source", None) or x
    if y is None and sample_weight is not None:
        raise ValueError("sample_weight weighs the losses of targets, and there is no y.")
    arrays = (x,) if y is None else (x, y) if sample_weight is None else (x, y, sample_weight)
    leaves = tf.nest.flatten(arrays)
    if not all(isinstance(leaf, np.ndarray | tf.Tensor) for leaf in leaves):
        raise NotForTheEngineError(f"x and y of {', '.join(sorted({type(leaf).__name__ for leaf in leaves}))}")
    lengths = [len(leaf) for leaf in leaves]
    if len(set(lengths)) != 1:
        have = ", ".join(map(str, lengths))
        raise ValueError(f"x, y and sample_weight must have equally many rows; in this order, they have {have}.")
    if lengths[0] == 0:
        raise ValueError("x has no rows: there is no sample.")
    arrays = tf.nest.map_structure(_as_keras_has_it, arrays)
    if class_weight:
        arrays = _weigh(tf.nest.map_structure(tf.convert_to_tensor, arrays), class_weight)
    if shuffle and seed is None:
        seed = random.randrange(2**31)  # by the generator that keras.utils.set_random_seed seeds
    return BatchSource(arrays, batch_size or 32, seed if shuffle else None, scale_bytes=False)


def _as_keras_has_it(array):
    """Floats in Keras's own precision."""
    if array.dtype.name in ("float64", "float16") and isinstance(array, np.ndarray):
        return array.astype(keras.config.floatx())
    return array


def _weigh(batch, class_weight: Mapping[int, float]):
    """A batch (x, y) or (x, y, sample_weight) with the weights of its samples' classes."""
    import tensorflow as tf

    if len(batch) < 2:
        raise ValueError("class_weight needs targets; there is only x.")
    x, y, *rest = batch
    if not tf.is_tensor(y):
        raise ValueError("class_weight is for a model with one output.")
    classes = sorted(class_weight)
    labels = tf.argmax(y, axis=-1) if y.shape.rank == 2 and y.shape[-1] != 1 else tf.reshape(y, [-1])
    table = np.ones(max(classes) + 1, keras.config.floatx())
    table[classes] = [class_weight[one] for one in classes]
    labels = tf.cast(labels, tf.int32)
    known = (labels >= 0) & (labels < len(table))
    weights = tf.where(known, tf.gather(table, tf.where(known, labels, 0)), tf.ones((), table.dtype))
    return (x, y, weights * tf.cast(tf.reshape(rest[0], [-1]), weights.dtype) if rest else weights)


def make_feed(source, model, strategy, steps: int | None = None, recorded=None) -> tuple[Any, Choice]:
    """The feed that suits the samples and the machine, and the choice behind it.

    Args:
        source: from `make_source`.
        model: compiled.
        strategy: its `tf.distribute.Strategy`.
        steps: batches in an epoch, if not all there are.
        recorded: an earlier choice to use again.
    """
    is_source = isinstance(source, BatchSource)
    # Once as they are and once in the order of an epoch.
    size = 2 * source.bytes if is_source and steps is None else None
    choice = choose(model, strategy, size, is_source and bool(source.augment), recorded)
    if choice.resident:
        return ResidentFeed(source, strategy), choice
    return StreamedFeed(source.pipeline() if is_source else source, strategy, steps), choice


def make_evaluation_feed(source, model, strategy, steps: int | None = None, recorded=None) -> tuple[Any, Choice]:
    """The same for evaluation and prediction, where every pass is over the first `steps` batches."""
    if steps is not None and not isinstance(source, BatchSource):
        source, steps = source.take(steps), None
    feed, choice = make_feed(source, model, strategy, recorded=recorded)
    feed.steps = feed.steps if steps is None else min(steps, feed.steps)
    return feed, choice


def symbolic_batch(feed):
    """The shapes and dtypes of a batch, as `keras.KerasTensor`s, to build a model with."""
    import tensorflow as tf

    if feed.resident:
        source = feed.source

        def one_batch(samples):
            size = min(source.batch_size, source.samples)
            return source.batch(samples, tf.zeros(2, tf.int64), tf.zeros((), tf.int64), size)

        samples = tf.nest.map_structure(lambda one: tf.TensorSpec(one.shape, one.dtype), source.arrays)
        spec = tf.function(one_batch, autograph=False).get_concrete_function(samples).structured_outputs
    else:
        spec = feed.batches.element_spec
    if not isinstance(spec, tuple):
        spec = (spec,)
    return tf.nest.map_structure(lambda one: keras.KerasTensor(one.shape.as_list(), one.dtype.name), spec)


def hold_out(arrays, share: float):
    """Holds out the last `share` of the samples, as Keras does.

    Raises:
        ValueError: if there is nothing to split, or nothing left of it.
    """
    import tensorflow as tf

    given = [one for one in arrays if one is not None]
    if not all(isinstance(one, np.ndarray | tf.Tensor) for one in tf.nest.flatten(given)):
        raise ValueError("validation_split is for NumPy arrays and tensors; hand over validation_data in its place.")
    count = len(tf.nest.flatten(given)[0])
    first = int(count * (1.0 - share))
    if first == 0 or first == count:
        raise ValueError(f"validation_split={share} leaves nothing to train or to validate on, of {count} samples.")

    def cut(part):
        return [None if one is None else tf.nest.map_structure(lambda array: array[part], one) for one in arrays]

    held_out = [one for one in cut(slice(first, None)) if one is not None]
    return cut(slice(0, first)), tuple(held_out)


def build(model: keras.Model, feed, strategy) -> None:
    """Makes all variables of model, optimizer, loss and metrics, which a compiled step cannot."""
    with strategy.scope():
        model._symbolic_build(data_batch=symbolic_batch(feed))
