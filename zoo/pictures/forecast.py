"""Forecasts beside what came."""

import numpy as np
from matplotlib.figure import Figure

from ..data.steps import counted, plural
from .style import BLUE, GREY, ORANGE, new_figure, tidy

MOST_DAYS, MOST_STEPS = 90, 168  # drawn: a quarter of days, a week of hours
ORIGINS = 4  # whole forecasts that are drawn


def forecast(targets: np.ndarray, outputs: np.ndarray, unit: str, step: str = "day") -> Figure:
    """The last steps of the test part, true and forecast.

    Args:
        targets: what came, shape `(N,)`, or `(N, H)` of the H steps from each on, in `unit`.
        outputs: what was forecast at the step before, of the same shape, in `unit`.
        unit: what the numbers count, for the axis.
        step: what lies between two values.

    Returns:
        The figure: forecasts one step ahead, and of several steps a few whole ones, each where it begins.
    """
    targets, outputs = (values.reshape(len(values), -1) for values in (targets, outputs))  # (N, H)
    most, horizon = MOST_DAYS if step == "day" else MOST_STEPS, targets.shape[1]
    targets, outputs = targets[-max(most, 2 * horizon) :], outputs[-max(most, 2 * horizon) :]
    figure = new_figure(9, 3)
    axes = figure.subplots()
    axes.plot(targets[:, 0], color=BLUE, linewidth=1.4, label="what came")
    if horizon == 1:
        axes.plot(outputs[:, 0], color=ORANGE, linewidth=1.4, label=f"forecast from the {plural(step)} before")
    else:
        axes.plot(outputs[:, 0], color=GREY, linewidth=1, label=f"forecast one {step} ahead")
        origins = np.linspace(0, max(len(targets) - horizon, 0), ORIGINS).astype(int)
        for number, first in enumerate(np.unique(origins)):
            label = f"forecasts of the next {counted(horizon, step)}" if number == 0 else None
            axes.plot(first + np.arange(horizon), outputs[first], color=ORANGE, linewidth=1.6, label=label)
    axes.set_xlabel(step)
    axes.set_ylabel(unit)
    axes.legend(frameon=False, fontsize=8, ncols=3, loc="lower right", bbox_to_anchor=(1, 1))
    tidy(axes)
    return figure
