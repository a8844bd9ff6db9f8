"""The picture of `OptimizerComparison`: the loss of every optimizer, epoch by epoch."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..pictures import COLOURS, count_epochs, new_figure, tidy

_TITLES = {"loss": "training loss", "val_loss": "validation loss"}
_LINES = ("-", "--", ":", "-.")  # when there are more optimizers than colours


def draw_comparison(rows: Sequence[Mapping[str, Any]], names: Sequence[str], diverged: Collection[str]) -> Figure:
    """One panel for the training loss, and one for the validation loss if there is one; without any, the first figure.

    Args:
        rows: of the callback.
        names: of the optimizers, in the order of their colours.
        diverged: those of them that have, which the legend says.
    """
    figures = dict.fromkeys(name for row in rows for name, value in row.items() if np.ndim(value) == 0)
    others = [name for name in figures if name not in ("epoch", "optimizer", "diverged")]
    metrics = [name for name in _TITLES if name in figures] or others[:1]
    figure = new_figure(0.5 + 4.5 * max(1, len(metrics)), 3.4)
    panels = figure.subplots(1, max(1, len(metrics)), sharey=True, squeeze=False)[0]
    for axes, metric in zip(panels, metrics, strict=False):
        _draw(axes, rows, names, diverged, metric)
    panels[-1].legend(frameon=False, fontsize=8)
    return figure


def _draw(axes, rows, names, diverged, metric: str) -> None:
    drawn = []
    for place, name in enumerate(names):
        points = [(row["epoch"], float(row[metric])) for row in rows if row["optimizer"] == name and metric in row]
        points = [(epoch, value) for epoch, value in points if math.isfinite(value)]
        label = f"{name} (diverged)" if name in diverged else name
        line = _LINES[place // len(COLOURS) % len(_LINES)]
        marker = "o" if len(points) < 20 else None
        axes.plot(
            *zip(*points, strict=True), line, color=COLOURS[place % len(COLOURS)], label=label, marker=marker, ms=3
        ) if points else axes.plot([], [], label=label)
        drawn += [value for _, value in points]
    if drawn and min(drawn) > 0 and max(drawn) > 20 * min(drawn):
        axes.set_yscale("log")
    axes.set_title(_TITLES.get(metric, metric), loc="left", fontsize=10)
    count_epochs(axes)
    tidy(axes)
