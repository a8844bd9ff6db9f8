"""A daily series as samples: the past days of a window, and the day that follows them.

    x = (v[t - W], ..., v[t - 1]),  y = v[t]

The series is split by the calendar: the oldest days train, later ones validate, the newest test. Values are
standardised with the mean and the standard deviation of the training days alone, so nothing of a later day is known
while training. The window of an early validation (test) day does reach back into the days before, as it would on the
day itself; the day to predict never belongs to two parts.

Shapes:
    N  number of samples of a part
    W  window: number of past days
"""

import numpy as np

from .description import Scale
from .splits import calendar_parts


def check_window(window: int) -> int:
    """The window, refused unless it is a whole number of at least one day."""
    if isinstance(window, bool) or not isinstance(window, int) or window < 1:
        raise ValueError(f"window must be a whole number of days, at least 1; got {window!r}.")
    return window


def windows_of_series(
    values: np.ndarray, window: int, validation_share: float, unit: str, name: str
) -> tuple[dict[str, tuple[np.ndarray, np.ndarray]], Scale]:
    """Splits, standardises and cuts a series into windows.

    Args:
        values: float array, shape `(days,)`, oldest first.
        window: W, past days that a sample shows.
        validation_share: share of the days not in the test part, in [0, 1).
        unit: of the values; kept in the scale.
        name: of the series or its file; named in the errors.

    Returns:
        The parts "train", "validation" and "test", each a float32 pair x, shape `(N, W)`, and y, shape `(N, 1)`; and
        the scale that turns them back into the unit.

    Raises:
        ValueError: if there are too few days, or the training days do not vary.

    Example:
        >>> parts, scale = windows_of_series(np.arange(20.0), 3, 0.0, "views", "counting")
        >>> x, y = parts["test"]
        >>> np.round(scale.restore(x[0])).tolist(), np.round(scale.restore(y[0])).tolist()
        ([13.0, 14.0, 15.0], [16.0])
    """
    days = calendar_parts(len(values), validation_share)
    needed = [days["train"].stop - window, len(days["test"])] + [len(days["validation"])] * (validation_share > 0)
    if min(needed) < 1:
        raise ValueError(
            f"{name}: {len(values)} days are too few for windows of {window} days and a day after them in each of the "
            f"parts to train on, validate and test. Give more days or a smaller window."
        )
    known = np.asarray(values, "float64")[days["train"].start : days["train"].stop]
    scale = Scale(mean=float(known.mean()), std=float(known.std()), unit=unit)
    if scale.std == 0:
        raise ValueError(f"{name}: the value is {scale.mean:g} on all training days; there is nothing to learn.")
    standardised = ((values - scale.mean) / scale.std).astype("float32")  # (days,)

    pasts = np.lib.stride_tricks.sliding_window_view(standardised, window)  # (days - W + 1, W)
    parts = {}
    for part, span in days.items():
        targets = np.arange(max(span.start, window), span.stop)  # the first W days have no full past
        parts[part] = (pasts[targets - window], standardised[targets, np.newaxis])  # (N, W), (N, 1)
    return parts, scale
