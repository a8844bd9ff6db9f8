"""Single neurons learning truth tables."""

from typing import Any

from .recipe import Recipe

# With this loss one sample's gradient is (y - t) x, so plain gradient descent is the perceptron and the LMS rule.
_ONE_BY_ONE: dict[str, Any] = {
    "loss": "half_squared_error",
    "optimizer": "sgd",
    "batch_size": 1,
    "metrics": ("binary_accuracy",),
}

RECIPES = (
    Recipe("perceptron_and", "perceptron", "logic_and", epochs=20, learning_rate=1.0, **_ONE_BY_ONE),
    Recipe("adaline_and", "adaline", "logic_and", epochs=100, learning_rate=0.1, **_ONE_BY_ONE),
)
