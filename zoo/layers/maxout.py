"""Maxout units (Goodfellow et al. 2013): the largest of a few linear functions."""

import math
from typing import Any

import keras
from keras import ops

from ..checks import whole_number


@keras.saving.register_keras_serializable(package="gradschool")
class Maxout(keras.layers.Layer):
    """y_i = max over k of (W_k x + b_k)_i: piecewise linear and convex, with a shape that is learned.

    Args:
        units: number of values given, at least 1.
        pieces: of how many linear functions each is the largest, at least 1. Defaults to 2.
        **kwargs: `name`, `dtype`.

    Call arguments:
        x: float tensor, shape `(..., D)`.

    Returns:
        Tensor, shape `(..., units)`.

    Raises:
        ValueError: if `units` or `pieces` is not a whole number of at least 1.

    Example:
        >>> tuple(Maxout(5)(ops.ones((2, 3, 7))).shape)
        (2, 3, 5)

    Reference:
        Goodfellow et al. (2013), "Maxout Networks", section 3.
    """

    layer_kind = "dense"  # in the table of a model's layers

    def __init__(self, units: int, pieces: int = 2, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = whole_number("units", units, least=1)
        self.pieces = whole_number("pieces", pieces, least=1)
        self.supports_masking = True

    def build(self, x_shape):
        width = self.units * self.pieces
        self.kernel = self.add_weight(shape=(x_shape[-1], width), initializer="glorot_uniform", name="kernel")
        self.bias = self.add_weight(shape=(width,), initializer="zeros", name="bias")

    def call(self, x):
        values = ops.matmul(x, self.kernel) + self.bias  # (..., units * pieces)
        return ops.max(ops.reshape(values, (*ops.shape(x)[:-1], self.units, self.pieces)), axis=-1)  # (..., units)

    def compute_output_shape(self, x_shape):
        return (*x_shape[:-1], self.units)

    def multiply_adds(self, input_shape, output_shape) -> int:
        """One product with each weight, at every place."""
        return math.prod(output_shape) * self.pieces * input_shape[-1]

    def get_config(self):
        return {**super().get_config(), "units": self.units, "pieces": self.pieces}
