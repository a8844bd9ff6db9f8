"""What is measured of runs that several optimizers made: each function is one figure, from losses to a number.

Symbols:
    L_0     loss of the untrained model
    L_t     training loss of epoch t = 1 ... T, as `fit` logs it: the mean over the epoch's batches
    best    the lowest final loss of all that are compared
"""

import itertools
import math
from collections.abc import Sequence


def steps_to_target(values: Sequence[float], target: float, higher_is_better: bool, steps_per_epoch: int) -> float:
    """Steps after which a metric was first seen to have reached the target; it is looked at once an epoch.

    Args:
        values: of the metric after epochs 1, 2, ...
        target: to be reached.
        higher_is_better: whether the target is a lower limit, or an upper one.
        steps_per_epoch: from one look to the next.

    Returns:
        A multiple of `steps_per_epoch`; infinity if it was not reached (the run is *censored*).

    Example:
        >>> steps_to_target([0.5, 0.8, 0.7], 0.75, True, steps_per_epoch=100)
        200.0
    """
    for epoch, value in enumerate(values, start=1):
        if value >= target if higher_is_better else value <= target:
            return float(epoch * steps_per_epoch)
    return math.inf


def excess(loss: float, lowest: float, untrained: float) -> float:
    """How much of the way down is missing: (L - best) / (L_0 - best). 0 at the best, 1 for no progress at all.

    Returns:
        Infinity for a loss that is not finite; NaN if nobody has made progress.

    Example:
        >>> excess(0.75, lowest=0.25, untrained=2.25)
        0.25
    """
    fall = untrained - lowest
    if not fall > 0:
        return math.nan
    return (loss - lowest) / fall if math.isfinite(loss) else math.inf


def has_diverged(losses: Sequence[float], untrained: float) -> bool:
    """Whether training has failed: a loss that is not finite, or at the end one no better than without training.

    Example:
        >>> has_diverged([1.0, float("nan")], 2.3), has_diverged([2.0, 2.4], 2.3), has_diverged([2.0, 1.9], 2.3)
        (True, True, False)
    """
    return not all(map(math.isfinite, losses)) or losses[-1] >= untrained


def roughness(losses: Sequence[float], untrained: float) -> float:
    """How much the training loss rises on its way down: the sum of max(0, L_{t+1} - L_t) / (L_0 - min L).

    Returns:
        0 if it never rises; infinity if it has diverged.

    Example:
        >>> roughness([2.0, 1.0, 1.3, 1.0], untrained=3.0)
        0.15
    """
    if has_diverged(losses, untrained):
        return math.inf
    rises = sum(max(0.0, after - before) for before, after in itertools.pairwise(losses))
    return round(rises / (untrained - min(losses)), 12)


def usable_share(rates: Sequence[float], excesses: Sequence[float], tolerance: float) -> float:
    """Share of a sweep of learning rates, on a logarithmic scale, that ends near the best rate's loss.

        share = |{log r : excess(r) <= tolerance}| / (log r_max - log r_min)

    with the excess linear in log r between neighbours. 1: any rate of the sweep will do; 0: exactly one does.

    Args:
        rates: in rising order, shape `(k,)`.
        excesses: of the final loss at each, over the best of them.
        tolerance: that is still near.

    Returns:
        In [0, 1]; NaN for a single rate, or if no rate has made progress.

    Example:
        >>> usable_share([0.01, 0.1, 1.0], [0.2, 0.0, math.inf], tolerance=0.1)
        0.25
    """
    if len(rates) < 2 or any(map(math.isnan, excesses)):
        return math.nan
    positions = [math.log(rate) for rate in rates]
    usable = 0.0
    for (left, first), (right, second) in itertools.pairwise(zip(positions, excesses, strict=True)):
        low, high = sorted((first, second))
        if high <= tolerance:
            usable += right - left
        elif low <= tolerance and math.isfinite(high):
            usable += (right - left) * (tolerance - low) / (high - low)
    return usable / (positions[-1] - positions[0])
