"""What an autoencoder makes of images, and where it puts them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .style import new_figure, show_image, tidy

COLUMNS = 12


def reconstructions(images: np.ndarray, reconstructed: np.ndarray, spoilt: np.ndarray | None = None) -> Figure:
    """A column per image: the original, what a denoising model was shown, and what came out.

    Args:
        images: shape `(N, H, W, channels)`, values in [0, 1]; the first are drawn if there are many.
        reconstructed: as many.
        spoilt: as many, if the model was not shown the originals.

    Returns:
        The figure.
    """
    rows = {"original": images, "spoilt": spoilt, "reconstructed": reconstructed}
    shown = {name: row[:COLUMNS] for name, row in rows.items() if row is not None}
    columns = min(COLUMNS, len(images))
    figure = new_figure(0.85 * columns + 1, 0.9 * len(shown) + 0.1)
    grid = figure.subplots(len(shown), columns, squeeze=False)
    for axes_row, (name, row) in zip(grid, shown.items(), strict=True):
        for axes, image in zip(axes_row, row, strict=True):
            show_image(axes, np.clip(image, 0, 1))
        axes_row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    return figure


def image_grid(images: np.ndarray, columns: int = COLUMNS) -> Figure:
    """Images in rows, such as those that a model has made up.

    Args:
        images: shape `(N, H, W, channels)`, values in [0, 1].
        columns: how many in a row.

    Returns:
        The figure.
    """
    rows = -(-len(images) // columns)
    figure = new_figure(0.8 * columns, 0.8 * rows)
    places = figure.subplots(rows, columns, squeeze=False).flat
    for axes, image in zip(places, images, strict=False):
        show_image(axes, image)
    for axes in figure.axes[len(images) :]:
        axes.set_axis_off()
    return figure


def code_map(codes: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Codes of two values as points, each in the colour of its class, which the model was never told.

    Args:
        codes: shape `(N, 2)`.
        labels: class numbers, shape `(N,)`.
        class_names: one per class; up to 20 are told apart.

    Returns:
        The figure.
    """
    figure = new_figure(6, 5)
    axes = figure.subplots()
    for number, name in enumerate(class_names[:20]):
        of_class = codes[labels == number]
        axes.scatter(
            of_class[:, 0], of_class[:, 1], s=9, label=name, color=f"C{number}" if len(class_names) <= 10 else None
        )
    axes.set_xlabel("first value of the code")
    axes.set_ylabel("second value")
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    tidy(axes)
    return figure
