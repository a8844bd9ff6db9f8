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


def series_samples(
    windows: np.ndarray,
    targets: np.ndarray,
    unit: str,
    step: str = "day",
    beside: np.ndarray | None = None,
    names: Sequence[str] = (),
) -> Figure:
    """Some windows of past steps, and the steps that followed each.

    Args:
        windows: of what is predicted, shape `(N, W)`, in `unit`.
        targets: shape `(N,)`, or `(N, H)` of H steps, in `unit`.
        unit: what the numbers count, for the axis.
        step: what lies between two values.
        beside: the other features of the windows, shape `(N, W, D)`; drawn below, standardised as they are.
        names: of the other features.

    Returns:
        The figure.
    """
    chosen = np.linspace(0, len(windows) - 1, WINDOWS).astype(int)
    targets, past = targets.reshape(len(targets), -1), range(-windows.shape[1], 0)  # (N, H)
    rows = 1 if beside is None else 2
    figure = new_figure(9, 2.6 * rows)
    grid = figure.subplots(rows, WINDOWS, sharex="col", sharey="row", squeeze=False)
    for axes, index in zip(grid[0], chosen, strict=True):
        axes.plot(past, windows[index], color=BLUE)
        axes.plot(range(targets.shape[1]), targets[index], "o", color=RED, markersize=6 if targets.shape[1] == 1 else 3)
    grid[0, 0].set_ylabel(unit)
    if beside is not None:
        for axes, index in zip(grid[1], chosen, strict=True):
            lines = axes.plot(past, beside[index], linewidth=1)
        grid[1, 0].set_ylabel("standardised")
        figure.legend(lines, names, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    for axes in grid.flat:
        tidy(axes)
    for axes in grid[-1]:
        axes.set_xlabel(step)
    return figure
