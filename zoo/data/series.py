"""A regular series, and how samples are made of it: windows, outputs, naive forecasts, and what is said of them."""

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from .calendar_features import calendar_features
from .description import Description, Output
from .naive_forecasts import naive_forecasts, seasons
from .samples import Samples
from .steps import DAY, counted, step_name
from .windows import check_horizon, check_window, column_scales, starts_of_series, windows_of_series

WINDOWS = {"day": 28, "hour": 48}  # the steps that windows show unless the user says otherwise
_OTHER_WINDOW = 28


@dataclass(frozen=True)
class Series:
    """Values at equal distances.

    Args:
        name: of the series or its file, for errors.
        columns: names; the first one is predicted.
        unit: of the first column.
        values: shape `(steps, columns)`, oldest first; gaps hold the values before them.
        step: time between two values.
        dates: of the steps as datetime64, shape `(steps,)`; None if they are unknown.
        known: bool array, shape `(steps,)`: which values were measured. None for all.
        usable: bool array, shape `(steps,)`: which may stand in a window. None for those known.
        even: whether the steps follow one another in time; without that, nothing is known of yesterday.
    """

    name: str
    columns: tuple[str, ...]
    unit: str
    values: np.ndarray
    step: timedelta = DAY
    dates: np.ndarray | None = None
    known: np.ndarray | None = None
    usable: np.ndarray | None = None
    even: bool = True


def default_window(step: timedelta) -> int:
    """The steps that a window shows unless the user says otherwise: 28 days, 48 hours."""
    return WINDOWS.get(step_name(step), _OTHER_WINDOW)


def samples_of_series(
    series: Series,
    description: Description,
    validation_share: float,
    window: int,
    horizon: int = 1,
    calendar: bool = False,
    vectors: bool = False,
) -> Samples:
    """Windows of a series and the steps after them, with naive forecasts of the test part.

    Args:
        series: of which the first column is predicted.
        description: what is known about it; shape, scale, outputs, step and features are filled in.
        validation_share: share of the steps not in the test part, in [0, 1).
        window: steps that a sample shows, at least 1.
        horizon: steps that are predicted, at least 1.
        calendar: whether windows show hour and weekday too.
        vectors: whether windows of a single column have an axis of columns too, as recurrent networks take it.

    Raises:
        ValueError: if an option makes no sense, or the series is too short.
    """
    step = step_name(series.step)
    check_window(window, step)
    check_horizon(horizon, step)
    _check_flags(calendar=calendar, vectors=vectors)
    features, names = calendar_features(_dates_of(series), series.step) if calendar else (None, ())
    known = np.ones(len(series.values), bool) if series.known is None else series.known
    usable = known if series.usable is None else series.usable
    starts = starts_of_series(known, usable, window, validation_share, series.name, horizon, step)
    parts, scale = windows_of_series(
        series.values,
        window,
        validation_share,
        series.unit,
        series.name,
        horizon=horizon,
        step=step,
        calendar=features,
        vectors=vectors,
        known=known,
        starts=starts,
    )
    standardised = ((series.values[:, 0] - scale.mean) / scale.std).astype("float32")
    naive = naive_forecasts(standardised, starts["test"], horizon, seasons(series.step) if series.even else {})
    ahead = [f" {counted(k, step)} ahead" for k in range(1, horizon + 1)] if horizon > 1 else [""]
    outputs = tuple(Output(series.columns[0] + how_far, scale.unit, scale.mean, scale.std) for how_far in ahead)
    shape = parts["train"][0].shape[1:]
    shown = (*series.columns, *names) if len(shape) == 2 else ()
    columns = np.asarray(series.values, "float64").reshape(len(known), -1)
    scales = column_scales(columns, known, validation_share, (scale.unit, *series.columns[1:]))
    description = replace(
        description, input_shape=shape, scale=scale, input_scales=scales, outputs=outputs, step=step, features=shown
    )
    return Samples(parts, description, baselines=naive)


def _check_flags(**flags: bool) -> None:
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise ValueError(f"{name} is True or False (--data-option {name}=true); got {value!r}.")


def _dates_of(series: Series) -> np.ndarray:
    if series.dates is None:
        raise ValueError(f"calendar=True: {series.name} has no dates to read hours and weekdays from; leave it out.")
    return series.dates
