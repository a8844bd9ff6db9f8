"""What the losses of a range test say (Smith 2017, "Cyclical Learning Rates for Training Neural Networks").

    rate_n = lowest * (highest / lowest)^(n / (N - 1))         n = 0 .. N - 1

The loss stays where it is while the rate is too low, falls while the rate trains, and rises once it is too high.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import ops

FEWEST = 10  # losses from which anything can be said
_DECADES = 0.5  # on either side of a rate: over these the slope of the loss is taken


def exponential_rates(lowest: float, highest: float, steps: int) -> Callable[[Any], Any]:
    """The rate as a function of the step, from 0; it stays at the highest from the last step on.

    Example:
        >>> rate = exponential_rates(0.001, 10.0, steps=5)
        >>> [round(float(rate(step)), 3) for step in range(6)]
        [0.001, 0.01, 0.1, 1.0, 10.0, 10.0]
    """
    growth = math.log(highest / lowest) / max(1, steps - 1)
    return lambda step: lowest * ops.exp(growth * ops.minimum(step, float(steps - 1)))


def moving_mean(losses: Sequence[float], width: int) -> np.ndarray:
    """The mean of the `width` losses around each one; towards the ends, of as many as there are on both sides.

    Values that are not finite count for nothing, and stay.

    Example:
        >>> moving_mean([3.0, 0.0, 3.0, 6.0, float("nan")], width=3).tolist()
        [3.0, 2.0, 3.0, 6.0, nan]
    """
    values = np.asarray(losses, "float64")
    finite = int(np.argmin(np.append(np.isfinite(values), False)))  # up to the first that is not
    sums = np.cumsum(np.concatenate([[0.0], values[:finite]]))
    numbers = np.arange(finite)
    half = np.minimum(width // 2, np.minimum(numbers, finite - 1 - numbers))
    smoothed = (sums[numbers + half + 1] - sums[numbers - half]) / (2 * half + 1)
    return np.concatenate([smoothed, values[finite:]])


def has_diverged(losses: Sequence[float], width: int, stop_at: float) -> bool:
    """Whether the mean of the last `width` losses is above the first ones' and `stop_at` times the lowest so far.

    Above the first as well, because a loss that has come close to zero multiplies easily. For losses below zero the
    distance from the lowest counts, which is the same rule for those above.
    """
    if not math.isfinite(losses[-1]):
        return True
    if len(losses) <= width:
        return False
    sums = np.cumsum(np.concatenate([[0.0], losses]))
    means = (sums[width:] - sums[:-width]) / width
    lowest = float(means.min())
    return bool(means[-1] > means[0] and means[-1] - lowest > (stop_at - 1) * abs(lowest))


def steepest_rate(rates: Sequence[float], smoothed: Sequence[float]) -> float | None:
    """The rate at which the loss falls fastest per decade, up to where it is lowest; None if it falls nowhere.

    The slope at a rate is that of the straight line through the losses within half a decade around it, where these, up
    to the lowest, are those of the closest curve that never rises: a dip that the loss comes back from is noise. Within
    half a decade of the first rate there are too few losses to tell a fall from noise.
    """
    from scipy.optimize import isotonic_regression

    exponents, losses = _finite(rates, smoothed)
    last = int(np.argmin(losses))
    losses[: last + 1] = isotonic_regression(losses[: last + 1], increasing=False).x
    candidates = np.flatnonzero(exponents[: last + 1] >= exponents[0] + _DECADES)
    slopes = np.array([_slope(exponents, losses, number) for number in range(last + 1)])
    best = candidates[np.argmin(slopes[candidates])] if len(candidates) else np.argmin(slopes)
    return float(10 ** exponents[best]) if slopes[best] < 0 else None


def _slope(exponents: np.ndarray, losses: np.ndarray, number: int) -> float:
    near = np.abs(exponents - exponents[number]) <= _DECADES + 1e-9
    if np.ptp(exponents[near]) == 0:  # of steps that were left out, the rates are the same
        return 0.0
    x = exponents[near] - exponents[near].mean()
    return float(x @ losses[near] / (x @ x))


def rate_of_lowest_loss(rates: Sequence[float], smoothed: Sequence[float]) -> float:
    """The rate with the lowest loss: from there on the loss rises."""
    exponents, losses = _finite(rates, smoothed)
    return float(10 ** exponents[int(np.argmin(losses))])


def _finite(rates, smoothed) -> tuple[np.ndarray, np.ndarray]:
    losses = np.asarray(smoothed, "float64")
    finite = np.isfinite(losses)
    return np.log10(np.asarray(rates, "float64")[finite]), losses[finite]
