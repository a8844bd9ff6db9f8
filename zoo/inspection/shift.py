"""Does a model still know an image that has moved? Accuracy over the shift in pixels.

A convolution gives the same answer one pixel further when the image moves by one pixel, and pooling rounds that away. A
multilayer perceptron has other weights for every pixel: what it learned in one place it does not know in the next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from ...callbacks.numbers_given import is_whole
from .layer_access import check_images, has_channels_first

DIRECTIONS = ((-1, 0), (1, 0), (0, -1), (0, 1))  # up, down, left, right


@dataclass(frozen=True)
class ShiftCurve:
    """How one model's accuracy falls with the shift.

    Args:
        model: its name.
        parameters: how many it has.
        shifts: in pixels.
        accuracies: for each of them, the mean over the directions, in [0, 1].
    """

    model: str
    parameters: int
    shifts: tuple[int, ...]
    accuracies: tuple[float, ...]


def shift_accuracy(
    models: Mapping[str, keras.Model],
    images: np.ndarray,
    labels: np.ndarray,
    shifts: Sequence[int] = (0, 1, 2, 3, 4, 5, 6),
    directions: Sequence[tuple[int, int]] = DIRECTIONS,
    batch_size: int = 256,
) -> list[ShiftCurve]:
    """The accuracy of each model on images moved by so many pixels, the mean over the directions.

    Args:
        models: classifiers of several classes, by name, that take the same images.
        images: shape `(N, H, W, channels)`, N >= 1.
        labels: the right classes, shape `(N,)`.
        shifts: in pixels, from 0 to less than the image's side.
        directions: (rows, columns) that a shift of one pixel moves an image by; up, down, left and right by default.
        batch_size: images at a time.

    Returns:
        One for each model.

    Raises:
        ValueError: if an argument does not fit.

    Example:
        >>> model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
        >>> (curve,) = shift_accuracy({"dense": model}, np.ones((4, 8, 8, 1), "float32"), np.zeros(4), shifts=[0, 2])
        >>> curve.parameters, curve.shifts, len(curve.accuracies)
        (195, (0, 2), 2)
    """
    images, labels = np.asarray(images, "float32"), np.asarray(labels)
    if len(labels) != len(images) or labels.ndim != 1:
        raise ValueError(f"labels must have the shape ({len(images)},), one for each image; got {labels.shape}.")
    if not isinstance(models, Mapping):
        raise ValueError(f"models must be a dict of models by name, such as {{'lenet5': model}}; got {models!r}.")
    if not models or not directions:
        raise ValueError("there must be at least one model and one direction.")
    for model in models.values():
        check_images(model, images)
        if len(model.output_shape) != 2 or model.output_shape[-1] < 2:
            raise ValueError(f"{model.name} must tell classes apart; its output has the shape {model.output_shape}.")
    first_axis = 2 if has_channels_first(next(iter(models.values()))) else 1
    sides = images.shape[first_axis : first_axis + 2]
    for shift in shifts:
        if not is_whole(shift, 0) or shift >= min(sides):
            raise ValueError(f"shifts must be whole numbers of pixels from 0 to {min(sides) - 1}; got {shift!r}.")
    right: dict[str, list[float]] = {name: [] for name in models}
    for shift in shifts:
        moves = sorted({(shift * rows, shift * columns) for rows, columns in directions})
        found: dict[str, list[float]] = {name: [] for name in models}
        for rows, columns in moves:
            moved = shifted(images, rows, columns, first_axis)
            for name, model in models.items():
                answers = np.asarray(model.predict(moved, batch_size=batch_size, verbose=0)).argmax(axis=-1)
                found[name].append(float((answers == labels).mean()))
        for name, accuracies in found.items():
            right[name].append(float(np.mean(accuracies)))
    return [
        ShiftCurve(name, model.count_params(), tuple(map(int, shifts)), tuple(right[name]))
        for name, model in models.items()
    ]


def shifted(images: np.ndarray, rows: int, columns: int, first_axis: int = 1) -> np.ndarray:
    """Images moved down by so many rows and right by so many columns; what comes in is zero.

    Args:
        images: shape `(N, H, W, channels)`.
        rows: down; up if negative.
        columns: to the right; to the left if negative.
        first_axis: that of the rows.

    Example:
        >>> shifted(np.array([[1, 2, 3]])[..., np.newaxis], 0, 1, first_axis=0).squeeze().tolist()
        [0, 1, 2]
    """
    moved = images
    for axis, by in ((first_axis, rows), (first_axis + 1, columns)):
        if by:
            moved = np.roll(moved, by, axis)
            edge = [slice(None)] * moved.ndim
            edge[axis] = slice(0, by) if by > 0 else slice(by, None)
            moved[tuple(edge)] = 0  # a copy already
    return moved
