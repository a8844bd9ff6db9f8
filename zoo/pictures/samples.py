"""A look at a data set: some images of each class, or some windows of a series."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .style import BLUE, RED, new_figure, show_image, tidy

COLUMNS, MOST_CLASSES, WINDOWS = 10, 20, 4


def image_samples(images: np.ndarray, targets: np.ndarray, class_names: Sequence[str]) -> Figure:
    """A row of images per class.

    Args:
        images: shape `(N, H, W, channels)`, values in [0, 1].
        targets: class numbers, shape `(N,)`.
        class_names: one per class.

    Returns:
        The figure, with the first classes that there are images of if there are many.
    """
    shown = np.unique(targets)[:MOST_CLASSES]
    figure = new_figure(0.75 * COLUMNS + 1, 0.75 * len(shown))
    grid = figure.subplots(len(shown), COLUMNS, squeeze=False)
    for row, number, name in zip(grid, shown, [class_names[one] for one in shown], strict=True):
        for axes, image in zip(row, images[targets == number], strict=False):
            show_image(axes, image)
        for axes in row:
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(False)
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    return figure


def series_samples(windows: np.ndarray, targets: np.ndarray, unit: str) -> Figure:
    """Some windows of past days, and the day that followed each.

    Args:
        windows: shape `(N, days)`, in `unit`.
        targets: shape `(N,)`, in `unit`.
        unit: what the numbers count, for the axis.

    Returns:
        The figure.
    """
    figure = new_figure(9, 2.6)
    chosen = np.linspace(0, len(windows) - 1, WINDOWS).astype(int)
    for axes, index in zip(figure.subplots(1, WINDOWS, sharey=True), chosen, strict=True):
        days = windows.shape[1]
        axes.plot(range(-days, 0), windows[index], color=BLUE)
        axes.plot(0, targets[index], "o", color=RED)
        axes.set_xlabel("day")
        tidy(axes)
    figure.axes[0].set_ylabel(unit)
    return figure
