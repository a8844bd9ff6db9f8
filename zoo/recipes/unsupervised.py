"""Learning from images alone, or, when the layers are pre-trained, first of all."""

from typing import Any

from .recipe import Recipe

_PIXELS: dict[str, Any] = {
    "loss": "pixel_cross_entropy",
    "metrics": ("pixel_squared_error",),
    "schedule": "cosine",
}

RECIPES = (
    Recipe("stacked_autoencoder_digits", "stacked_autoencoder", "digits", 30, 32, pretrain={"epochs": 20}),
    Recipe("autoencoder_digits", "autoencoder", "digits", 60, 32, **_PIXELS),
    Recipe("conv_autoencoder_digits", "conv_autoencoder", "digits", 30, 32, learning_rate=2e-3, **_PIXELS),
    Recipe("denoising_autoencoder_digits", "denoising_autoencoder", "digits", 30, 32, **_PIXELS),
    Recipe(
        "variational_autoencoder_digits",
        "variational_autoencoder",
        "digits",
        100,
        32,
        **{**_PIXELS, "metrics": ("pixel_squared_error", "pixel_cross_entropy")},
        augment={"shift": 1},
    ),
    Recipe(
        "dcgan_digits",
        "dcgan",
        "digits",
        80,
        64,
        optimizer="adam_gan",
        learning_rate=2e-4,
        loss="adversarial",
        metrics=("discriminator_loss", "generator_loss"),
    ),
)
