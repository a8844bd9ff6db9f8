"""Keras layers that the engine lets other operations of TensorFlow compute, because they take less time.

- Batch normalisation of images: Keras computes it from single operations, each of which reads and writes all maps.
  TensorFlow has one for the whole, which also takes in a ReLU that follows.
- Average pooling on a CPU: its way back is slow there, though all it does is to hand each value of a window the same
  share.
- The shortcut of a residual network, on a CPU: instead of a slice and a padding, a convolution that copies,
  y = K x with K = [I 0]. (Not on a GPU, whose convolutions may round to fewer digits.)

Formulas, weights and running statistics stay Keras's.
"""

import contextlib
import types
from collections.abc import Iterator

import keras

from ..layers.residual import ZeroPaddedShortcut
from .replicas import replaced


@contextlib.contextmanager
def faster_layers(model: keras.Model) -> Iterator[None]:
    """While `model`'s step is traced in this block, these layers of it are computed in the faster way where they can.

    For one replica: `replicas.global_moments` is for several.
    """
    with contextlib.ExitStack() as stack:
        for layer in model._flatten_layers():
            call = _CALLS.get(type(layer))
            if call is not None and "call" not in vars(layer):  # nobody else has replaced it
                stack.enter_context(replaced(layer, "call", types.MethodType(call, layer)))
        yield


# === Batch normalisation ===
def _normalization(self, inputs, training=None, mask=None):
    """In place of `BatchNormalization.call`."""
    if training and self.trainable and mask is None and _can_be_fused(self, inputs):
        return normalize(self, inputs)
    return type(self).call(self, inputs, training=training, mask=mask)


def _can_be_fused(layer, inputs) -> bool:
    is_image = len(inputs.shape) == 4 and layer.axis in (-1, 3)
    return is_image and inputs.dtype == layer.compute_dtype == "float32" and not layer.synchronized


def normalize(layer: keras.layers.BatchNormalization, maps):
    """Normalises maps by their batch, and moves the layer's running statistics.

        y = gamma (x - mean) / sqrt(variance + epsilon) + beta,   running <- momentum running + (1 - momentum) batch

    The operation gives n / (n - 1) times the variance, over the n values of a map.

    Args:
        layer: built.
        maps: float32 tensor, shape `(B, H, W, C)`.

    Returns:
        Tensor, shape `(B, H, W, C)`.
    """
    import tensorflow as tf

    channels, none = tf.ones(maps.shape[-1]), tf.zeros(0)
    normalized, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=maps,
        scale=layer.gamma.value if layer.scale else channels,
        offset=layer.beta.value if layer.center else tf.zeros_like(channels),
        mean=none,  # where it is training, they are results
        variance=none,
        epsilon=layer.epsilon,
        is_training=True,
    )
    values = tf.cast(tf.size(maps) // maps.shape[-1], tf.float32)
    variance *= (values - 1) / values
    for running, batch in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
        running.assign(running * layer.momentum + batch * (1.0 - layer.momentum))
    return normalized


# === Average pooling ===
def _average_pooling(self, inputs):
    """In place of `AveragePooling2D.call`."""
    cut_evenly = tuple(self.pool_size) == tuple(self.strides) and self.padding == "valid"
    is_float32 = inputs.dtype == self.compute_dtype == "float32"
    has_size = None not in inputs.shape[1:]
    if not (cut_evenly and is_float32 and has_size and self.data_format == "channels_last" and _on_cpu()):
        return type(self).call(self, inputs)
    return average(inputs, self.pool_size)


def average(maps, window: tuple[int, int]):
    """Averages maps over windows beside each other: y = (sum of x in the window) / size, dx = dy / size.

    Args:
        maps: tensor, shape `(B, H, W, C)`.
        window: height and width `(h, w)`; rows and columns that fill no window are left out.

    Returns:
        Tensor, shape `(B, H // h, W // w, C)`.
    """
    import tensorflow as tf

    (height, width), (rows, columns, channels) = window, maps.shape[1:]
    down, across = rows // height, columns // width

    @tf.custom_gradient
    def averaged(maps):
        def back(gradient):
            each = tf.reshape(gradient / (height * width), [-1, down, 1, across, 1, channels])
            spread = tf.broadcast_to(each, [tf.shape(each)[0], down, height, across, width, channels])
            inside = tf.reshape(spread, [-1, down * height, across * width, channels])
            return tf.pad(inside, [[0, 0], [0, rows - down * height], [0, columns - across * width], [0, 0]])

        return tf.nn.avg_pool2d(maps, window, window, "VALID"), back

    return averaged(maps)


# === Shortcut ===
def _shortcut(self, maps):
    """In place of `ZeroPaddedShortcut.call`."""
    import tensorflow as tf

    if not (maps.dtype == "float32" and _on_cpu()):
        return type(self).call(self, maps)
    kernel = tf.eye(maps.shape[-1], self.channels)[None, None]  # (1, 1, M, N)
    return tf.nn.conv2d(maps, kernel, self.stride, "VALID")


def _on_cpu() -> bool:
    import tensorflow as tf

    return not tf.config.list_logical_devices("GPU")


_CALLS = {
    keras.layers.BatchNormalization: _normalization,
    keras.layers.AveragePooling2D: _average_pooling,
    ZeroPaddedShortcut: _shortcut,
}
