"""The filters of a layer: what each unit looks for, as small images of its weights."""

import keras
import numpy as np
from keras import layers, ops

from .layer_access import find_layer
from .layer_table import leaves


def filters(model: keras.Model, layer: str) -> np.ndarray:
    """The weights of a layer, one small image for each unit.

    A unit gives its largest output, among the inputs of one length, to that which looks like its filter.

    Args:
        model: functional or sequential.
        layer: a two-dimensional convolution, or a dense layer that sees the image's pixels.

    Returns:
        float32 array, shape `(filters, h, w, channels)`: as many channels as come in, one for a depthwise convolution;
        height and width of the image for a dense layer.

    Raises:
        ValueError: if there is no such layer, or its weights are no images.

    Example:
        >>> model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(6, 5, name="conv")])
        >>> filters(model, "conv").shape
        (6, 5, 5, 1)
    """
    found = find_layer(model, layer)
    if isinstance(found, layers.DepthwiseConv2D):
        kernel = _kernel(found)  # (h, w, channels, multiplier)
        return np.moveaxis(kernel.reshape(*kernel.shape[:2], 1, -1), -1, 0)  # (filters, h, w, 1)
    if isinstance(found, layers.Conv2DTranspose):
        return np.moveaxis(_kernel(found), -1, 0)  # what each input channel spreads over the output channels
    if isinstance(found, layers.Conv2D):
        return np.moveaxis(_kernel(found), -1, 0)  # (filters, h, w, channels)
    image = tuple(model.inputs[0].shape[1:])
    if isinstance(found, layers.Dense) and len(image) == 3 and _sees_pixels(model, layer, image):
        return np.moveaxis(_kernel(found).reshape(*image, -1), -1, 0)  # (units, H, W, channels)
    possible = layers_with_filters(model)
    raise ValueError(
        f"{layer} ({type(found).__name__}) has no filters that are images. "
        f"Layers of {model.name} that do: {', '.join(possible) or 'none'}."
    )


def layers_with_filters(model: keras.Model) -> list[str]:
    """The layers whose weights are images, in the model's order.

    Example:
        >>> model = keras.Sequential([keras.Input((9, 9, 1)), keras.layers.Conv2D(6, 5, name="conv"),
        ...                           keras.layers.Flatten(), keras.layers.Dense(3)])
        >>> layers_with_filters(model)
        ['conv']
    """
    image = tuple(model.inputs[0].shape[1:])
    convolutions = layers.Conv2D | layers.DepthwiseConv2D | layers.Conv2DTranspose
    return [
        name
        for name, one in leaves(model)
        if isinstance(one, convolutions)
        or (isinstance(one, layers.Dense) and len(image) == 3 and _sees_pixels(model, name, image))
    ]


def _kernel(layer) -> np.ndarray:
    return ops.convert_to_numpy(ops.cast(layer.kernel, "float32"))


def _sees_pixels(model, name: str, image) -> bool:
    """Whether a dense layer's inputs are the pixels of the image: no layer before it has weights."""
    before: list[keras.layers.Layer] = []
    for other, layer in leaves(model):
        if other == name:
            return layer.kernel.shape[0] == np.prod(image) and not any(one.count_params() for one in before)
        before.append(layer)
    return False
