"""Attention as a map: where a model looked in the source before it wrote each token."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from .style import new_figure

MOST_COLUMNS = 4  # heads beside each other


def attention_map(weights: np.ndarray, source: Sequence[str], target: Sequence[str], title: str = "") -> Figure:
    """The weights as squares: black where all of the attention is, white where none is.

    Args:
        weights: shape `(T, S)`, or `(heads, T, S)` for a map of each head; in [0, 1].
        source: what stands at the S places that can be looked at.
        target: what was written at the T steps.
        title: of the figure.

    Returns:
        The figure.

    Raises:
        ValueError: if there are not as many words as weights.
    """
    heads = np.asarray(weights)[None] if np.ndim(weights) == 2 else np.asarray(weights)
    if heads.ndim != 3 or heads.shape[1:] != (len(target), len(source)):
        raise ValueError(
            f"weights must have the shape (T, S) or (heads, T, S) for T = {len(target)} target and S = {len(source)} "
            f"source tokens; got {np.shape(weights)}."
        )
    columns = min(len(heads), MOST_COLUMNS)
    rows = -(-len(heads) // columns)
    width, height = (min(1.4 + 0.24 * len(labels), 14) for labels in (source, target))
    figure = new_figure(min(columns * width, 24), min(rows * height, 24) + 0.4)
    for number, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        if number >= len(heads):
            axes.set_axis_off()
            continue
        axes.imshow(heads[number], cmap="gray_r", vmin=0, vmax=1, aspect="auto")
        axes.xaxis.tick_top()
        axes.set_xticks(range(len(source)), map(_label, source), fontsize=8, rotation=90)
        axes.set_yticks(range(len(target)), map(_label, target), fontsize=8)
        if len(heads) > 1:
            axes.set_xlabel(f"head {number + 1}", fontsize=8)
    if title:
        figure.suptitle(title.replace("$", r"\$"), fontsize=10)
    return figure


def _label(token: str) -> str:
    """A token as it can be read beside an axis: blanks are seen, and dollars begin no formula."""
    return token.replace(" ", "\u2423").replace("\n", "\u21b5").replace("$", r"\$")
