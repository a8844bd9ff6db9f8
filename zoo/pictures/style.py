"""How all pictures look."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...callbacks.pictures import BLUE, GREY, ORANGE, RED, new_figure, save_figure, tidy
from ..files import written_whole

__all__ = ["BLUE", "GREY", "ORANGE", "RED", "new_figure", "save_picture", "show_image", "tidy"]


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
    with written_whole(path) as unfinished:
        save_figure(figure, unfinished, dpi=120)
