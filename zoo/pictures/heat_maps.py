"""Heat maps over images: what a model's answer rests on."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .style import new_figure, show_image

MOST_ROWS = 12


def draw_heat_maps(images: np.ndarray, heats: np.ndarray, titles: Sequence[str], what: str) -> Figure:
    """A row per image: the image, its heat map, and the one over the other.

    Args:
        images: shape `(N, H, W, channels)`, values in [0, 1]; the first are drawn if there are many.
        heats: shape `(N, h, w)`, in the images' resolution or a coarser one. With values below zero, white is zero.
        titles: one per image.
        what: the map's name, for its column.

    Returns:
        The figure; each map is scaled by its own largest value.
    """
    count = min(len(images), MOST_ROWS)
    signed = bool((heats < 0).any())
    figure = new_figure(5.4, 1.75 * count + 0.2)
    for row, image, heat, title in zip(figure.subplots(count, 3, squeeze=False), images, heats, titles, strict=False):
        height, width = image.shape[:2]
        limit = np.abs(heat).max() or 1.0
        how = {
            "cmap": "RdBu_r" if signed else "inferno",
            "vmin": -limit if signed else 0,
            "vmax": limit,
            "extent": (-0.5, width - 0.5, height - 0.5, -0.5),
        }
        show_image(row[0], image)
        row[1].imshow(heat, **how)
        show_image(row[2], image)
        row[2].imshow(heat, **how, alpha=0.8 * np.abs(heat) / limit, interpolation="bilinear")
        row[2].set_xlim(-0.5, width - 0.5)
        row[2].set_ylim(height - 0.5, -0.5)
        row[0].set_title(title, fontsize=8, loc="left")
        for axes in row:
            axes.set_xticks([])
            axes.set_yticks([])
    figure.axes[1].set_title(what, fontsize=8, loc="left")
    return figure
