"""Generated daily views of a video channel: a weekly rhythm, slow growth, and the noise of every day.

    views[t] = level * (1 + growth * t / year) * week[t mod 7] * exp(noise[t]),   noise[t] = c * noise[t-1] + e[t]

What a linear regression can learn here is the weekday's factor, from the day seven days back, and how busy the last
days were, from the noise's memory.
"""

import numpy as np

from .description import Description
from .samples import Samples
from .series import Series, samples_of_series

LEVEL = 2000  # views on a plain day at the start
GROWTH = 0.25  # a year
WEEK = (0.85, 0.8, 0.85, 0.9, 1.1, 1.35, 1.15)  # Monday to Sunday; the mean is 1
MEMORY = 0.6  # c: how much of yesterday's noise is left today
NOISE = 0.08  # standard deviation of e, on a logarithmic scale: about 8 %
UNIT = "views a day"

DESCRIPTION = Description(
    name="channel_views",
    kind="generated",
    task="regression",
    summary="Daily views of an invented video channel; from the past 28 days to the next day's.",
    input_shape=(28,),
    classes=None,
    class_names=(),
    samples={"train": 761, "validation": 88, "test": 219},
    licence="Apache-2.0 (made by this package)",
    source="generated from a formula and a seed",
    step="day",
)


def daily_views(days: int, seed: int = 0) -> np.ndarray:
    """Views of each day, beginning with a Monday.

    Args:
        days: how many.
        seed: of the noise.

    Returns:
        Float array of whole numbers, shape `(days,)`.

    Example:
        >>> daily_views(7).shape
        (7,)
    """
    shocks = np.random.default_rng(seed).normal(scale=NOISE, size=days)
    noise = np.zeros(days)
    for today in range(days):
        noise[today] = (MEMORY * noise[today - 1] if today else 0.0) + shocks[today]
    day = np.arange(days)
    return np.round(LEVEL * (1 + GROWTH * day / 365) * np.array(WEEK)[day % 7] * np.exp(noise))


def load(
    *,
    validation_share: float,
    window: int = 28,
    horizon: int = 1,
    vectors: bool = False,
    days: int = 1096,
    series_seed: int = 0,
) -> Samples:
    """Three years of views as windows.

    Args:
        validation_share: share of the days not in the test part, in [0, 1).
        window: number of past days shown.
        horizon: number of days predicted.
        vectors: whether windows have the shape (window, 1), as recurrent networks take it, and not (window,).
        days: length of the series.
        series_seed: of its noise. Apart from the training seed, so that runs with different seeds see the same series.
    """
    if isinstance(days, bool) or not isinstance(days, int) or days < 0:
        raise ValueError(f"days must be a whole number; got {days!r}.")
    if isinstance(series_seed, bool) or not isinstance(series_seed, int) or series_seed < 0:
        raise ValueError(f"series_seed must be a whole number, at least 0; got {series_seed!r}.")
    values = daily_views(days, series_seed)
    series = Series("channel_views", ("views",), UNIT, values[:, np.newaxis])
    return samples_of_series(series, DESCRIPTION, validation_share, window, horizon, vectors=vectors)
