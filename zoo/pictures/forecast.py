"""A forecast beside what came."""

import numpy as np
from matplotlib.figure import Figure

from .style import BLUE, ORANGE, new_figure, tidy

MOST_DAYS = 90


def forecast(targets: np.ndarray, outputs: np.ndarray, unit: str) -> Figure:
    """The last days of the test part, true and forecast.

    Args:
        targets: what came, shape `(N,)`, in `unit`.
        outputs: what was forecast the day before, shape `(N,)`, in `unit`.
        unit: what the numbers count, for the axis.

    Returns:
        The figure.
    """
    targets, outputs = targets[-MOST_DAYS:], outputs[-MOST_DAYS:]
    figure = new_figure(9, 3)
    axes = figure.subplots()
    axes.plot(targets, color=BLUE, linewidth=1.4, label="what came")
    axes.plot(outputs, color=ORANGE, linewidth=1.4, label="forecast from the days before")
    axes.set_xlabel("day")
    axes.set_ylabel(unit)
    axes.legend(frameon=False, fontsize=8, ncols=2)
    tidy(axes)
    return figure
