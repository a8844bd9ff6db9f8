"""What layers make of an image: their maps, beside it."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from .style import new_figure, show_image

IN_A_ROW, MOST = 12, 64  # maps of each of several layers; of one layer


def draw_feature_maps(image: np.ndarray, maps: Mapping[str, np.ndarray]) -> Figure:
    """A row of maps per layer, or all maps of the only one: blue above zero, red below, scaled layer by layer.

    Args:
        image: that was shown, `(H, W, channels)`, values in [0, 1].
        maps: by the layers' names, each `(h, w, channels)`.

    Returns:
        The figure, the image in its first tile.
    """
    if len(maps) == 1:
        ((name, only),) = maps.items()
        tiles = [(name, only, range(first, min(first + IN_A_ROW, only.shape[-1], MOST)))
                 for first in range(0, min(only.shape[-1], MOST), IN_A_ROW)]  # fmt: skip
    else:
        tiles = [(name, one, range(min(one.shape[-1], IN_A_ROW))) for name, one in maps.items()]
    columns = 1 + max(len(channels) for _, _, channels in tiles)
    figure = new_figure(0.8 * columns + 0.6, 0.95 * len(tiles) + 0.2)
    grid = figure.subplots(len(tiles), columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    show_image(grid[0, 0], image)
    for number, (row, (name, one, channels)) in enumerate(zip(grid, tiles, strict=True)):
        limit = np.abs(one).max() or 1.0
        if number == 0 or len(maps) > 1:
            shown = min(one.shape[-1], MOST) if len(maps) == 1 else len(channels)
            words = f"{name}: {shown} of {one.shape[-1]} maps"
            row[1].set_title(words, fontsize=7, loc="left")
        for axes, channel in zip(row[1:], channels, strict=False):
            axes.imshow(one[..., channel], cmap="RdBu", vmin=-limit, vmax=limit)
    return figure
