"""The decision boundary of a net with two inputs."""

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from .style import BLUE, ORANGE, new_figure, tidy


def decision_boundary(
    predict: Callable[[np.ndarray], np.ndarray], inputs: np.ndarray, targets: np.ndarray, threshold: float
) -> Figure:
    """The plane of the two inputs, coloured by the answer, with the samples on it.

    Args:
        predict: from points, shape `(N, 2)`, to answers, shape `(N, 1)`.
        inputs: the samples, shape `(N, 2)`.
        targets: their right answers, shape `(N,)` or `(N, 1)`.
        threshold: answers above it count as "yes".

    Returns:
        The figure.
    """
    low, high = inputs.min() - 0.6, inputs.max() + 0.6
    line = np.linspace(low, high, 201, dtype="float32")
    points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    yes = (predict(points).reshape(201, 201) > threshold).astype(float)
    figure = new_figure(3.6, 3.4)
    axes = figure.subplots()
    axes.contourf(line, line, yes, levels=[-0.5, 0.5, 1.5], colors=[ORANGE, BLUE], alpha=0.25)
    truth = targets.reshape(-1) > threshold
    for mask, colour, label in ((truth, BLUE, "yes"), (~truth, ORANGE, "no")):
        first, second = inputs[mask].T
        axes.scatter(first, second, color=colour, edgecolor="black", s=70, label=label, zorder=3)
    axes.set_aspect("equal")
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="upper center", bbox_to_anchor=(0.5, 1.14))
    tidy(axes)
    return figure
