"""The picture of a `TrainingDoctor`: what was found when, below the loss."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from ..pictures import RED, count_epochs, new_figure, tidy
from ..reporting.curves import draw_curve


def draw_findings(epochs: Sequence[Mapping[str, Any]], findings: Sequence[Mapping[str, Any]]) -> Figure:
    """The loss by epoch, and a line for every condition with a mark at each epoch in which it was found.

    Args:
        epochs: the logs, with `epoch`.
        findings: with `epoch` and `condition`.
    """
    conditions = list(dict.fromkeys(one["condition"] for one in findings))
    figure = new_figure(6.4, 2.8 + 0.3 * len(conditions))
    ratios = (2.4, 0.35 + 0.3 * len(conditions))
    loss, marks = figure.subplots(2, 1, sharex=True, height_ratios=ratios)
    draw_curve(loss, [epochs], "loss")
    loss.set_xlabel("")
    for number, condition in enumerate(conditions):
        found = [one["epoch"] for one in findings if one["condition"] == condition]
        marks.plot(found, [number] * len(found), "s", color=RED, ms=6)
    marks.set_yticks(range(len(conditions)), conditions, fontsize=8)
    marks.set_ylim(max(len(conditions), 1) - 0.5, -0.5)
    if not conditions:
        marks.set_yticks([])
        marks.text(0.5, 0.5, "nothing was found", transform=marks.transAxes, ha="center", va="center", fontsize=8)
    count_epochs(tidy(marks, grid=False))
    return figure
