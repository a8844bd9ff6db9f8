"""The neuron of McCulloch & Pitts (1943, "A Logical Calculus of the Ideas Immanent in Nervous Activity").

All or none: the neuron fires if enough of its exciting inputs fire and none of its inhibiting ones does. There are no
weights and nothing is learned; what it computes is decided by how it is wired.

Shapes:
    B  batch size
    D  number of inputs
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from ..errors import unknown_name
from ..layers.policies import get_policy, output_dtype
from .arguments import whole_number, whole_numbers
from .base import ZooModel

# gate -> its wiring for D inputs: (inhibitory inputs, threshold)
GATES = {
    "and": lambda inputs: ((), inputs),
    "or": lambda inputs: ((), 1),
    "not": lambda inputs: ((0,), 0),
    "nor": lambda inputs: (tuple(range(inputs)), 0),
}


@keras.saving.register_keras_serializable(package="gradschool")
class ThresholdNeuron(keras.layers.Layer):
    """y = 1 if no inhibitory input fires and at least `threshold` of the others do, else 0.

    Args:
        inhibitory: which inputs forbid the neuron to fire, counted from 0.
        threshold: how many of the others must fire.
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: float tensor, shape `(B, D)`; an input fires where it is more than 1/2.

    Returns:
        Zeros and ones, shape `(B, 1)`.
    """

    def __init__(self, inhibitory: Sequence[int] = (), threshold: int = 1, **kwargs: Any):
        super().__init__(**kwargs)
        self.inhibitory = tuple(inhibitory)
        self.threshold = threshold

    def build(self, inputs_shape):
        self.inhibits = np.isin(np.arange(inputs_shape[-1]), self.inhibitory)  # (D,)
        self.built = True

    def call(self, inputs):
        fires = inputs > 0.5  # (B, D)
        excited = ops.sum(ops.cast(ops.logical_and(fires, ~self.inhibits), "int32"), axis=-1, keepdims=True)
        inhibited = ops.any(ops.logical_and(fires, self.inhibits), axis=-1, keepdims=True)  # (B, 1)
        return ops.cast(ops.logical_and(excited >= self.threshold, ~inhibited), self.compute_dtype)

    def compute_output_shape(self, inputs_shape):
        return (*inputs_shape[:-1], 1)

    def get_config(self):
        return {**super().get_config(), "inhibitory": self.inhibitory, "threshold": self.threshold}


@keras.saving.register_keras_serializable(package="gradschool")
class McCullochPitts(ZooModel):
    """One threshold neuron without weights; by default the AND of two inputs.

        y = 1  if  sum of x_i over the excitatory i >= threshold  and  x_j = 0 for every inhibitory j;  else  y = 0

    One veto is absolute: no number of exciting inputs outvotes an inhibiting one. Hence what one neuron cannot do. An
    input that inhibits silences the neuron whenever it fires, and one that excites can only help. NAND answers 1 while
    either input fires alone, so neither may inhibit, and 0 when both fire, so something must; XOR likewise. They take a
    net of several neurons, such as NAND = OR(NOT a, NOT b).

    Args:
        input_shape: number of inputs, as `(D,)`. Defaults to (2,).
        inhibitory: which inputs are inhibitory, counted from 0; the others excite. Defaults to none.
        threshold: how many exciting inputs must fire, at least 0. Defaults to 2.
        dtype: of the answer: float64 for "float64", else float32. Defaults to Keras's global policy.
        **kwargs: `name` and `trainable`.

    Call arguments:
        inputs: shape `(B, D)`, zeros and ones.

    Returns:
        Zeros and ones, shape `(B, 1)`.

    Raises:
        ValueError: if an inhibitory input does not exist, or another argument is out of its range.

    Example:
        >>> nor = McCullochPitts.gate("nor")
        >>> nor.predict(np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), verbose=0).ravel().tolist()
        [1.0, 0.0, 0.0, 0.0]

    Reference:
        McCulloch & Pitts (1943), Bulletin of Mathematical Biophysics 5. There every neuron takes one unit of time, so
        that nets with loops have a memory; here it answers at once.
    """

    differentiable = False
    does_not_apply: ClassVar = {
        "gradients": "a McCulloch-Pitts neuron has no weights",
        "training": "a McCulloch-Pitts neuron is wired, not trained",
    }

    def __init__(
        self,
        input_shape: Sequence[int] = (2,),
        inhibitory: Sequence[int] = (),
        threshold: int = 2,
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = whole_numbers("input_shape", input_shape, least=1, count=1)
        inhibitory = whole_numbers("inhibitory", inhibitory, least=0)
        threshold = whole_number("threshold", threshold, least=0)
        if not set(inhibitory) <= set(range(input_shape[0])):
            raise ValueError(f"inhibitory must name inputs from 0 to {input_shape[0] - 1}; got {inhibitory}.")
        policy = get_policy(dtype)

        # === Functional model ===
        inputs = keras.Input(input_shape, dtype=output_dtype(policy), name="inputs")
        neuron = ThresholdNeuron(inhibitory, threshold, dtype=output_dtype(policy), name="neuron")
        super().__init__(inputs, neuron(inputs), dtype=policy, **kwargs)  # (B, 1)

        # === Config ===
        self.sample_shape = input_shape
        self.inhibitory = inhibitory
        self.threshold = threshold

    @classmethod
    def gate(cls, name: str, inputs: int | None = None, **kwargs: Any) -> "McCullochPitts":
        """A logic gate: "and", "or", "not" or "nor".

        Args:
            name: of the gate.
            inputs: how many it has. Defaults to 2, and to 1 for "not", which has no other number.
            **kwargs: `dtype`, `name`, `trainable`.

        Raises:
            ValueError: if there is no such gate, or it cannot have so many inputs.
        """
        if name not in GATES:
            hint = " (One such neuron cannot: it takes a net of them.)" if name in ("nand", "xor", "xnor") else ""
            raise ValueError(f"{unknown_name('gate', name, GATES)}{hint}")
        inputs = whole_number("inputs", (1 if name == "not" else 2) if inputs is None else inputs, least=1)
        if name == "not" and inputs != 1:
            raise ValueError(f"the gate 'not' has one input; got inputs={inputs}. 'nor' takes several.")
        inhibitory, threshold = GATES[name](inputs)
        return cls((inputs,), inhibitory, threshold, **{"name": name, **kwargs})

    @classmethod
    def config_for(cls, description, **overrides) -> dict[str, Any]:
        super().config_for(description)  # refuses another task
        return {"input_shape": description.input_shape, **overrides}
