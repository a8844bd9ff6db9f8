"""What a view of `gradschool inspect` is: from models and the user's wishes to what is printed and drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .subject import Images, Subject


@dataclass(frozen=True)
class Wishes:
    """What the user asked for; None is the view's own choice.

    Args:
        layer: its name.
        units: their numbers.
        explained: name or number of the class to explain.
        count: how many images.
        sample: number of the first image.
        size: side of the patch that covers, in pixels.
        shifts: in pixels.
        training: samples and epochs of a training whose cost is wanted.
        whole: whether to show whole images in place of patches.
    """

    layer: str | None = None
    units: Sequence[int] | None = None
    explained: str | None = None
    count: int | None = None
    sample: int = 0
    size: int | None = None
    shifts: Sequence[int] = (0, 1, 2, 3, 4, 5, 6)
    training: tuple[int, int] | None = None
    whole: bool = False


@dataclass(frozen=True)
class View:
    """What a view found.

    Args:
        values: as JSON has them.
        printed: tables and lines.
        figure: the picture, if there is one.
    """

    values: dict[str, Any]
    printed: list[Any] = field(default_factory=list)
    figure: Any = None


Look = Callable[[Sequence[Subject], Wishes, Callable[[], Images]], View]


def some_images(found: Images, wishes: Wishes, count: int | None) -> Images:
    """So many of the images, from the wished one on; `count` is the view's own choice, None for all.

    Raises:
        ValueError: if there is no such image.
    """
    if wishes.sample >= len(found.images):
        raise ValueError(f"--sample must be from 0 to {len(found.images) - 1} ({found.source}); got {wishes.sample}.")
    count = wishes.count or count
    part = slice(wishes.sample, None if count is None else wishes.sample + count)
    labels = None if found.labels is None else found.labels[part]
    return Images(found.images[part], found.names[part], labels, found.source)
