"""Driving a rendered road: steering angle, speed and torque from what the camera sees.

The frames of `pilotnet_roads` have a size that leaves 2 880 features in PilotNet's fourth convolution, which are what
`feature_lstm_road_features` learns from: fit the former with `--out runs/pilotnet_roads` first.
"""

from typing import Any

from .recipe import Measured, Recipe

_ERRORS: dict[str, Any] = {
    "schedule": "cosine",
    "loss": "mean_squared_error",
    "metrics": ("mean_absolute_error", "mean_squared_error"),
}
# Samples of a drive have its road, weather, light and driver in common: 40 drives are soon learned by heart.
_MANY_DRIVES: dict[str, Any] = {"drives": 250, "per_drive": 6, "stride": 30}

RECIPES = (
    Recipe(
        "pilotnet_roads",
        "pilotnet",
        "roads",
        epochs=12,
        batch_size=32,
        model_config={"dropout": 0.1},
        data_options={"image_size": [66, 160]},
        **_ERRORS,
        measured=Measured(
            "mean_absolute_error", 0.344, 0.007, "3 seeds", "gradschool fit pilotnet --data roads --seeds 3", "degrees"
        ),
    ),
    Recipe(
        "cnn_lstm_road_sequences",
        "cnn_lstm",
        "road_sequences",
        epochs=15,
        batch_size=16,
        model_config={"width": 12, "dropout": 0.1},
        data_options=_MANY_DRIVES,
        clip={"global_norm": 1.0},
        **_ERRORS,
        measured=Measured(
            "mean_absolute_error",
            0.432,
            0.025,
            "3 seeds",
            "gradschool fit cnn_lstm --data road_sequences --seeds 3",
            "degrees",
        ),
    ),
    Recipe(
        "conv3d_road_sequences",
        "conv3d",
        "road_sequences",
        epochs=16,
        batch_size=16,
        learning_rate=2e-3,
        warmup=1,
        model_config={"width": 12, "normalization": "batch"},
        data_options=_MANY_DRIVES,
        clip={"global_norm": 1.0},
        **_ERRORS,
        measured=Measured(
            "mean_absolute_error",
            0.465,
            0.036,
            "3 seeds",
            "gradschool fit conv3d --data road_sequences --seeds 3",
            "degrees",
        ),
    ),
    Recipe(
        "feature_lstm_road_features",
        "feature_lstm",
        "road_features",
        epochs=20,
        batch_size=16,
        model_config={"dropout": 0.2},
        data_options={"network": "runs/pilotnet_roads", "drives": 100, "per_drive": 10, "stride": 25},
        **_ERRORS,
        measured=Measured(
            "mean_absolute_error",
            0.420,
            0.016,
            "3 seeds",
            "gradschool fit feature_lstm --data road_features --seeds 3",
            "degrees",
        ),
    ),
    Recipe(
        "pilotnet_drive",
        "pilotnet",
        "YOUR-DRIVE",
        epochs=15,
        batch_size=32,
        model_config={"dropout": 0.2},
        **_ERRORS,
        measured=Measured(
            "mean_absolute_error",
            0.187,
            0.001,
            "3 seeds",
            "gradschool fit pilotnet --data tub --seeds 3",
            "of full lock",
        ),
    ),
)
