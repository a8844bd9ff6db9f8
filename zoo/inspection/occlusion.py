"""Occlusion: how much a model's score for a class drops when a patch of the image is covered (Zeiler & Fergus 2014)."""

from collections.abc import Sequence

import keras
import numpy as np

from ...callbacks.numbers_given import is_whole
from .class_scores import chosen_classes, model_outputs
from .layer_access import check_images


def occlusion(
    model: keras.Model,
    images: np.ndarray,
    classes: int | Sequence[int] | None = None,
    size: int | None = None,
    stride: int | None = None,
    fill: float = 0.0,
    batch_size: int = 64,
) -> np.ndarray:
    """For each pixel, by how much covering it lowers the score of a class.

        heat(x, y) = mean over the patches P that cover (x, y) of  score(image) - score(image with P filled)

    Above zero, what is there speaks for the class; below, against it. Only the model's answers are used, so that any
    model can be asked, and the map shows what the model does, at the price of a forward pass for each patch.

    Args:
        model: gives one score for each class (a zoo model's are logits), with an image `(H, W, channels)` as its input.
        images: shape `(N, H, W, channels)`, N >= 1.
        classes: whose score, one for all images or one for each; by default the one that the model gives it.
        size: side of the square patch, in pixels; by default a quarter of the image's shorter side.
        stride: pixels from one patch to the next, at most `size`; by default a quarter of it. The last one ends at the
            border, whatever the stride.
        fill: the value that covers.
        batch_size: covered images at a time.

    Returns:
        float32 array, shape `(N, H, W)`.

    Raises:
        ValueError: if an argument does not fit the model or the images.

    Example:
        >>> model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
        >>> occlusion(model, np.ones((2, 8, 8, 1))).shape
        (2, 8, 8)

    Reference:
        Zeiler & Fergus (2014), "Visualizing and Understanding Convolutional Networks", section 4.2. Unlike there, the
        drop of the model's own score is shown, not the probability; and pixel by pixel, not patch by patch.
    """
    check_images(model, images)
    images = np.asarray(images, "float32")
    if images.ndim != 4:
        raise ValueError(f"occlusion covers patches of images (N, H, W, channels); got the shape {images.shape}.")
    size, stride = _checked(images.shape[1:3], size, stride)
    outputs = model_outputs(model, images, batch_size)
    chosen = chosen_classes(outputs, classes)
    corners = [
        (top, left) for top in _starts(images.shape[1], size, stride) for left in _starts(images.shape[2], size, stride)
    ]
    heat = np.zeros(images.shape[:3], "float32")
    for number, image in enumerate(images):
        drops = outputs[number, chosen[number]] - _covered_scores(
            model, image, chosen[number], corners, size, fill, batch_size
        )
        covers = np.zeros(image.shape[:2])
        for (top, left), drop in zip(corners, drops, strict=True):
            heat[number, top : top + size, left : left + size] += drop
            covers[top : top + size, left : left + size] += 1
        heat[number] /= covers
    return heat


def _covered_scores(model, image, chosen: int, corners, size: int, fill: float, batch_size: int) -> np.ndarray:
    """The score of a class for one image with each of the patches covered."""
    scores = []
    for first in range(0, len(corners), batch_size):
        some = corners[first : first + batch_size]
        covered = np.repeat(image[np.newaxis], len(some), axis=0)  # (patches, H, W, channels)
        for row, (top, left) in enumerate(some):
            covered[row, top : top + size, left : left + size] = fill
        scores.append(model_outputs(model, covered, batch_size)[:, chosen])
    return np.concatenate(scores)


def _checked(sides: Sequence[int], size: int | None, stride: int | None) -> tuple[int, int]:
    size = max(1, min(sides) // 4) if size is None else size
    if not is_whole(size, 1) or size > min(sides):
        raise ValueError(f"size must be a whole number of pixels from 1 to {min(sides)}; got {size!r}.")
    stride = max(1, size // 4) if stride is None else stride
    if not is_whole(stride, 1) or stride > size:
        raise ValueError(f"stride must be a whole number of pixels from 1 to size={size}; got {stride!r}.")
    return int(size), int(stride)


def _starts(length: int, size: int, stride: int) -> list[int]:
    """Where the patches begin along one axis.

    Example:
        >>> _starts(10, 4, 4)
        [0, 4, 6]
    """
    starts = list(range(0, length - size + 1, stride))
    return starts if starts[-1] == length - size else [*starts, length - size]
