"""A regular series as samples: the past W steps of a window, and the H steps that follow them.

    x = (v[t - W], ..., v[t - 1]),  y = (v[t], ..., v[t + H - 1])

The series is split by the calendar: the oldest steps train, later ones validate, the newest test. Values are
standardised with the mean and the standard deviation of the training steps alone, so nothing of a later day is known
while training. The window of an early validation (test) step does reach back into the steps before, as it would on the
day itself; no step to predict belongs to two parts.

Shapes:
    N  number of samples of a part
    W  window: number of past steps
    H  horizon: number of steps ahead
    D  columns of the series, and features of the calendar
"""

from collections.abc import Mapping, Sequence

import numpy as np

from .description import Scale
from .splits import calendar_parts
from .steps import counted, plural

Starts = Mapping[str, np.ndarray]  # part -> the number of the first step to predict of each sample


def check_window(window: int, step: str = "day") -> int:
    """The window, refused unless it is a whole number of at least one step."""
    return _check("window", window, step)


def check_horizon(horizon: int, step: str = "day") -> int:
    """The horizon, refused unless it is a whole number of at least one step."""
    return _check("horizon", horizon, step)


def _check(name: str, value: int, step: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a whole number of {plural(step)}, at least 1; got {value!r}.")
    return value


def starts_of_series(
    known: np.ndarray,
    usable: np.ndarray,
    window: int,
    validation_share: float,
    name: str,
    horizon: int = 1,
    step: str = "day",
) -> Starts:
    """Where the steps to predict of each sample begin.

    Args:
        known: bool array, shape `(steps,)`: which may be predicted.
        usable: bool array, shape `(steps,)`: which may stand in a window.
        window: W.
        validation_share: share of the steps not in the test part, in [0, 1).
        name: of the series or its file; named in the error.
        horizon: H.
        step: what lies between two values.

    Returns:
        For each part the t of its samples, shape `(N,)`: all of t - W to t - 1 are usable, all of t to t + H - 1 known
        and in this part.

    Raises:
        ValueError: if there are too few steps.

    Example:
        >>> known = np.arange(20) != 5
        >>> starts_of_series(known, known, 2, 0.0, "a series", horizon=2)["train"]
        array([ 2,  3,  8,  9, 10, 11, 12, 13, 14])
    """
    spans = calendar_parts(len(known), validation_share)
    unusable, unknown = (np.concatenate([[0], np.cumsum(~these)]) for these in (usable, known))
    starts = {}
    for part, span in spans.items():
        t = np.arange(max(span.start, window), max(span.stop - horizon + 1, window))
        t = t[t + horizon <= span.stop]
        starts[part] = t[(unusable[t] == unusable[t - window]) & (unknown[t + horizon] == unknown[t])]
    if any(not len(starts[part]) for part in spans if part != "validation" or validation_share > 0):
        ahead = f"a {step}" if horizon == 1 else counted(horizon, step)
        gaps = "" if known.all() else ", all without gaps,"
        raise ValueError(
            f"{name}: {len(known)} {plural(step)} are too few for windows of {counted(window, step)} and {ahead} after "
            f"them{gaps} in each of the parts to train on, validate and test. Give more {plural(step)} or a smaller "
            f"window{' or horizon' * (horizon > 1)}."
        )
    return starts


def column_scales(
    columns: np.ndarray, known: np.ndarray, validation_share: float, units: Sequence[str]
) -> tuple[Scale, ...]:
    """How each column of a series is standardised: by its known training steps; one that never changes is only moved.

    Args:
        columns: float array, shape `(steps, columns)`, oldest first.
        known: bool array, shape `(steps,)`: which values were measured.
        validation_share: share of the steps not in the test part, in [0, 1).
        units: of the columns.
    """
    span = calendar_parts(len(columns), validation_share)["train"]
    trained_on = columns[span.start : span.stop][known[span.start : span.stop]]
    mean, std = trained_on.mean(axis=0), trained_on.std(axis=0)
    std[np.ptp(trained_on, axis=0) == 0] = 1  # by rounding, it may be a little above 0
    return tuple(Scale(float(m), float(s), unit) for m, s, unit in zip(mean, std, units, strict=True))


def windows_of_series(
    values: np.ndarray,
    window: int,
    validation_share: float,
    unit: str,
    name: str,
    *,
    horizon: int = 1,
    step: str = "day",
    calendar: np.ndarray | None = None,
    vectors: bool = False,
    known: np.ndarray | None = None,
    starts: Starts | None = None,
) -> tuple[dict[str, tuple[np.ndarray, np.ndarray]], Scale]:
    """Splits, standardises and cuts a series into windows.

    Args:
        values: float array, shape `(steps,)`, or `(steps, columns)` of which the first is predicted; oldest first.
        window: W, past steps that a sample shows.
        validation_share: share of the steps not in the test part, in [0, 1).
        unit: of the values; kept in the scale.
        name: of the series or its file; named in the errors.
        horizon: H, steps that are predicted.
        step: what lies between two values, for the errors.
        calendar: features that the windows show beside the columns, as they are, shape `(steps, features)`.
        vectors: whether windows of a single column have an axis of columns too, as recurrent networks take it.
        known: bool array, shape `(steps,)`: which values were measured. Defaults to all.
        starts: of the steps to predict, from `starts_of_series`. Defaults to all that only hold what is known.

    Returns:
        The parts "train", "validation" and "test", each a float32 pair x, shape `(N, W)`, or `(N, W, D)` of several
        columns, and y, shape `(N, H)`; and the scale that turns the predicted column back into the unit.

    Raises:
        ValueError: if there are too few steps, or the training values do not vary.

    Example:
        >>> parts, scale = windows_of_series(np.arange(20.0), 3, 0.0, "views", "counting")
        >>> x, y = parts["test"]
        >>> np.round(scale.restore(x[0])).tolist(), np.round(scale.restore(y[0])).tolist()
        ([13.0, 14.0, 15.0], [16.0])
    """
    columns = np.asarray(values, "float64")
    columns = columns[:, np.newaxis] if columns.ndim == 1 else columns  # (steps, columns)
    known = np.ones(len(columns), bool) if known is None else known
    if starts is None:
        starts = starts_of_series(known, known, window, validation_share, name, horizon, step)
    scales = column_scales(columns, known, validation_share, [unit] * columns.shape[1])
    span = calendar_parts(len(columns), validation_share)["train"]
    if not np.ptp(columns[span.start : span.stop, 0][known[span.start : span.stop]]):
        only = scales[0].mean
        raise ValueError(f"{name}: the value is {only:g} on all training {plural(step)}; there is nothing to learn.")
    mean, std = (np.array([getattr(one, name) for one in scales]) for name in ("mean", "std"))
    shown = ((columns - mean) / std).astype("float32")
    targets = np.lib.stride_tricks.sliding_window_view(shown[:, 0], horizon)  # (steps - H + 1, H)
    if calendar is not None:
        shown = np.concatenate([shown, calendar.astype("float32")], axis=1)  # (steps, D)
    pasts = np.lib.stride_tricks.sliding_window_view(shown, window, axis=0)  # (steps - W + 1, D, W)
    flat = shown.shape[1] == 1 and not vectors
    parts = {}
    for part, t in starts.items():
        past = np.moveaxis(pasts[t - window], 1, 2)  # (N, W, D)
        parts[part] = (past[..., 0] if flat else np.ascontiguousarray(past), targets[t])
    return parts, scales[0]
