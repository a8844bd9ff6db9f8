"""Reading handwritten digits."""

from .recipe import Recipe

RECIPES = (
    Recipe("lenet5_digits", "lenet5", "digits", epochs=60, batch_size=32, schedule="cosine", augment={"shift": 2}),
    Recipe("lenet5_mnist", "lenet5", "mnist", epochs=12, schedule="cosine", augment={"shift": 2}, learning_rate=2e-3),
    Recipe("mlp_digits", "mlp", "digits", epochs=60, batch_size=32, schedule="cosine", augment={"shift": 1}),
    Recipe("mlp_mnist", "mlp", "mnist", epochs=20, schedule="cosine", augment={"shift": 1}, learning_rate=2e-3),
    Recipe("mlp_16_16_digits", "mlp_16_16", "digits", epochs=60, batch_size=32, schedule="cosine"),
    Recipe("mlp_16_16_mnist", "mlp_16_16", "mnist", epochs=20, schedule="cosine", learning_rate=2e-3),
    Recipe("lenet5_1998_digits", "lenet5_1998", "digits", epochs=60, batch_size=32, schedule="cosine"),
    Recipe("lenet5_1998_mnist", "lenet5_1998", "mnist", epochs=12, schedule="cosine"),
)
