"""How far a mean over a few runs can be trusted: Student's intervals, alone and of paired differences.

With n runs whose figures are x_1 ... x_n, mean m and sample standard deviation s (n - 1 in the denominator),

    interval = m +- t * s / sqrt(n),     t = the (1 + c) / 2 quantile of Student's t with n - 1 degrees of freedom,

covers the true mean with probability c if the figures are normally distributed, however few there are. A bootstrap of
three to ten runs does not: it resamples too few values and gives intervals that are too narrow.

Runs are *paired* if two methods were tried under the same circumstances, here the same seed: the same initial weights,
batches and random draws. The interval is then taken of the n differences, from which what the two have in common has
gone.

Reference:
    Student (1908), "The Probable Error of a Mean", Biometrika 6. Dunn (1961), "Multiple Comparisons Among Means", for
    several differences at once.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..numbers_given import is_number

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Interval:
    """A mean and the interval around it.

    Args:
        mean: of the values.
        low: lower end; NaN where one value says nothing of the spread.
        high: upper end.
        count: how many values.
    """

    mean: float
    low: float
    high: float
    count: int

    @property
    def excludes_zero(self) -> bool:
        """Whether a true mean of zero is ruled out."""
        return self.low > 0 or self.high < 0


def mean_interval(values: "ArrayLike", confidence: float = 0.95) -> Interval:
    """Student's interval of the mean.

    Args:
        values: one figure of each run, shape `(n,)`.
        confidence: c, in (0, 1).

    Returns:
        `Interval`; without ends for a single value, and all NaN if a value is not finite.

    Raises:
        ValueError: if there is no value, or `confidence` is out of its range.

    Example:
        >>> found = mean_interval([1.0, 2.0, 3.0])
        >>> f"{found.mean:.1f} from {found.low:.2f} to {found.high:.2f}"
        '2.0 from -0.48 to 4.48'
    """
    import numpy as np
    from scipy import stats

    check_confidence(confidence)
    found = np.asarray(values, "float64")
    if found.ndim != 1 or not found.size:
        raise ValueError(f"values must be a list of at least one figure; got shape {found.shape}.")
    if not np.isfinite(found).all():
        return Interval(math.nan, math.nan, math.nan, found.size)
    mean = float(found.mean())
    if found.size == 1:
        return Interval(mean, math.nan, math.nan, 1)
    error = float(found.std(ddof=1)) / math.sqrt(found.size)
    half = float(stats.t.ppf((1 + confidence) / 2, found.size - 1)) * error
    return Interval(mean, mean - half, mean + half, found.size)


def paired_interval(
    values: "ArrayLike", reference: "ArrayLike", confidence: float = 0.95, comparisons: int = 1
) -> Interval:
    """The interval of the mean difference `values - reference`, run by run.

    Args:
        values: one figure of each run, shape `(n,)`.
        reference: another method's, of the same runs in the same order.
        confidence: c, with which all `comparisons` hold together.
        comparisons: how many intervals are looked at; each gets the confidence 1 - (1 - c) / comparisons
            (Bonferroni's inequality).

    Returns:
        `Interval` of the difference.

    Raises:
        ValueError: if the runs do not pair up, or an argument is out of its range.

    Example:
        >>> found = paired_interval([2.1, 3.0, 4.1], [1.0, 2.0, 3.0])
        >>> round(found.mean, 3), found.excludes_zero
        (1.067, True)
    """
    import numpy as np

    check_confidence(confidence)
    if comparisons < 1:
        raise ValueError(f"comparisons must be at least 1; got {comparisons}.")
    first, second = np.asarray(values, "float64"), np.asarray(reference, "float64")
    if first.shape != second.shape:
        raise ValueError(f"paired runs are equally many; got {first.size} and {second.size}.")
    with np.errstate(invalid="ignore"):  # runs that diverged: infinity less infinity
        difference = first - second
    return mean_interval(difference, 1 - (1 - confidence) / comparisons)


def check_confidence(confidence: float) -> None:
    """Refuses what is no probability between 0 and 1.

    Raises:
        ValueError: as said.
    """
    if not is_number(confidence) or not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, such as 0.95; got {confidence!r}.")
