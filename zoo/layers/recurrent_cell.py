"""What the recurrent cells add to Keras's: dropout masks that belong to the samples, and layer normalisation.

Dropout of a recurrent layer is variational: a sample keeps one mask for all its time steps and all gates.

Layer normalisation takes the sums of all units, W x_t and U h_{t-1}, to mean 0 and variance 1 before they are added:

    a_t = gain_x * norm(W x_t) + gain_h * norm(U h_{t-1}) + b,   norm(a) = (a - mean) / sqrt(variance + epsilon)

Shapes:
    B  batch size
    H  units

Reference:
    Gal & Ghahramani (2016), "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks", section 4;
    of its two forms the one with tied weights. Ba, Kiros & Hinton (2016), "Layer Normalization", section 3.1 and the
    supplement's equations 20 to 28. The two shifts there and b would add up to one: here it is b.
"""

import inspect
from typing import Any

import keras
from keras import ops

from .global_batch import draw_for_samples

EPSILON = 1e-5


class RecurrentCell:
    """What comes before Keras's class among the bases of a cell here.

    Args:
        units: H.
        layer_normalization: whether sums are normalised.
        **kwargs: as Keras's cell takes them.
    """

    suits_xla = True  # its layer says whether
    dropout: float
    recurrent_dropout: float
    seed_generator: Any
    variable_dtype: str

    def __init__(self, units: int, layer_normalization: bool = False, **kwargs: Any):
        super().__init__(units, **kwargs)  # type: ignore[call-arg]
        self.layer_normalization = layer_normalization

    @property
    def draws(self) -> bool:
        """Whether anything is random."""
        return bool(self.dropout or self.recurrent_dropout)

    def _create_dropout_mask(self, step_input, dropout_rate):
        """In place of Keras's, which would draw for the samples at hand, and one mask for every gate."""

        def draw(shape):
            return keras.random.dropout(ops.ones(shape, step_input.dtype), dropout_rate, seed=self.seed_generator)

        mask = draw_for_samples(draw, ops.shape(step_input))
        gates = getattr(self, "dropout_mask_count", None)
        return mask if gates is None else [mask] * gates

    def call(self, inputs, states, training=False):
        if not self.layer_normalization:
            return super().call(inputs, states, training=training)  # type: ignore[misc]
        old = as_list(states)
        shown = old[0]
        if training and self.dropout:
            inputs = inputs * one_of(self.get_dropout_mask(inputs))  # type: ignore[attr-defined]
        if training and self.recurrent_dropout:
            shown = shown * one_of(self.get_recurrent_dropout_mask(shown))  # type: ignore[attr-defined]
        new = self.normalized_step(inputs, shown, old)
        return new[0], new if isinstance(states, list | tuple) else new[0]

    def normalized_step(self, inputs, h, states: list[Any]) -> list[Any]:
        """One time step with normalised sums.

        Args:
            inputs: x_t, shape `(B, D)`.
            h: h_{t-1} as the recurrent product takes it, shape `(B, H)`.
            states: those before the step, each of shape `(B, H)`.

        Returns:
            The new states; the first is the output.
        """
        raise NotImplementedError

    def add_weight(self, *args, initializer=None, **kwargs):
        """As Keras's, but orthogonal weights of 16 bits are found in float32: no back end can in all of these."""
        if isinstance(initializer, keras.initializers.Orthogonal) and self.variable_dtype in ("bfloat16", "float16"):
            found = initializer

            def initializer(shape, dtype=None):
                return ops.cast(found(shape, dtype="float32"), dtype)

        return super().add_weight(*args, initializer=initializer, **kwargs)  # type: ignore[misc]

    def add_gain(self, name: str, size: int, initializer: str = "ones"):
        """A weight of shape `(size,)` for a normalisation."""
        return self.add_weight(shape=(size,), initializer=initializer, name=name)

    def get_config(self):
        return {**super().get_config(), "layer_normalization": self.layer_normalization}  # type: ignore[misc]


def normalized(sums):
    """(a - mean) / sqrt(variance + epsilon), each taken over the last axis; in float32 at least.

    Example:
        >>> ops.convert_to_numpy(normalized(ops.convert_to_tensor([[1.0, 3.0]]))).round(3).tolist()
        [[-1.0, 1.0]]
    """
    dtype = "float64" if keras.backend.standardize_dtype(sums.dtype) == "float64" else "float32"
    exact = ops.cast(sums, dtype)
    mean, variance = ops.moments(exact, axes=[-1], keepdims=True)
    return ops.cast((exact - mean) * ops.rsqrt(variance + EPSILON), sums.dtype)


def one_of(masks):
    """The mask of all gates."""
    return masks[0] if isinstance(masks, list) else masks


def same_cell(cell: Any, kind: type[Any], **options: Any) -> Any:
    """A cell of another class with a cell's arguments, and some more.

    Args:
        cell: one of Keras's; keeps each of its arguments as an attribute of that name.
        kind: the class.
        **options: arguments that only `kind` has.
    """
    names = [name for name in inspect.signature(type(cell).__init__).parameters if name not in ("self", "kwargs")]
    kept = {name: getattr(cell, name) for name in names}
    return kind(**kept, **options, name=cell.name, dtype=cell.dtype_policy, trainable=cell.trainable)


def as_list(states: Any) -> list[Any]:
    """States as a list, also where there is one."""
    return list(states) if isinstance(states, list | tuple) else [states]
