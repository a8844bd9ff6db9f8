"""ADALINE, the adaptive linear neuron (Widrow & Hoff 1960, "Adaptive Switching Circuits").

The perceptron's weighted sum, but learning looks at the sum itself and not at the decision: there is an error to make
smaller even where the decision is right.

Shapes:
    B  batch size
    D  number of inputs
    U  number of units, each with weights of its own
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from ..layers.initializers import get_initializer, serialize_initializer
from ..layers.policies import get_policy, output_dtype
from .arguments import whole_number, whole_numbers
from .base import ZooModel


@keras.saving.register_keras_serializable(package="gradschool")
class ADALINE(ZooModel):
    """A layer of linear units, trained by least mean squares (LMS).

        z = w x + b          w <- w + eta (t - z) x          b <- b + eta (t - z)

    The rule is gradient descent on 1/2 (t - z)^2, so plain `fit` carries it out with the loss "half_squared_error" and
    `keras.optimizers.SGD(eta)`; `batch_size=1` gives Widrow's rule, sample by sample. It settles near the least-squares
    solution, also where no line separates the classes.

    The decision is z compared with the middle of the two targets: `z >= 0` for -1 and 1, `z >= 0.5` for 0 and 1.

    Args:
        input_shape: number of inputs, as `(D,)`. Defaults to (2,).
        units: number of units, U. Defaults to 1.
        kernel_initializer: of the weights w; see `layers/initializers.py`. Defaults to "zeros".
        dtype: "float64" computes and answers in double precision; else float32, as an ADALINE is nothing but its output
            layer. Defaults to Keras's global policy.
        **kwargs: `name` and `trainable`.

    Call arguments:
        inputs: float tensor, shape `(B, D)`.

    Returns:
        Weighted sums z, shape `(B, U)`.

    Raises:
        ValueError: if an argument is out of its range, or a name unknown.

    Example:
        >>> import numpy as np
        >>> from gradschool.zoo.layers.losses import get_loss
        >>> model = ADALINE()
        >>> model.compile(keras.optimizers.SGD(0.1), get_loss("half_squared_error"))
        >>> x, t = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[-1], [-1], [-1], [1]])
        >>> _ = model.fit(x, t, batch_size=1, epochs=100, verbose=0)
        >>> (model.predict(x, verbose=0) >= 0).ravel().tolist()
        [False, False, False, True]

    Reference:
        Widrow & Hoff (1960), IRE WESCON Convention Record 4. There the step is 2 mu (t - z) x: eta is 2 mu.
    """

    def __init__(
        self,
        input_shape: Sequence[int] = (2,),
        units: int = 1,
        kernel_initializer: Any = "zeros",
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = whole_numbers("input_shape", input_shape, least=1, count=1)
        units = whole_number("units", units, least=1)
        policy = get_policy(dtype)

        # === Functional model ===
        inputs = keras.Input(input_shape, dtype=output_dtype(policy), name="inputs")
        sums = layers.Dense(
            units, kernel_initializer=get_initializer(kernel_initializer), dtype=output_dtype(policy), name="sums"
        )
        super().__init__(inputs, sums(inputs), dtype=policy, **kwargs)  # (B, U)

        # === Config ===
        self.sample_shape = input_shape
        self.units = units
        self.kernel_initializer = serialize_initializer(kernel_initializer)

    @classmethod
    def config_for(cls, description, **overrides) -> dict[str, Any]:
        super().config_for(description)  # refuses another task
        if description.classes != 2:
            raise ValueError(f"{cls.__name__} tells two classes apart; {description.name} has {description.classes}.")
        return {"input_shape": description.input_shape, **overrides}
