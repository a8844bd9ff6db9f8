"""Forecasting a series: daily, hourly, or of any other regular step."""

from typing import Any

from .recipe import Measured, Recipe

_READS: dict[str, Any] = {
    "epochs": 10,
    "batch_size": 64,
    "schedule": "cosine",
    "loss": "mean_absolute_error",
    "metrics": ("mean_absolute_error",),
    "clip": {"global_norm": 1.0},
    "model_config": {"units": 64, "dropout": 0.1},
}

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
    *(
        Recipe(
            f"{cell}_regressor_channel_views",
            f"{cell}_regressor",
            "channel_views",
            30,
            32,
            schedule="cosine",
            loss="mean_squared_error",
            metrics=("mean_absolute_error", "mean_squared_error"),
            clip={"global_norm": 1.0},
            model_config={"units": 32},
            data_options={"vectors": True},
        )
        for cell in ("lstm", "gru", "rnn")
    ),
    *(
        Recipe(
            f"{cell}_regressor_series",
            f"{cell}_regressor",
            "YOUR-SERIES",
            **_READS,
            data_options={"vectors": True},
        )
        for cell in ("lstm", "gru", "rnn")
    ),
    Recipe(
        "gru_regressor_metro_traffic",
        "gru_regressor",
        "YOUR-SERIES",
        **_READS,
        data_options={
            "column": "traffic_volume",
            "inputs": "temp,rain_1h,snow_1h,clouds_all",
            "calendar": True,
            "window": 168,
            "horizon": 24,
            "repeats": "last",
            "gaps": "fill",
        },
        measured=Measured(
            "mean_absolute_error",
            282.7,
            2.3,
            "3 seeds",
            "gradschool fit gru_regressor --data metro.csv --recipe gru_regressor_metro_traffic --seeds 3",
            "cars",
        ),
    ),
    Recipe(
        "gru_regressor_etth1",
        "gru_regressor",
        "YOUR-SERIES",
        **_READS,
        data_options={"column": "OT", "inputs": "all", "calendar": True, "window": 168, "horizon": 24},
        measured=Measured(
            "mean_absolute_error",
            1.290,
            0.006,
            "3 seeds",
            "gradschool fit gru_regressor --data ETTh1.csv --recipe gru_regressor_etth1 --seeds 3",
            "degrees",
        ),
    ),
)
