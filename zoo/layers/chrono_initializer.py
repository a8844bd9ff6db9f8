"""Biases of gates that let a recurrent layer remember for about as long as a task needs (Tallec and Ollivier 2018).

A gate f that is nearly one keeps a state for about 1 / (1 - f) steps. With the usual biases, near zero, that is two
steps: what stood two hundred steps ago leaves no gradient, and nothing can be learned of it for a long time. So

    LSTM:  b_f = log u,  b_i = -b_f          f, the forget gate, is u / (1 + u) where its sums are zero
    GRU:   b_z = log u                       z, the update gate, which keeps the old state, likewise

with u drawn for each unit from the whole range of memories, 1 to T - 1: the layer remembers at many time scales.
"""

from typing import Any

import keras
from keras import ops

from ..checks import whole_number
from ..errors import unknown_name

GATED = ("lstm", "gru")


@keras.saving.register_keras_serializable(package="gradschool")
class ChronoBias(keras.initializers.Initializer):
    """Biases for memories of up to so many steps; all other biases are zero.

    Args:
        cell: "lstm" or "gru".
        steps: T, at least 3: how long the longest memory is.
        seed: of the draw.

    Call arguments:
        shape: of the bias, `(4H,)` of an LSTM with the gates i, f, g, o; `(2, 3H)` of a GRU with z, r, n.

    Returns:
        Float tensor.

    Raises:
        ValueError: if the cell has no gates, or there are too few steps.

    Example:
        >>> bias = ops.reshape(ChronoBias("lstm", steps=200, seed=0)((4 * 5,)), (4, 5))  # i, f, g, o
        >>> bool(ops.all(bias[1] >= 0)), bool(ops.all(bias[0] == -bias[1])), float(ops.max(ops.abs(bias[2:])))
        (True, True, 0.0)

    Reference:
        C. Tallec and Y. Ollivier (2018), "Can recurrent neural networks warp time?", equation 16.
    """

    def __init__(self, cell: str, steps: int, seed: int | None = None):
        if cell not in GATED:
            raise unknown_name("cell with gates", cell, GATED)
        self.cell, self.steps, self.seed = cell, whole_number("steps", steps, least=3), seed

    def __call__(self, shape, dtype: Any = None):
        dtype = keras.backend.standardize_dtype(dtype)
        units = shape[-1] // {"lstm": 4, "gru": 3}[self.cell]
        drawn = keras.random.uniform((units,), 1.0, self.steps - 1.0, dtype="float32", seed=self.seed)
        keeping, none = ops.log(drawn), ops.zeros((units,))
        if self.cell == "lstm":
            bias = ops.concatenate([-keeping, keeping, none, none])  # (4H,)
        else:
            bias = ops.concatenate([keeping, none, none])  # (3H,)
            if len(shape) == 2:  # one for the inputs and one for the state, which are added
                bias = ops.stack([bias, ops.zeros_like(bias)])  # (2, 3H)
        return ops.cast(bias, dtype)

    def get_config(self) -> dict[str, Any]:
        return {"cell": self.cell, "steps": self.steps, "seed": self.seed}
