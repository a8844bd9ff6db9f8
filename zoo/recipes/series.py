"""Forecasting a daily series."""

from .recipe import Recipe

RECIPES = (
    Recipe(
        "linear_regression_channel_views",
        "linear_regression",
        "channel_views",
        epochs=100,
        batch_size=32,
        learning_rate=1e-2,
        schedule="cosine",
        loss="mean_squared_error",
        metrics=("mean_absolute_error", "mean_squared_error"),
    ),
)
