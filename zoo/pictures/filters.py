"""The weights of the first layer, drawn as what they look for in an image."""

import numpy as np
from matplotlib.figure import Figure

from .style import new_figure

MOST = 128  # units or filters; more would be too small to see


def first_layer_filters(kernel: np.ndarray, image_shape: tuple[int, ...]) -> np.ndarray | None:
    """A kernel's weights arranged as images, one per unit.

    Args:
        kernel: of a convolution, shape `(h, w, in, out)`, or of a dense layer on a flattened image,
            shape `(H*W*channels, out)`.
        image_shape: the image's `(H, W, channels)`.

    Returns:
        Array of shape `(out, h, w)`, the mean over the input channels; None if the kernel is of another kind.
    """
    if kernel.ndim == 2 and len(image_shape) == 3 and kernel.shape[0] == np.prod(image_shape):
        kernel = kernel.reshape(*image_shape, kernel.shape[-1])
    if kernel.ndim != 4:
        return None
    return np.moveaxis(kernel.mean(axis=2), -1, 0)  # (out, h, w)


def first_layer_weights(filters: np.ndarray) -> Figure:
    """A tile per unit: blue where ink speaks for it, red where against, each scaled by its own largest weight.

    Args:
        filters: shape `(units, h, w)`.

    Returns:
        The figure.
    """
    shown = filters[:MOST]
    columns = min(len(shown), 16 if len(shown) > 32 else 8)
    rows = -(-len(shown) // columns)
    figure = new_figure(0.75 * columns, 0.75 * rows + 0.3)
    for axes, weights in zip(figure.subplots(rows, columns, squeeze=False).flat, shown, strict=False):
        limit = np.abs(weights).max() or 1.0
        axes.imshow(weights, cmap="RdBu", vmin=-limit, vmax=limit)
    for axes in figure.axes:
        axes.set_axis_off()
    figure.suptitle(f"first layer: {len(shown)} of {len(filters)} units", x=0.01, ha="left", fontsize=10)
    return figure
