"""How the callbacks' pictures look. The zoo's pictures look the same (`zoo/pictures/style.py`)."""

from pathlib import Path
from typing import IO

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import AutoLocator

# Okabe and Ito's colours, told apart with every kind of colour vision.
BLUE, ORANGE, RED, GREY = "#0072B2", "#E69F00", "#D55E00", "#888888"
_POWER = "$\\mathdefault{"  # how matplotlib writes 10^3 at a logarithmic axis
COLOURS = (BLUE, ORANGE, "#009E73", RED, "#CC79A7", "#56B4E9", "#F0E442", "#000000")


def new_figure(width: float, height: float, **kwargs) -> Figure:
    """An empty figure of so many inches that lays itself out. It belongs to no window and no global list."""
    return Figure(figsize=(width, height), layout="constrained", **kwargs)


def tidy(axes: Axes, grid: bool = True) -> Axes:
    """Takes away the frame's upper and right side and draws a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    if grid:
        axes.grid(alpha=0.25, linewidth=0.6)
        axes.set_axisbelow(True)
    return axes


def count_epochs(axes: Axes) -> None:
    """Labels the horizontal axis as epochs, in whole numbers; to be called when everything is drawn.

    Of axes that share it, all count: one may hold a single epoch, and another the whole run.
    """
    axes.set_xlabel("epoch")
    sharing = axes.get_shared_x_axes().get_siblings(axes)
    ends = [end for one in sharing for end in one.dataLim.intervalx if np.isfinite(end)]
    if ends and min(ends) == max(ends):  # a single epoch, about which matplotlib would mark fractions of one
        axes.set_xlim(ends[0] - 0.5, ends[0] + 0.5)
        axes.set_xticks(ends[:1])
    else:
        axes.autoscale(axis="x")  # from a single epoch, if there was one when those that share it were labelled
        locator = AutoLocator()
        locator.set_params(integer=True)
        axes.xaxis.set_major_locator(locator)


def save_figure(figure: Figure, file: Path | IO[bytes], **kwargs) -> None:
    """`figure.savefig`, with every name taken as it stands: those of layers and classes may hold dollar signs."""
    with rc_context({"text.parse_math": False, "svg.hashsalt": "gradschool"}):  # an SVG is the same every time
        for text in figure.findobj(Text):
            text.set_parse_math(False)
        figure.draw_without_rendering()  # which makes the ticks
        for text in figure.findobj(Text):
            if text.get_text().startswith(_POWER):
                text.set_parse_math(True)
        figure.savefig(file, **kwargs)
