"""The confusion matrix: which class was taken for which."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .style import new_figure

MOST_NUMBERS = 20  # with more classes than that the numbers in the cells can no longer be read


def confusion_matrix(targets: np.ndarray, classes: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Counts by true class (rows) and predicted class (columns), coloured by their share of the row.

    Args:
        targets: right class numbers, shape `(N,)`.
        classes: predicted class numbers, shape `(N,)`.
        class_names: one per class.

    Returns:
        The figure.
    """
    from sklearn.metrics import confusion_matrix as count

    counts = count(targets, classes, labels=range(len(class_names)))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = min(2.2 + 0.38 * len(class_names), 12)
    figure = new_figure(size, size)
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    if len(class_names) <= 50:
        turned = 90 if max(map(len, class_names)) > 2 else 0
        axes.set_xticks(range(len(class_names)), class_names, fontsize=7, rotation=turned)
        axes.set_yticks(range(len(class_names)), class_names, fontsize=7)
    if len(class_names) <= MOST_NUMBERS:
        for row, column in np.argwhere(counts > 0):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, counts[row, column], ha="center", va="center", fontsize=6.5, color=colour)
    right = int(np.trace(counts))
    axes.set_title(f"{right:,} of {len(targets):,} right", loc="left", fontsize=10)
    return figure
