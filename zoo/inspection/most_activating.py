"""The images that make a unit answer most: what it stands for, in the words of the data (Zeiler & Fergus 2014)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from ...callbacks.numbers_given import is_whole
from .gradients import to_numpy, without_gradients
from .layer_access import (
    batches,
    check_images,
    check_units,
    find_layer,
    has_channels_first,
    layer_outputs,
    with_channels_last,
)
from .layer_table import output_shapes
from .receptive_field import ReceptiveField, receptive_fields


@dataclass(frozen=True)
class Activating:
    """The images that make one unit answer most, the strongest first.

    Args:
        layer: the unit's layer.
        unit: its number; of a convolution, that of its map.
        indices: numbers of the images, shape `(count,)`.
        values: the unit's sums before its activation (its outputs, if it has none), the largest of its map,
            shape `(count,)`.
        places: where in the map these are, shape `(count, 2)`; None for a layer without maps.
        field: what a unit of the layer sees of the image.
    """

    layer: str
    unit: int
    indices: np.ndarray
    values: np.ndarray
    places: np.ndarray | None
    field: ReceptiveField | None

    @property
    def boxes(self) -> list[tuple[tuple[int, int], ...]] | None:
        """The first and the last pixel, along each axis, of what the unit saw; None where it is not a known patch."""
        if self.places is None or self.field is None or self.field.unknown:
            return None
        return [self.field.box(tuple(place)) for place in self.places.tolist()]

    def patches(self, images: Any) -> list[np.ndarray]:
        """The parts of the images that the unit saw; the whole images where that is not a known patch.

        Args:
            images: those that were searched, channels last.
        """
        found = [np.asarray(images[index]) for index in self.indices]
        if (boxes := self.boxes) is None:
            return found
        return [
            image[top : bottom + 1, left : right + 1]
            for image, ((top, bottom), (left, right)) in zip(found, boxes, strict=True)
        ]


def most_activating(
    model: keras.Model,
    images: Any,
    layer: str,
    units: Sequence[int] | None = None,
    count: int = 9,
    batch_size: int = 128,
) -> list[Activating]:
    """The images that make units of a layer answer most.

    They are looked for in batches, and only the best so far are kept: the images may be more than the memory holds.
    What is compared is what goes into the layer's activation: behind a tanh, thousands of images would come first, with
    the output 1.

    Args:
        model: functional or sequential, with one image as its input.
        images: shape `(N, H, W, channels)`: an array, a `numpy.memmap`, or whatever gives slices of itself.
        layer: of the units; one that gives maps or a vector.
        units: their numbers; all by default.
        count: images for each, at least 1; fewer if there are not so many.
        batch_size: images at a time.

    Returns:
        One for each unit, in the order of `units`. Of equal values, the earlier image comes first.

    Raises:
        ValueError: if there is no such layer or unit, or another argument does not fit.

    Example:
        >>> model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.MaxPooling2D(2, name="pool")])
        >>> images = np.zeros((3, 4, 4, 1)); images[1, 3, 0] = 5; images[2, 0, 3] = 2
        >>> (found,) = most_activating(model, images, "pool", count=2)
        >>> found.indices.tolist(), found.values.tolist(), found.boxes[0]
        ([1, 2], [5.0, 2.0], ((2, 3), (0, 1)))

    Reference:
        Zeiler & Fergus (2014), "Visualizing and Understanding Convolutional Networks", figure 2.
    """
    check_images(model, images)
    if not is_whole(count, 1):
        raise ValueError(f"count must be a whole number of at least 1; got {count!r}.")
    find_layer(model, layer)
    shape = output_shapes(model)[layer]
    units = check_units(units, shape[0] if has_channels_first(model) else shape[-1], layer)
    best = _Best(len(units), count)
    with without_gradients():
        for first, batch in batches(images, batch_size):
            outputs = with_channels_last(
                model, to_numpy(layer_outputs(model, [layer], batch, before_activation=True)[layer])
            )
            best.add(first, outputs[..., units])
    field = {one.layer: one for one in receptive_fields(model)}.get(layer)
    return [
        Activating(layer, unit, best.indices[:, row], best.values[:, row], best.place(row), field)
        for row, unit in enumerate(units)
    ]


class _Best:
    """The largest outputs so far of several units, with the images and the places where they occurred."""

    def __init__(self, units: int, count: int):
        self.count = count
        self.values = np.empty((0, units), "float32")
        self.indices = np.empty((0, units), "int64")
        self.places = np.empty((0, units), "int64")  # in the flattened map
        self.sizes: tuple[int, ...] = ()

    def add(self, first: int, outputs: np.ndarray) -> None:
        """Takes in the outputs of a batch, shape `(B, h, w, units)` or `(B, units)`, its first image numbered so."""
        self.sizes = outputs.shape[1:-1]
        outputs = outputs.reshape(len(outputs), -1, outputs.shape[-1])  # (B, places, units)
        indices = np.broadcast_to(first + np.arange(len(outputs))[:, np.newaxis], (len(outputs), outputs.shape[-1]))
        new = outputs.max(axis=1), indices, outputs.argmax(axis=1)
        values, indices, places = (
            np.concatenate(pair) for pair in zip((self.values, self.indices, self.places), new, strict=True)
        )
        order = np.argsort(-values, axis=0, kind="stable")[: self.count]  # (count, units)
        self.values, self.indices, self.places = (
            np.take_along_axis(one, order, axis=0) for one in (values, indices, places)
        )

    def place(self, unit: int) -> np.ndarray | None:
        """Where in the map, shape `(count, 2)`."""
        return np.stack(np.unravel_index(self.places[:, unit], self.sizes), axis=-1) if self.sizes else None
