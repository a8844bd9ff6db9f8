"""Forecasts that need no model: what a trained one has to be better than.

    last value              v'[t + k] = v[t - 1]                              k = 0, ..., H - 1 of a forecast at t
    same hour yesterday     v'[t + k] = v[t + k - 24 m]                       m the least for which it is in the past
    same hour last week     v'[t + k] = v[t + k - 168 m]

They know the series itself, further back than a window may show. Hyndman and Athanasopoulos (2021), Forecasting:
Principles and Practice, section 5.2, call the first naive and the others seasonal naive.
"""

from datetime import timedelta

import numpy as np

from .steps import DAY, WEEK

LAST = "last value"


def seasons(step: timedelta) -> dict[str, int]:
    """The seasonal forecasts of a series, and how many steps they look back.

    Args:
        step: time between two values.

    Example:
        >>> seasons(timedelta(hours=1)), seasons(timedelta(days=1)), seasons(timedelta(days=31))
        ({'same hour yesterday': 24, 'same hour last week': 168}, {'same day last week': 7}, {})
    """
    word = "day" if step == DAY else "hour" if step == timedelta(hours=1) else "time"
    past = {f"same {word} yesterday": DAY, f"same {word} last week": WEEK}
    return {name: back // step for name, back in past.items() if step < back and not back % step}


def naive_forecasts(values: np.ndarray, starts: np.ndarray, horizon: int, looks_back: dict[str, int]) -> dict:
    """The forecasts at some steps of a series.

    Args:
        values: of all steps, gaps filled, shape `(steps,)`.
        starts: t, the first step of each forecast, shape `(N,)`.
        horizon: H, steps of a forecast.
        looks_back: from `seasons`; those that reach behind the beginning are left out.

    Returns:
        Arrays of the shape `(N, H)`, by name.

    Example:
        >>> naive_forecasts(np.arange(30.0), np.array([20]), 3, {"same day last week": 7, "last month": 30})
        {'same day last week': array([[13., 14., 15.]]), 'last value': array([[19., 19., 19.]])}
    """
    ahead = np.arange(horizon)
    forecasts = {}
    for name, season in looks_back.items():
        places = starts[:, np.newaxis] + ahead - season * (ahead // season + 1)  # (N, H)
        if places.min() >= 0:
            forecasts[name] = values[places]
    return {**forecasts, LAST: np.repeat(values[starts - 1, np.newaxis], horizon, axis=1)}
