"""Recognising what a small photograph shows."""

from collections.abc import Iterator
from typing import Any

from .recipe import Measured, Recipe

# He et al. 2016, section 4.2, for CIFAR-10: 64 000 steps of 128 are 182 epochs of the 45 000 images that are not held
# out; the rate falls after 32 000 and 48 000. Theirs subtract the mean image besides.
_PAPER: dict[str, Any] = {
    "optimizer": "momentum",
    "learning_rate": 0.1,
    "schedule": "steps",
    "schedule_options": {"at": [91, 136]},
    "weight_decay": 1e-4,
}

# What is common today, for half as many epochs: a cosine behind a warm-up, Nesterov's momentum, five times the decay,
# on kernels alone, and smoothed classes.
_TODAY: dict[str, Any] = {
    "optimizer": "nesterov",
    "learning_rate": 0.1,
    "schedule": "cosine",
    "warmup": 1,
    "weight_decay": 5e-4,
    "weight_decay_on": "kernels",
    "label_smoothing": 0.1,
}


def _cifar(data: str) -> Iterator[Recipe]:
    """The paper's settings and today's, for 20 layers and for 56."""
    photographs = {"crop": 4, "flip": True}
    for model in ("resnet20", "resnet56"):
        yield Recipe(f"{model}_{data}", model, data, 182, augment=photographs, **_PAPER)
        yield Recipe(f"{model}_{data}_today", model, data, 91, augment=photographs, **_TODAY)


RECIPES = (
    Recipe(
        "lenet5_fashion_mnist",
        "lenet5",
        "fashion_mnist",
        25,
        64,
        learning_rate=3e-3,
        schedule="cosine",
        augment={"flip": True},
        model_config={"activation": "relu"},
        weight_decay=1e-4,
        label_smoothing=0.1,
        measured=Measured(
            "accuracy", 0.9216, 0.0035, "3 seeds", "gradschool fit lenet5 --data fashion_mnist --seeds 3"
        ),
    ),
    Recipe(
        "resnet20_fashion_mnist",
        "resnet20",
        "fashion_mnist",
        16,
        augment={"crop": 2, "flip": True},
        **_TODAY,
        measured=Measured("accuracy", 0.9383, None, "1 seed", "gradschool fit resnet20 --data fashion_mnist"),
    ),
    *_cifar("cifar10"),
    *_cifar("cifar100"),
)
