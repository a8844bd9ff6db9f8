"""Recognising what a small photograph shows."""

from .recipe import Recipe

RECIPES = (
    # He et al. 2016, section 4.2: 64 000 steps. Theirs has a weight decay of 1e-4 besides, and a rate in three steps.
    Recipe(
        "resnet20_cifar10",
        "resnet20",
        "cifar10",
        182,
        optimizer="momentum",
        learning_rate=0.1,
        schedule="cosine",
        augment={"crop": 4, "flip": True},
    ),
)
