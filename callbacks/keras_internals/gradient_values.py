"""Values of gradients. Only TensorFlow has sparse ones: some rows of a variable's, such as an embedding's."""

import keras
from keras import ops
from keras.src.utils.module_utils import tensorflow as tf  # imports TensorFlow when it is first used

_OF_ONE_THREAD = 2**16  # values


def is_sparse(gradient) -> bool:
    """Whether a gradient consists of some rows of the variable's, as an embedding's does on TensorFlow."""
    return keras.backend.backend() == "tensorflow" and isinstance(gradient, tf.IndexedSlices)


def scale_gradient(gradient, factor):
    """A gradient, dense or sparse, times a number or a scalar tensor."""
    if is_sparse(gradient):
        return tf.IndexedSlices(scale_gradient(gradient.values, factor), gradient.indices, gradient.dense_shape)
    return gradient * ops.cast(factor, gradient.dtype)


def gradient_values(gradient):
    """A dense gradient itself; of a sparse one the rows that are there, shape `(rows, ...)`, each index once."""
    return gradient.values if is_sparse(gradient) else gradient


def with_values(gradient, values):
    """A gradient of the same kind, and for the same rows, with other values."""
    return tf.IndexedSlices(values, gradient.indices, gradient.dense_shape) if is_sparse(gradient) else values


def dense_gradient(gradient):
    """A gradient with all rows, those that a sparse one lacks as zeros."""
    if not is_sparse(gradient):
        return gradient
    return tf.scatter_nd(
        gradient.indices[:, None], gradient.values, ops.cast(gradient.dense_shape, gradient.indices.dtype)
    )


def multiply_or_zero(values, factor):
    """Dense values times a factor; zeros where that is 0, whatever the values. On TensorFlow as fast as a product."""
    if keras.backend.backend() == "tensorflow":
        return tf.math.multiply_no_nan(values, factor)
    return ops.where(factor == 0, ops.zeros_like(values), values * factor)


def half_sum_of_squares(values):
    """Half the sum of a dense tensor's squared values, a scalar: on TensorFlow mostly one operation.

    A product of the values as a row would round a hundred times as coarsely; `EuclideanNorm` is unknown to XLA.
    """
    if keras.backend.backend() != "tensorflow":
        return ops.sum(ops.square(values)) / 2
    parts = _parts_for_one_thread(values)
    if len(parts) == 1:
        return tf.nn.l2_loss(values)
    # Not by AddN: TensorFlow sorts its arguments by name, and other callbacks in the graph would change the last bit.
    return tf.reduce_sum(tf.stack([tf.nn.l2_loss(one) for one in parts]))


def _parts_for_one_thread(values) -> list:
    """A tensor whole; one of a middling size, on a CPU, in parts that share its memory.

    TensorFlow adds up some 80 000 values or more in several threads, which have to be woken: up to 300 000 or so, that
    takes longer than to add.
    """
    size = values.shape.num_elements()  # None if it is open
    row = 16  # values: in memory, parts have to begin at multiples of 64 bytes, lest they be copied
    if size is None or not _OF_ONE_THREAD < size <= 4 * _OF_ONE_THREAD or size % row:
        return [values]
    if tf.config.list_logical_devices("GPU"):
        return [values]
    rows, count = size // row, -(-size // _OF_ONE_THREAD)
    sizes = [(number + 1) * rows // count - number * rows // count for number in range(count)]
    return tf.split(tf.reshape(values, (rows, row)), sizes)


def each_index_once(gradient):
    """A sparse gradient with the rows of equal index added up: norms of it would be wrong otherwise."""
    if not is_sparse(gradient):
        return gradient
    indices, places = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(gradient.values, places, tf.shape(indices)[0])
    return tf.IndexedSlices(values, indices, gradient.dense_shape)
