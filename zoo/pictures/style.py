"""How all pictures look."""

from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from ..files import written_whole

# Okabe and Ito's colours, told apart with every kind of colour vision.
BLUE, ORANGE, RED, GREY = "#0072B2", "#E69F00", "#D55E00", "#888888"


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


def show_image(axes: Axes, image) -> None:
    """Draws one image, shape `(H, W, 1)` or `(H, W, 3)`, values in [0, 1], without ticks."""
    axes.imshow(image.squeeze(-1) if image.shape[-1] == 1 else image, cmap="gray_r", vmin=0, vmax=1)
    axes.set_xticks([])
    axes.set_yticks([])


def save_picture(figure: Figure, path: Path) -> None:
    """Writes a figure into an image file of the type that its name says, a .png if it says none.

    Raises:
        ValueError: if matplotlib knows no such type.
        OSError: if the file cannot be written.
    """
    path = path if path.suffix or path.is_dir() else path.with_suffix(".png")
    for text in figure.findobj(Text):
        text.set_parse_math(False)  # a user's file or class may have dollar signs in its name
    with written_whole(path) as unfinished, rc_context({"text.parse_math": False}):
        figure.savefig(unfinished, dpi=120)
