"""What units see of an image, and how much each pixel moves them."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .style import ORANGE, new_figure

IN_A_ROW = 4


def draw_receptive_fields(fields: Sequence[Any], measured: Sequence[Any]) -> Figure:
    """A tile per layer: the influence of each pixel on the unit in its middle, framed by all that this unit can see.

    Args:
        fields: as `receptive_fields` gives them, of images.
        measured: for the same layers, as `measured_field` gives them.

    Returns:
        The figure. The darker, the more influence; each tile is scaled by its own largest.
    """
    columns = min(IN_A_ROW, len(fields))
    rows = -(-len(fields) // columns)
    figure = new_figure(max(1.6 * columns, 3.2), 1.85 * rows + 0.3)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, field, one in zip(grid.flat, fields, measured, strict=False):
        axes.set_axis_on()
        axes.imshow(one.influence, cmap="Blues", vmin=0, vmax=1)
        (top, bottom), (left, right) = field.box(one.unit or None)
        corner, width, height = (left - 0.5, top - 0.5), right - left + 1, bottom - top + 1
        axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=ORANGE, linewidth=1.5))
        effective = " x ".join(f"{size:.1f}" for size in one.effective_size)
        axes.set_title(f"{field.layer}\n{field}, effective {effective}", fontsize=6)
        axes.set_xticks([])
        axes.set_yticks([])
    return figure
