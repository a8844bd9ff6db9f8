"""Learning curves: how the loss and the metrics went, epoch by epoch."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from ...callbacks.reporting.curves import curve_names, draw_curve
from .style import new_figure


def learning_curves(history: Sequence[dict[str, float]]) -> Figure:
    """One panel for the loss and one for each metric, training and validation in each.

    Args:
        history: the rows of `history.csv`: `epoch`, `loss`, metrics, and the same with `val_` before them. What
            diagnostics measured besides has pictures of its own.

    Returns:
        The figure.
    """
    names = curve_names(history[0])
    figure = new_figure(4.2 * len(names), 3.2)
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        draw_curve(axes, [history], name)
    return figure
