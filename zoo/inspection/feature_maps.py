"""Feature maps: where in an image the units of a layer find what they look for."""

from collections.abc import Sequence

import keras
import numpy as np

from .gradients import to_numpy, without_gradients
from .layer_access import batches, check_images, has_channels_first, layer_outputs, with_channels_last
from .layer_table import output_shapes


def feature_maps(
    model: keras.Model, images: np.ndarray, layer: str | Sequence[str] | None = None, batch_size: int = 64
) -> dict[str, np.ndarray]:
    """What layers give for some images.

    Args:
        model: functional or sequential, with one image as its input.
        images: shape `(N, H, W, channels)`, N >= 1.
        layer: one or several names; by default all layers that give maps.
        batch_size: images at a time.

    Returns:
        float32 arrays by the layers' names, shape `(N, h, w, channels)`; `(N, units)` of a layer without maps.

    Raises:
        ValueError: if there is no such layer, or the images do not fit.

    Example:
        >>> model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(6, 5, name="conv")])
        >>> feature_maps(model, np.zeros((2, 28, 28, 1)), "conv")["conv"].shape
        (2, 24, 24, 6)
    """
    check_images(model, images)
    names = layers_with_maps(model) if layer is None else [layer] if isinstance(layer, str) else list(layer)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
    with without_gradients():
        for _, batch in batches(images, batch_size):
            for name, outputs in layer_outputs(model, names, batch).items():
                parts[name].append(with_channels_last(model, to_numpy(outputs)))
    return {name: np.concatenate(part) for name, part in parts.items()}


def layers_with_maps(model: keras.Model) -> list[str]:
    """The layers that give maps, in the model's order: several places in two dimensions.

    Example:
        >>> model = keras.Sequential([keras.Input((9, 9, 1)), keras.layers.Conv2D(6, 5, name="conv"),
        ...                           keras.layers.Flatten(), keras.layers.Dense(3)])
        >>> layers_with_maps(model)
        ['conv']
    """
    channels = 0 if has_channels_first(model) else 2
    shapes = output_shapes(model).items()
    return [name for name, shape in shapes if len(shape) == 3 and np.prod(np.delete(shape, channels)) > 1]
