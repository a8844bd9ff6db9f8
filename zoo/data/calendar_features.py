"""Hour and weekday as points on a circle, so that 23 o'clock is as near to midnight as 1 o'clock is.

    (sin 2 pi h / 24, cos 2 pi h / 24),  (sin 2 pi d / 7, cos 2 pi d / 7)      h: hours since midnight, d: 0 on Mondays

They are known in advance: beside a value in a window stands the calendar of the step after it, so the last row of a
window tells the hour and the weekday of the first step to predict.
"""

from datetime import timedelta

import numpy as np

from .steps import DAY, WEEK

_DAY_SECONDS, _THURSDAY = 86_400, 3  # 1970 began on a Thursday


def calendar_features(dates: np.ndarray, step: timedelta) -> tuple[np.ndarray, tuple[str, ...]]:
    """The calendar of the step after each date.

    Args:
        dates: shape `(steps,)`, oldest first, as datetime64.
        step: time between two of them; the last one is followed after that time.

    Returns:
        Float array, shape `(steps, features)`: the hour's two numbers, if steps are shorter than a day, and the
        weekday's; and their names.

    Raises:
        ValueError: if steps are whole weeks, so that neither hour nor weekday ever changes.

    Example:
        >>> features, names = calendar_features(np.array(["2024-03-04T05:00"], "datetime64[s]"), timedelta(hours=1))
        >>> features.round(3).tolist(), names  # doctest: +NORMALIZE_WHITESPACE
        ([[1.0, 0.0, 0.0, 1.0]],
         ('sine of the hour', 'cosine of the hour', 'sine of the weekday', 'cosine of the weekday'))
    """
    if not step % WEEK:
        raise ValueError("calendar=True: values that are weeks apart have one hour and weekday; leave it out.")
    seconds = dates.astype("datetime64[s]").astype("int64")
    seconds = np.append(seconds[1:], seconds[-1] + int(step.total_seconds()))
    hour = seconds % _DAY_SECONDS / _DAY_SECONDS
    weekday = (seconds // _DAY_SECONDS + _THURSDAY) % 7 / 7
    turns = {"hour": hour, "weekday": weekday} if step < DAY else {"weekday": weekday}
    circles = [function(2 * np.pi * turn) for turn in turns.values() for function in (np.sin, np.cos)]
    names = tuple(f"{function} of the {turn}" for turn in turns for function in ("sine", "cosine"))
    return np.stack(circles, axis=1) + 0.0, names
