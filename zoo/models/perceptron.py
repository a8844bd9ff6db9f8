"""The perceptron (Rosenblatt 1958, "The Perceptron: A Probabilistic Model for Information Storage").

A weighted sum, a step, and the first rule by which a machine changed its own weights.

Shapes:
    B  batch size
    D  number of inputs
    U  number of units, each with weights of its own
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from ..errors import unknown_name
from ..layers.activations import get_activation
from ..layers.initializers import get_initializer, serialize_initializer
from ..layers.policies import get_policy, output_dtype
from .arguments import whole_number, whole_numbers
from .base import ZooModel

STEPS = ("hardlim", "hardlims")


@keras.saving.register_keras_serializable(package="gradschool")
class Perceptron(ZooModel):
    """A layer of threshold units with weights.

        y = hardlim(w x + b)     hardlim(z)  = 1 if z >= 0 else 0
                                 hardlims(z) = 1 if z >= 0 else -1

    The perceptron learning rule changes nothing where the answer is right, and else moves the weights along the input:

        w <- w + eta (t - y) x          b <- b + eta (t - y)

    which plain `fit` carries out with the loss "half_squared_error" and `keras.optimizers.SGD(eta)`, as the steps take
    one for their derivative (see `layers/activations.py`). `batch_size=1` gives Rosenblatt's rule, sample by sample; a
    larger batch adds up its samples' corrections.

    If a line (a plane) separates the classes, the rule finds one after finitely many corrections (Novikoff 1962). No
    line separates XOR, and there the rule goes round for ever.

    Args:
        input_shape: number of inputs, as `(D,)`. Defaults to (2,).
        units: number of units, U. Defaults to 1.
        activation: "hardlim", for targets 0 and 1, or "hardlims", for targets -1 and 1. Defaults to "hardlim".
        kernel_initializer: of the weights w; see `layers/initializers.py`. Defaults to "zeros".
        dtype: "float64" computes and answers in double precision; else float32, as a perceptron is nothing but its
            output layer. Defaults to Keras's global policy.
        **kwargs: `name` and `trainable`.

    Call arguments:
        inputs: float tensor, shape `(B, D)`.

    Returns:
        Decisions, shape `(B, U)`, each one of the two values of the step.

    Raises:
        ValueError: if the activation is not a step, or another argument out of its range.

    Example:
        >>> import numpy as np
        >>> from gradschool.zoo.layers.losses import get_loss
        >>> model = Perceptron()
        >>> model.compile(keras.optimizers.SGD(1.0), get_loss("half_squared_error"))
        >>> x, t = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [0], [0], [1]])
        >>> _ = model.fit(x, t, batch_size=1, epochs=10, shuffle=False, verbose=0)
        >>> model.predict(x, verbose=0).ravel().tolist()
        [0.0, 0.0, 0.0, 1.0]

    Reference:
        Rosenblatt (1958), Psychological Review 65; Rosenblatt (1962), "Principles of Neurodynamics", chapter 5. Unlike
        there: the fixed random layer of association units in front is left out.
    """

    def __init__(
        self,
        input_shape: Sequence[int] = (2,),
        units: int = 1,
        activation: str = "hardlim",
        kernel_initializer: Any = "zeros",
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = whole_numbers("input_shape", input_shape, least=1, count=1)
        units = whole_number("units", units, least=1)
        if activation not in STEPS:
            raise unknown_name("activation of a perceptron", activation, STEPS)
        policy = get_policy(dtype)

        # === Functional model ===
        inputs = keras.Input(input_shape, dtype=output_dtype(policy), name="inputs")
        decisions = layers.Dense(
            units,
            activation=get_activation(activation),
            kernel_initializer=get_initializer(kernel_initializer),
            dtype=output_dtype(policy),
            name="decisions",
        )
        super().__init__(inputs, decisions(inputs), dtype=policy, **kwargs)  # (B, U)

        # === Config ===
        self.sample_shape = input_shape
        self.units = units
        self.activation = activation
        self.kernel_initializer = serialize_initializer(kernel_initializer)

    @classmethod
    def config_for(cls, description, **overrides) -> dict[str, Any]:
        super().config_for(description)  # refuses another task
        if description.classes != 2:
            raise ValueError(f"{cls.__name__} tells two classes apart; {description.name} has {description.classes}.")
        if overrides.get("activation") == "hardlims":
            raise ValueError(
                f"hardlims answers -1 and 1, and the labels of {description.name} are 0 and 1, which it would never "
                "reach; use hardlim, or fit it in Python to the targets 2 * labels - 1."
            )
        return {"input_shape": description.input_shape, **overrides}
