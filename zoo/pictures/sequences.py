"""A look at sequences of vectors, such as the spectra of sounds: time to the right, a row for each feature."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .style import new_figure

COLUMNS, MOST_CLASSES = 4, 10


def sequence_samples(sequences: np.ndarray, targets: np.ndarray, class_names: Sequence[str]) -> Figure:
    """A row of sequences per class.

    Args:
        sequences: shape `(N, T, D)`; zeros at the end of all are cut off.
        targets: class numbers, shape `(N,)`.
        class_names: one per class.

    Returns:
        The figure, with the first classes that there are sequences of if there are many.
    """
    shown = np.unique(targets)[:MOST_CLASSES]
    figure = new_figure(2 * COLUMNS + 1, 0.9 * len(shown))
    grid = figure.subplots(len(shown), COLUMNS, squeeze=False)
    low, high = np.percentile(sequences[:100], [1, 99])
    for row, number in zip(grid, shown, strict=True):
        for axes, sequence in zip(row, sequences[targets == number], strict=False):
            steps = np.flatnonzero(sequence.any(axis=1)).max(initial=0) + 1
            axes.imshow(sequence[:steps].T, aspect="auto", origin="lower", vmin=low, vmax=high, cmap="viridis")
        for axes in row:
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(False)
        row[0].set_ylabel(class_names[number], rotation=0, ha="right", va="center", fontsize=9)
    return figure
