"""Gaussian radial basis functions (Broomhead & Lowe 1988): each unit answers near its own centre, and nowhere else.

`rbf.py` has the distances from fixed codes that LeNet-5 of 1998 ends with; these have centres and widths of their own.

Shapes:
    B  batch size
    D  number of input values
    M  number of units
"""

import math
from typing import Any

import keras
from keras import ops


def squared_distances(x, centres):
    """|x - c|^2 of every input from every centre, by one matrix product: |x|^2 - 2 x.c + |c|^2.

    Args:
        x: float tensor, shape `(B, D)`.
        centres: float tensor, shape `(M, D)`.

    Returns:
        Float tensor, shape `(B, M)`, at least 0.

    Example:
        >>> ops.convert_to_numpy(squared_distances(ops.zeros((1, 2)), ops.array([[3.0, 4.0]]))).tolist()
        [[25.0]]
    """
    of_inputs = ops.sum(ops.square(x), axis=-1, keepdims=True)  # (B, 1)
    of_centres = ops.sum(ops.square(centres), axis=-1)  # (M,)
    return ops.relu(of_inputs - 2 * ops.matmul(x, ops.transpose(centres)) + of_centres)  # (B, M)


@keras.saving.register_keras_serializable(package="gradschool")
class GaussianUnits(keras.layers.Layer):
    """Units that measure how near the input is.

        phi_j(x) = exp(-|x - c_j|^2 / (2 sigma_j^2))

    Centres start anywhere in [0, 1]^D, and widths at sqrt(D) / 2, about as wide as such centres lie apart, so that no
    unit starts out silent. The widths are kept as logarithms, which stay meaningful whatever learning does to them.

    Args:
        units: number of units, M.
        learn_centres: whether gradient descent moves centres and widths.
        **kwargs: `name`, `dtype`.

    Call arguments:
        x: float tensor, shape `(B, D)`.

    Returns:
        Float tensor, shape `(B, M)`, in [0, 1].

    Example:
        >>> tuple(GaussianUnits(3)(ops.zeros((2, 5))).shape)
        (2, 3)

    Reference:
        Broomhead & Lowe (1988), "Multivariable Functional Interpolation and Adaptive Networks", section 3; Moody &
        Darken (1989), "Fast Learning in Networks of Locally-Tuned Processing Units", section 1, for widths that
        differ.
    """

    def __init__(self, units: int, learn_centres: bool = True, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = units
        self.learn_centres = learn_centres

    def build(self, x_shape):
        size = x_shape[-1]
        start = keras.initializers.RandomUniform(0.0, 1.0)
        self.centres = self.add_weight((self.units, size), start, trainable=self.learn_centres, name="centres")
        wide = keras.initializers.Constant(math.log(size**0.5 / 2))
        self.log_widths = self.add_weight((self.units,), wide, trainable=self.learn_centres, name="log_widths")

    def call(self, x):
        precision = ops.exp(-2 * ops.cast(self.log_widths, x.dtype))  # 1 / sigma^2, (M,)
        return ops.exp(-squared_distances(x, ops.cast(self.centres, x.dtype)) * precision / 2)  # (B, M)

    def compute_output_shape(self, x_shape):
        return (*x_shape[:-1], self.units)

    def multiply_adds(self, input_shape, output_shape) -> int:
        """One product for each value of each centre."""
        return self.units * input_shape[-1]

    def get_config(self):
        return {**super().get_config(), "units": self.units, "learn_centres": self.learn_centres}
