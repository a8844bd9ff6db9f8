"""Moving averages of the weights: what is validated, tested and saved, while training goes on with the weights.

    a <- m a + (1 - m) w        after every step (Polyak and Juditsky 1992; Keras's `use_ema`, `ema_momentum=m`)

Keras keeps the averages and puts them in the weights' place when `fit` ends, but validates the weights themselves. Its
own callback for that, `SwapEMAWeights`, swaps by adding and subtracting, which rounds the weights every time; here they
come back bit for bit. Running statistics of batch normalisation are averages of their own, and stay.
"""

from typing import Any

import keras
import numpy as np

from ...callbacks.keras_internals import leaf_optimizer


class ValidateAverages(keras.callbacks.Callback):
    """Lets evaluation within a fit see the averages of the weights.

    For an optimizer with `use_ema=True`, in any fit.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9), "mse")
        >>> x, y = np.ones((8, 4), "float32"), np.ones((8, 1), "float32")
        >>> history = model.fit(x, y, validation_data=(x, y), verbose=0, callbacks=[ValidateAverages()])
        >>> bool(np.isclose(history.history["val_loss"][-1], model.evaluate(x, y, verbose=0)))
        True
    """

    async_safe = True  # has no batch hooks

    def __init__(self):
        super().__init__()
        self._weights: list[np.ndarray] = []

    def get_state(self) -> dict[str, Any]:
        """Nothing: between steps, the weights are in their place."""
        return {}

    def set_state(self, state) -> None:
        """Nothing."""

    def on_train_begin(self, logs=None):
        if not leaf_optimizer(self.model.optimizer).use_ema:
            raise ValueError("ValidateAverages needs an optimizer that keeps averages: compile it with use_ema=True.")

    def on_test_begin(self, logs=None):
        optimizer = leaf_optimizer(self.model.optimizer)
        weights, averages = optimizer._trainable_variables, optimizer._model_variables_moving_average
        self._weights = [_copy(one) for one in weights]
        for weight, average in zip(weights, averages, strict=True):
            weight.assign(_copy(average))

    def on_test_end(self, logs=None):
        for weight, value in zip(leaf_optimizer(self.model.optimizer)._trainable_variables, self._weights, strict=True):
            weight.assign(value)
        self._weights = []

    def on_train_end(self, logs=None):
        if keras.backend.backend() == "jax":  # where Keras has put the averages themselves in the weights' place
            for average in leaf_optimizer(self.model.optimizer)._model_variables_moving_average:
                average.assign(_copy(average))


def _copy(variable) -> np.ndarray:
    """The value, in memory of its own: JAX's compiled steps take over the memory of what they are given."""
    return np.array(keras.ops.convert_to_numpy(variable))
