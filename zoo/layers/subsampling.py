"""Trainable subsampling (LeCun et al. 1998, section II.B, layers S2 and S4): pooling before it lost its weights."""

from typing import Any

import keras
from keras import ops

from .activations import get_activation, serialize_activation


@keras.saving.register_keras_serializable(package="gradschool")
class TrainableSubsampling(keras.layers.Layer):
    """Adds up each patch of a map, times a learned coefficient, plus a learned bias: one of each for every map.

        y_c[i, j] = a(w_c * sum of x_c over patch (i, j) + b_c)

    The patches do not overlap. A small coefficient makes it a blur, a large one a noisy OR (or AND) of the patch.

    Args:
        pool_size: height and width of a patch. Defaults to 2.
        activation: a function; see `activations.py`. Defaults to linear.
        **kwargs: `name`, `dtype`.

    Call arguments:
        maps: float tensor, shape `(B, height, width, channels)`.

    Returns:
        Float tensor, shape `(B, height // pool_size, width // pool_size, channels)`.

    Example:
        >>> layer = TrainableSubsampling()
        >>> tuple(layer(keras.ops.ones((1, 28, 28, 6))).shape), layer.count_params()
        ((1, 14, 14, 6), 12)

    Reference:
        LeCun et al. (1998), section II.B. Unlike there, the coefficient starts where the layer is a plain mean.
    """

    def __init__(self, pool_size: int = 2, activation: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.pool_size = pool_size
        self.activation = get_activation(activation)

    def build(self, maps_shape):
        start = keras.initializers.Constant(1 / self.pool_size**2)
        self.coefficient = self.add_weight(shape=maps_shape[-1:], initializer=start, name="coefficient")
        self.bias = self.add_weight(shape=maps_shape[-1:], initializer="zeros", name="bias")

    def call(self, maps):
        size = self.pool_size
        mean = ops.average_pool(maps, size, strides=size, data_format="channels_last")  # (B, H/2, W/2, C)
        return self.activation(self.coefficient * (mean * size**2) + self.bias)

    def compute_output_shape(self, maps_shape):
        batch, height, width, channels = maps_shape
        return batch, height // self.pool_size, width // self.pool_size, channels

    def window(self) -> tuple[int, int]:
        """Size and stride of the patches that the units see."""
        return self.pool_size, self.pool_size

    def multiply_adds(self, input_shape, output_shape) -> int:
        """One product for each output: the patch is added up first."""
        height, width, channels = output_shape
        return height * width * channels

    def get_config(self):
        activation = serialize_activation(self.activation)
        return {**super().get_config(), "pool_size": self.pool_size, "activation": activation}
