"""Accuracy over the shift of the images."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from ...callbacks.pictures import COLOURS
from .style import new_figure, tidy


def draw_shift(curves: Sequence[Any]) -> Figure:
    """A line per model, its parameters beside its name.

    Args:
        curves: as `shift_accuracy` gives them.

    Returns:
        The figure.
    """
    figure = new_figure(5.6, 3.4)
    axes = figure.subplots()
    for number, curve in enumerate(curves):
        label = f"{curve.model} ({curve.parameters:,} parameters)"
        accuracies = [100 * one for one in curve.accuracies]
        axes.plot(curve.shifts, accuracies, "o-", color=COLOURS[number % len(COLOURS)], label=label, markersize=4)
    axes.set_xlabel("shift in pixels, mean over the directions")
    axes.set_ylabel("accuracy in %")
    axes.set_ylim(0, 101)
    axes.legend(frameon=False, fontsize=8)
    tidy(axes)
    return figure
