"""The worst mistakes: wrong, and sure of it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .style import new_figure, show_image

ROWS, COLUMNS = 3, 8


def worst_mistakes(
    images: np.ndarray, targets: np.ndarray, probabilities: np.ndarray, class_names: Sequence[str]
) -> Figure:
    """The wrongly classified images in which the model believed most.

    Args:
        images: shape `(N, H, W, channels)`, values in [0, 1].
        targets: right class numbers, shape `(N,)`.
        probabilities: shape `(N, C)`.
        class_names: one per class.

    Returns:
        The figure; it says so if there is no mistake.
    """
    classes, belief = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(classes != targets)
    worst = wrong[np.argsort(-belief[wrong], kind="stable")][: ROWS * COLUMNS]
    columns = min(COLUMNS, max(len(worst), 4))
    rows = max(1, -(-len(worst) // columns))
    figure = new_figure(1.15 * columns, 1.45 * rows + 0.4)
    for axes, index in zip(figure.subplots(rows, columns, squeeze=False).flat, worst, strict=False):
        show_image(axes, images[index])
        truth, guess = class_names[targets[index]], class_names[classes[index]]
        axes.set_title(f"{truth}, not {guess}\n({belief[index]:.0%} sure)", fontsize=7)
    for axes in figure.axes[len(worst) :]:
        axes.set_axis_off()
    figure.suptitle(f"{len(wrong):,} mistakes in {len(targets):,}", x=0.01, ha="left", fontsize=10)
    return figure
