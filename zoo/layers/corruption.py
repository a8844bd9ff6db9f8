"""Corruption of a network's input (Vincent et al. 2008): what is there to be undone cannot be learned by copying."""

from typing import Any

import keras
from keras import ops

from ..checks import check_number
from .global_batch import draw_for_samples

KINDS = ("masking", "gaussian")


@keras.saving.register_keras_serializable(package="gradschool")
class Corruption(keras.layers.Layer):
    """Spoils its input in training, and leaves it as it is otherwise.

        masking:   x' = x * d,   d = 0 with probability v, else 1
        gaussian:  x' = x + v e,   e ~ N(0, 1)

    Unlike dropout, masking scales nothing up: a pixel that is missing is to be missed.

    Args:
        kind: "masking" or "gaussian".
        strength: v: the share of the values that are set to zero, in [0, 1), or the noise's standard deviation, at
            least 0.
        seed: of the random numbers. Defaults to a random one.
        **kwargs: `name`, `dtype`.

    Call arguments:
        x: float tensor, shape `(B, ...)`.
        training: whether to spoil anything.

    Returns:
        Tensor like `x`.

    Raises:
        ValueError: if there is no such kind, or the strength is out of its range.

    Example:
        >>> spoilt = Corruption("masking", 0.5)(ops.ones((2, 3)), training=True)
        >>> set(ops.convert_to_numpy(spoilt).ravel().tolist()) <= {0.0, 1.0}
        True

    Reference:
        Vincent et al. (2010), "Stacked Denoising Autoencoders", section 3.3.
    """

    def __init__(self, kind: str = "masking", strength: float = 0.25, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        check_corruption(kind, strength)
        self.kind = kind
        self.strength = float(strength)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, x_shape):
        self.built = True

    def call(self, x, training=False):
        if not training or not self.strength:
            return x
        noise = draw_for_samples(self._draw, ops.shape(x))
        return x * noise if self.kind == "masking" else x + noise

    def _draw(self, shape):
        options = {"dtype": self.compute_dtype, "seed": self.seed_generator}
        if self.kind == "masking":
            kept = keras.random.uniform(shape, **options) >= self.strength
            return ops.cast(kept, self.compute_dtype)
        return self.strength * keras.random.normal(shape, **options)

    def window(self) -> tuple[int, int]:
        """Size and stride of the patches that the units see."""
        return 1, 1

    def compute_output_shape(self, x_shape):
        return x_shape

    def get_config(self):
        return {**super().get_config(), "kind": self.kind, "strength": self.strength, "seed": self.seed}


def check_corruption(kind: Any, strength: Any) -> None:
    """Refuses a kind or a strength of corruption that cannot be.

    Raises:
        ValueError: as said.
    """
    if kind not in KINDS:
        raise ValueError(f"corruption must be one of {', '.join(KINDS)}; got {kind!r}.")
    check_number("strength", strength, "[0, 1)" if kind == "masking" else "[0, inf)", f" for the corruption {kind!r}")
