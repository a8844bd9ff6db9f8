"""The images that make units answer most, a row for each unit."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .style import ORANGE, new_figure, show_image

MOST_UNITS = 16


def draw_most_activating(found: Sequence[Any], images: Any, whole: bool = False) -> Figure:
    """A row per unit: the patches that it saw, the strongest first, each with the unit's output.

    Args:
        found: as `most_activating` gives it; the first units are drawn if there are many.
        images: that were searched, `(N, H, W, channels)`, values in [0, 1].
        whole: whether to draw the whole images, with a frame around the patch.

    Returns:
        The figure.
    """
    shown = found[:MOST_UNITS]
    columns = max(len(one.indices) for one in shown)
    figure = new_figure(0.9 * columns + 0.9, 1.05 * len(shown) + 0.3)
    for row, one in zip(figure.subplots(len(shown), columns, squeeze=False), shown, strict=True):
        boxes = one.boxes
        pictures = [images[index] for index in one.indices] if whole else one.patches(images)
        for axes in row:
            axes.set_axis_off()
        for number, (axes, picture, value) in enumerate(zip(row, pictures, one.values, strict=False)):
            show_image(axes, picture)
            axes.set_axis_on()
            axes.set_title(f"{value:.3g}", fontsize=6, pad=2)
            if whole and boxes:
                (top, bottom), (left, right) = boxes[number]
                corner, width, height = (left - 0.5, top - 0.5), right - left + 1, bottom - top + 1
                axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=ORANGE, linewidth=1.2))
        row[0].set_ylabel(f"unit {one.unit}", rotation=0, ha="right", va="center", fontsize=8)
    first = shown[0]
    what = "the images" if first.boxes is None else "what each saw"
    more = f", the first {len(shown)} of {len(found)} units" if len(shown) < len(found) else ""
    figure.suptitle(f"{first.layer}: {what} where the output is largest{more}", x=0.01, ha="left", fontsize=9)
    return figure
