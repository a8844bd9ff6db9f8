"""Reading handwritten digits."""

from typing import Any

from .recipe import Recipe

# Distances from codes give logits of hundreds: plain descent copes with their gradients better than Adam does.
_DESCENT: dict[str, Any] = {"optimizer": "momentum", "schedule": "cosine"}

RECIPES = (
    Recipe("lenet5_digits", "lenet5", "digits", 60, 32, learning_rate=3e-3, schedule="cosine", augment={"shift": 1}),
    Recipe("lenet5_mnist", "lenet5", "mnist", 12, learning_rate=4e-3, schedule="cosine", augment={"shift": 1}),
    Recipe("mlp_digits", "mlp", "digits", 60, 32, schedule="cosine", augment={"shift": 1}),
    Recipe("mlp_mnist", "mlp", "mnist", 20, schedule="cosine", augment={"shift": 1}, learning_rate=2e-3),
    Recipe("mlp_16_16_digits", "mlp_16_16", "digits", 60, 32, schedule="cosine"),
    Recipe("mlp_16_16_mnist", "mlp_16_16", "mnist", 20, schedule="cosine", learning_rate=2e-3),
    Recipe("lenet5_1998_digits", "lenet5_1998", "digits", 60, 32, learning_rate=5e-3, augment={"shift": 1}, **_DESCENT),
    Recipe("lenet5_1998_mnist", "lenet5_1998", "mnist", 20, learning_rate=2e-2, **_DESCENT),
)
