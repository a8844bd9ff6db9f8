"""Medians of what was measured in rounds.

A machine's speed may change from one second to the next, by far more than the contenders differ. Within one round it is
nearly the same for all, so what is compared is the ratio within each round, and the median over rounds:

    ratio = median over rounds r of  theirs_r / ours_r
"""

import statistics
from collections.abc import Sequence
from typing import Any


def spread(values: Sequence[float]) -> dict[str, Any]:
    """The median and the quartiles around it.

    Returns:
        A dict of `median` and `quartiles`, the lower and the upper one.

    Example:
        >>> spread([4.0, 1.0, 2.0, 3.0, 5.0])
        {'median': 3.0, 'quartiles': [2.0, 4.0]}
    """
    if len(values) == 1:
        return {"median": values[0], "quartiles": [values[0], values[0]]}
    lower, middle, upper = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": middle, "quartiles": [lower, upper]}


def paired_ratios(theirs: Sequence[float], ours: Sequence[float]) -> list[float]:
    """How many times longer theirs took than ours, round by round.

    Raises:
        ValueError: if they are not of the same rounds.

    Example:
        >>> paired_ratios([2.0, 6.0], [1.0, 2.0])
        [2.0, 3.0]
    """
    return [their / our for their, our in zip(theirs, ours, strict=True)]


def shown_ratio(ratio: float) -> str:
    """A ratio with two digits behind the point, rounded down: it never looks like a goal that it misses.

    Example:
        >>> shown_ratio(1.7999), shown_ratio(1.8)
        ('1.79', '1.80')
    """
    hundredths = round(ratio * 100)
    if hundredths / 100 > ratio:
        hundredths -= 1
    return f"{hundredths / 100:.2f}"
