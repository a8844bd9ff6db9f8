"""Grad-CAM: where in an image a convolutional network finds what speaks for a class (Selvaraju et al. 2017).

Shapes:
    B  number of images
    h, w, K  height, width and number of a layer's maps
    C  number of classes
"""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from .class_scores import chosen_classes, model_outputs
from .feature_maps import layers_with_maps
from .gradients import gradient, to_numpy, without_gradients
from .layer_access import as_input, batches, check_images, giving, layer_outputs, with_channels_last


def grad_cam(
    model: keras.Model,
    images: np.ndarray,
    layer: str | None = None,
    classes: int | Sequence[int] | None = None,
    batch_size: int = 32,
) -> np.ndarray:
    """A heat map for each image, in the resolution of a layer's maps.

        alpha_k = 1 / (h w) sum_ij d y_c / d A_kij,      L = ReLU(sum_k alpha_k A_k)

    A_k are the layer's maps and y_c the score of class c, before any softmax: alpha_k says how much map k counts for
    the class, and only what speaks for it is shown. Where a mean over each map and one dense layer follow, L is the
    class activation map of Zhou et al. (2016) divided by h w.

    Args:
        model: functional or sequential; gives one score for each class (a zoo model's are logits).
        images: shape `(N, H, W, channels)`, N >= 1.
        layer: whose maps; by default the last that gives any. An earlier one shows finer and less meaningful detail.
        classes: c, one for all images or one for each; by default the one that the model gives it.
        batch_size: images at a time.

    Returns:
        float32 array, shape `(N, h, w)`, at least 0, not scaled: zeros where nothing speaks for the class.

    Raises:
        ValueError: if the model has no layer with maps or the named one gives none, or another argument does not fit.

    Example:
        >>> model = keras.Sequential([keras.Input((9, 9, 1)), keras.layers.Conv2D(4, 3), keras.layers.Flatten(),
        ...                           keras.layers.Dense(3)])
        >>> grad_cam(model, np.ones((2, 9, 9, 1))).shape
        (2, 7, 7)

    Reference:
        Selvaraju et al. (2017), "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization",
        equations 1 and 2.
    """
    check_images(model, images)
    layer = layer_of_maps(model, layer)
    chosen = chosen_classes(model_outputs(model, images, batch_size), classes)
    heats = []
    for first, batch in batches(images, batch_size):
        heats.append(_heat(model, as_input(model, batch), layer, chosen[first : first + len(batch)]))
    return np.concatenate(heats)


def _heat(model, images, layer: str, classes: np.ndarray) -> np.ndarray:
    with without_gradients():
        maps = layer_outputs(model, [layer], images)[layer]  # (B, h, w, K)
    one_hot = np.eye(model.output_shape[-1], dtype="float32")[classes]  # (B, C)

    def score(values):
        with giving(model, layer, values):
            return ops.cast(model(images, training=False), "float32") * ops.convert_to_tensor(one_hot)

    slopes = with_channels_last(model, gradient(score, maps))  # (B, h, w, K)
    alpha = slopes.mean(axis=(1, 2), keepdims=True)  # (B, 1, 1, K)
    return np.maximum((alpha * with_channels_last(model, to_numpy(maps))).sum(axis=-1), 0)  # (B, h, w)


def layer_of_maps(model: keras.Model, layer: str | None) -> str:
    """The named layer, if it gives maps; the last that does by default.

    Raises:
        ValueError: if there is none; says which do.
    """
    possible = layers_with_maps(model)
    if not possible:
        raise ValueError(f"{model.name} has no layer that gives maps; grad-cam is for convolutional networks.")
    if layer is not None and layer not in possible:
        raise ValueError(f"{layer!r} is no layer of {model.name} that gives maps; these do: {', '.join(possible)}.")
    return layer or possible[-1]
