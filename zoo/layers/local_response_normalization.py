"""Local response normalisation: neighbouring maps inhibit each other (Krizhevsky et al. 2012, section 3.3)."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gradschool")
class LocalResponseNormalization(keras.layers.Layer):
    """Divides each value by a power of the squares of the n maps around its own, at the same pixel.

        b_i = a_i / (k + alpha * sum of a_j^2 over j from i - n // 2 to i + n // 2) ^ beta

    where maps before the first and behind the last count as zero. Sums and powers are computed in float32 in half
    precision too: the square of 256 is infinite in float16, and bfloat16 has no digits for so small an alpha.

    Args:
        size: n, odd. Defaults to 5.
        k: Defaults to 2.
        alpha: Defaults to 1e-4.
        beta: Defaults to 0.75.
        **kwargs: `name`, `dtype`.

    Call arguments:
        maps: float tensor, shape `(B, H, W, N)`.

    Returns:
        Float tensor of the same shape.

    Raises:
        ValueError: if n is even or below 1.

    Example:
        >>> answer = LocalResponseNormalization(alpha=1.0, beta=1.0)(keras.ops.ones((1, 1, 1, 1)))
        >>> round(float(answer[0, 0, 0, 0]), 4)
        0.3333

    Reference:
        Krizhevsky, Sutskever & Hinton (2012), "ImageNet Classification with Deep Convolutional Neural Networks",
        section 3.3. (PyTorch's layer divides alpha by n.)
    """

    def __init__(self, size: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75, **kwargs: Any):
        if size < 1 or size % 2 == 0:
            raise ValueError(f"size must be an odd whole number of at least 1; got {size!r}.")
        super().__init__(**kwargs)
        self.size = size
        self.k = k
        self.alpha = alpha
        self.beta = beta

    def build(self, maps_shape):
        self.built = True

    def call(self, maps):
        channels, around = maps.shape[-1], self.size // 2
        wide = maps if self.compute_dtype == "float64" else ops.cast(maps, "float32")
        squares = ops.pad(ops.square(wide), [(0, 0), (0, 0), (0, 0), (around, around)])  # (B, H, W, N + n - 1)
        neighbours = sum(squares[..., j : j + channels] for j in range(self.size))  # (B, H, W, N)
        return ops.cast(wide * ops.power(self.k + self.alpha * neighbours, -self.beta), maps.dtype)

    def window(self):
        return 1, 1  # each pixel by itself

    def compute_output_shape(self, maps_shape):
        return maps_shape

    def get_config(self):
        return {
            **super().get_config(),
            "size": self.size,
            "k": self.k,
            "alpha": self.alpha,
            "beta": self.beta,
        }
