"""The effective receptive field: how much each pixel in its field moves a unit (Luo et al. 2016).

A unit can see a large patch, and yet be moved by little more than its middle: there are many more paths from a middle
pixel to the unit than from one at the edge. With random weights, the pixels' influence falls off like a Gaussian, whose
width grows only with the root of the number of layers.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from .gradients import gradient
from .layer_access import batches, check_images, has_channels_first, layer_outputs


@dataclass(frozen=True)
class MeasuredField:
    """How much each pixel moves one unit.

    Args:
        layer: its name.
        unit: its place in the layer's map; () in a vector.
        influence: mean absolute derivative of the unit by each pixel, shape `(H, W)` of the input; its largest is 1
            (all 0 if no pixel moves the unit).
    """

    layer: str
    unit: tuple[int, ...]
    influence: np.ndarray

    @property
    def support(self) -> tuple[tuple[int, int], ...]:
        """The first and the last pixel along each axis that move the unit at all; () if none does."""
        moved = np.argwhere(self.influence)
        if not len(moved):
            return ()
        return tuple(zip(moved.min(axis=0).tolist(), moved.max(axis=0).tolist(), strict=True))

    @property
    def effective_size(self) -> tuple[float, ...]:
        """Four standard deviations of the influence along each axis, in pixels.

            sigma^2 = sum_x p(x) (x - mean)^2,   p = influence / sum of the influence,   size = 4 sigma

        Of a Gaussian, they hold 95.45 %. One pixel alone has the size 0. This is a width, no border: influence that is
        spread evenly over a field of k pixels has 4 sqrt((k^2 - 1) / 12), up to 1.15 k, and such as lies at the ends of
        it more still, 2 (k - 1) at most. So it exceeds the field where a unit does not look at the middle most.
        """
        total = self.influence.sum()
        sizes = []
        for axis in range(self.influence.ndim):
            others = tuple(one for one in range(self.influence.ndim) if one != axis)
            share = self.influence.sum(axis=others) / (total or 1)
            places = np.arange(len(share))
            sizes.append(4 * float(np.sqrt(share @ (places - share @ places) ** 2)))
        return tuple(sizes)


def measured_field(
    model: keras.Model,
    layer: str,
    images: np.ndarray,
    unit: tuple[int, ...] | None = None,
    channel: int | None = None,
    batch_size: int = 32,
) -> MeasuredField:
    """The influence of each pixel on a unit, averaged over some images.

        influence(x, y) = mean over images of sum over input channels of |d a / d image(x, y)|

    where a is the unit's output, or a sum of those of all channels at its place with random weights, always the same.
    (Without weights, normalised channels would add up to nothing.) A pixel counts as soon as one of the images lets it
    through: behind max pooling and ReLU that takes several.

    Args:
        model: functional or sequential, with one image as its input.
        layer: whose unit it is.
        images: shape `(N, H, W, channels)`, N >= 1; random ones do for an untrained model.
        unit: its place in the layer's map; the middle by default.
        channel: the unit's; all at its place together by default.
        batch_size: images at a time.

    Raises:
        ValueError: if there is no such layer, place or channel, or the images do not fit.

    Example:
        >>> model = keras.Sequential([keras.Input((9, 9, 1)), keras.layers.AveragePooling2D(3, name="pool")])
        >>> measured_field(model, "pool", np.ones((1, 9, 9, 1), "float32")).support
        ((3, 5), (3, 5))

    Reference:
        Luo, Li, Urtasun & Zemel (2016), "Understanding the Effective Receptive Field in Deep Convolutional Neural
        Networks", sections 2 and 3. Unlike there, the size is taken from the second moment, not from the number of
        pixels above a threshold.
    """
    check_images(model, images)
    channels_first = has_channels_first(model)

    def output(x):
        outputs = layer_outputs(model, [layer], x)[layer]  # (B, ..., channels), (B, channels, ...) or (B, channels)
        place, channels = _place(outputs.shape[1:], unit, channel, channels_first)
        if len(outputs.shape) > 2:
            outputs = outputs[(slice(None), slice(None), *place) if channels_first else (slice(None), *place)]
        return ops.cast(outputs[:, channels], "float32") * ops.convert_to_tensor(weights[channels])  # (B, channels)

    shape = layer_outputs(model, [layer], images[:1])[layer].shape[1:]
    place, _ = _place(shape, unit, channel, channels_first)
    weights = np.random.default_rng(0).normal(size=shape[0 if channels_first else -1]).astype("float32")
    influence = np.zeros(images.shape[1:], "float32")  # (H, W, channels)
    for _, batch in batches(images, batch_size):
        influence += np.abs(gradient(output, np.asarray(batch, "float32"))).sum(axis=0)
    influence = influence.sum(axis=0 if channels_first else -1)  # (H, W)
    return MeasuredField(layer, place, influence / (influence.max() or 1.0))


def _place(shape, unit, channel: int | None, channels_first: bool):
    """The unit's place in the map, and its channel or the slice of all."""
    *sizes, channels = (*shape[1:], shape[0]) if channels_first else shape
    place = tuple(size // 2 for size in sizes) if unit is None else tuple(unit)
    if len(place) != len(sizes) or not all(0 <= one < size for one, size in zip(place, sizes, strict=True)):
        raise ValueError(f"unit must be a place in a map of {'x'.join(map(str, sizes)) or 'no'} places; got {unit}.")
    if channel is not None and not 0 <= channel < channels:
        raise ValueError(f"channel must be from 0 to {channels - 1}; got {channel}.")
    return place, slice(None) if channel is None else slice(channel, channel + 1)
