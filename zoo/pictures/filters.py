"""The weights of a layer, drawn as what its units look for in an image."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import new_figure

MOST = 128  # units or filters; more would be too small to see
GAP = 0.04  # around a tile, as a share of its place
Place = tuple[float, float, float, float]  # left, right, bottom, top


def first_layer_filters(kernel: np.ndarray, image_shape: tuple[int, ...]) -> np.ndarray | None:
    """A kernel's weights arranged as images, one per unit.

    Args:
        kernel: of a convolution, shape `(h, w, in, out)`, or of a dense layer on a flattened image,
            shape `(H*W*channels, out)`.
        image_shape: the image's `(H, W, channels)`.

    Returns:
        Array of shape `(out, h, w, channels)`; None if the kernel is of another kind.
    """
    if kernel.ndim == 2 and len(image_shape) == 3 and kernel.shape[0] == np.prod(image_shape):
        kernel = kernel.reshape(*image_shape, kernel.shape[-1])
    if kernel.ndim != 4:
        return None
    return np.moveaxis(kernel, -1, 0)  # (out, h, w, channels)


def draw_filters(filters: np.ndarray, layer: str) -> Figure:
    """A tile per filter: in colour if it looks at red, green and blue, else blue and red for above and below zero.

    Each is scaled by its own largest weight.

    Args:
        filters: shape `(filters, h, w, channels)`. The mean of them is drawn where there are several that are no
            colours, and the title says so.
        layer: its name, for the title.

    Returns:
        The figure.
    """
    channels = filters.shape[-1]
    title = f"{layer}: {min(len(filters), MOST)} of {len(filters)} filters"
    if channels == 3:
        return _tiles(filters[:MOST], f"{title}, in colour; grey is zero", _draw_colours)
    title += f", the mean over {channels} channels" if channels > 1 else ""
    return _tiles(filters[:MOST].mean(axis=-1), title, _draw_weights)


def _draw_weights(axes: Axes, weights: np.ndarray, place: Place) -> None:
    limit = np.abs(weights).max() or 1.0
    axes.imshow(weights, cmap="RdBu", vmin=-limit, vmax=limit, extent=place)


def _draw_colours(axes: Axes, weights: np.ndarray, place: Place) -> None:
    axes.imshow(0.5 + weights / (2 * (np.abs(weights).max() or 1.0)), extent=place)


def _tiles(shown: np.ndarray, title: str, draw: Callable[[Axes, np.ndarray, Place], None]) -> Figure:
    """All in one pair of axes: a hundred pairs would take seconds to lay out."""
    columns = min(len(shown), 16 if len(shown) > 32 else 8)
    rows = -(-len(shown) // columns)
    figure = new_figure(max(0.75 * columns, 3.0), 0.75 * rows + 0.3)
    axes = figure.subplots()
    for number, weights in enumerate(shown):
        row, column = divmod(number, columns)
        draw(axes, weights, (column + GAP, column + 1 - GAP, row + 1 - GAP, row + GAP))
    height, width = shown.shape[1:3]
    axes.set(xlim=(0, columns), ylim=(rows, 0), aspect=height / width)
    axes.set_axis_off()
    figure.suptitle(title, x=0.01, ha="left", fontsize=10)
    return figure
