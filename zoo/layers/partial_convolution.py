"""A convolution whose maps each see only some of the maps before (LeCun et al. 1998, section II.B, layer C3)."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from .activations import get_activation, serialize_activation
from .initializers import get_initializer, serialize_initializer


@keras.saving.register_keras_serializable(package="gradschool")
class PartialConv2D(keras.layers.Layer):
    """y_m = a(sum over c in connections[m] of x_c * K_mc + b_m): valid convolution, stride 1.

    A table of connections keeps the number of weights down, and makes maps with different inputs learn different
    features. Only the kernels of connected pairs exist.

    Args:
        connections: for each output map, the input maps that it sees, counted from 0.
        kernel_size: height and width of a kernel.
        activation: a function; see `activations.py`. Defaults to linear.
        kernel_initializer: see `initializers.py`; it counts a map's own inputs. Defaults to "glorot_uniform".
        **kwargs: `name`, `dtype`.

    Call arguments:
        maps: float tensor, shape `(B, height, width, channels)`.

    Returns:
        Float tensor, shape `(B, height - kernel_size + 1, width - kernel_size + 1, len(connections))`.

    Raises:
        ValueError: if a map is connected to an input that does not exist, to one twice, or to none.

    Example:
        >>> layer = PartialConv2D([(0, 1), (1, 2), (0, 1, 2)], kernel_size=5)
        >>> tuple(layer(keras.ops.ones((1, 14, 14, 3))).shape), layer.count_params()
        ((1, 10, 10, 3), 178)

    Reference:
        LeCun et al. (1998), section II.B and table I.
    """

    layer_kind = "convolution"  # in the table of a model's layers

    def __init__(
        self,
        connections: Sequence[Sequence[int]],
        kernel_size: int,
        activation: Any = None,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.connections = tuple(tuple(inputs) for inputs in connections)
        self.kernel_size = kernel_size
        self.activation = get_activation(activation)
        self.kernel_initializer = get_initializer(kernel_initializer)

    def build(self, maps_shape):
        channels, count = maps_shape[-1], sum(map(len, self.connections))
        for inputs in self.connections:
            if not inputs or len(set(inputs)) < len(inputs) or not set(inputs) <= set(range(channels)):
                raise ValueError(f"connections must name different inputs from 0 to {channels - 1}; got {inputs}.")
        shape = (self.kernel_size, self.kernel_size, count)
        self.kernel = self.add_weight(shape=shape, initializer=self.draw_kernels, name="kernel")
        self.bias = self.add_weight(shape=(len(self.connections),), initializer="zeros", name="bias")
        # Where each pair's kernel lies in `kernel`; the pairs without one share the zeros appended in `call`.
        self.place = np.full((channels, len(self.connections)), count)
        pairs = [(c, m) for m, inputs in enumerate(self.connections) for c in inputs]
        self.place[tuple(np.transpose(pairs))] = np.arange(count)

    def draw_kernels(self, shape, dtype=None):
        """The initial kernels, drawn together for all maps with equally many inputs, as these have equal fan-ins."""
        drawn = [None] * len(self.connections)
        for fan_in in sorted({len(inputs) for inputs in self.connections}):
            maps = [m for m, inputs in enumerate(self.connections) if len(inputs) == fan_in]
            initializer = get_initializer(self.kernel_initializer)  # one of its own: an object draws the same twice
            block = initializer((self.kernel_size, self.kernel_size, fan_in, len(maps)), dtype=dtype)
            for position, m in enumerate(maps):
                drawn[m] = block[..., position]  # (k, k, fan_in)
        return ops.concatenate(drawn, axis=-1)  # (k, k, pairs)

    def call(self, maps):
        nothing = ops.zeros((self.kernel_size, self.kernel_size, 1), dtype=maps.dtype)
        kernels = ops.concatenate([ops.cast(self.kernel, maps.dtype), nothing], axis=-1)
        shape = (self.kernel_size, self.kernel_size, *self.place.shape)
        full = ops.reshape(ops.take(kernels, self.place.ravel(), axis=-1), shape)  # (k, k, channels, maps)
        outputs = ops.conv(maps, full, padding="valid", data_format="channels_last")
        return self.activation(outputs + ops.cast(self.bias, maps.dtype))

    def compute_output_shape(self, maps_shape):
        batch, height, width, _ = maps_shape
        lost = self.kernel_size - 1
        return batch, height - lost, width - lost, len(self.connections)

    def window(self) -> tuple[int, int]:
        """Size and stride of the patches that the units see."""
        return self.kernel_size, 1

    def multiply_adds(self, input_shape, output_shape) -> int:
        """Those of the kernels that exist."""
        return math.prod(output_shape[:2]) * math.prod(self.kernel.shape)

    def get_config(self):
        return {
            **super().get_config(),
            "connections": self.connections,
            "kernel_size": self.kernel_size,
            "activation": serialize_activation(self.activation),
            "kernel_initializer": serialize_initializer(self.kernel_initializer),
        }
