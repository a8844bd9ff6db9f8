"""Linear regression on a daily series: the past days' values, weighted and added, are the guess for the next day.

Legendre (1805) and Gauss (1809) chose the weights by least squares; as a network it is one linear unit.

Shapes:
    B  batch size
    W  window: number of past days
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from ..layers.initializers import get_initializer, serialize_initializer
from ..layers.policies import get_policy, output_dtype
from .arguments import whole_numbers
from .base import ZooModel


@keras.saving.register_keras_serializable(package="gradschool")
class LinearRegression(ZooModel):
    """The next day's value from the past W days: an autoregression.

        y = w_1 x_1 + ... + w_W x_W + b

    x_W is yesterday, x_{W-6} the same weekday a week before the day that is asked for. The loss "l2" (mean squared
    error, MSE) finds the mean of what may come and is pulled far by outliers; "l1" (mean absolute error, MAE) finds the
    median.

    Args:
        input_shape: window in days, as `(W,)`. Defaults to (28,).
        kernel_initializer: of the weights w; see `layers/initializers.py`. Defaults to "zeros".
        dtype: "float64" computes and answers in double precision; else float32, as the model is nothing but its output
            layer. Defaults to Keras's global policy.
        **kwargs: `name` and `trainable`.

    Call arguments:
        window: float tensor, shape `(B, W)`, oldest day first.

    Returns:
        The next day's value, shape `(B, 1)`, in the unit of the window.

    Raises:
        ValueError: if the window is not a positive number of days, or a name unknown.

    Example:
        >>> LinearRegression(input_shape=(7,)).count_params()
        8

    Reference:
        Yule (1927), "On a Method of Investigating Periodicities in Disturbed Series", which regressed a series on its
        own past; Bishop (2006), "Pattern Recognition and Machine Learning", section 3.1, for its least squares.
    """

    task = "regression"

    def __init__(
        self, input_shape: Sequence[int] = (28,), kernel_initializer: Any = "zeros", dtype: Any = None, **kwargs: Any
    ):
        input_shape = whole_numbers("input_shape", input_shape, least=1, count=1)
        policy = get_policy(dtype)

        # === Functional model ===
        window = keras.Input(input_shape, dtype=output_dtype(policy), name="window")
        next_day = layers.Dense(
            1, kernel_initializer=get_initializer(kernel_initializer), dtype=output_dtype(policy), name="next_day"
        )
        super().__init__(window, next_day(window), dtype=policy, **kwargs)  # (B, 1)

        # === Config ===
        self.sample_shape = input_shape
        self.kernel_initializer = serialize_initializer(kernel_initializer)

    @classmethod
    def config_for(cls, description, **overrides) -> dict[str, Any]:
        super().config_for(description)  # refuses another task
        if len(description.outputs) > 1:
            raise ValueError(
                f"{cls.__name__} predicts one value; {description.name} asks for {len(description.outputs)}: use one "
                "(--data-option horizon=1), or a recurrent regressor."
            )
        return {"input_shape": description.input_shape, **overrides}
