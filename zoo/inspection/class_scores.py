"""A model's score for one class of each image: what heat maps explain."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ...callbacks.numbers_given import is_whole
from .gradients import to_numpy, without_gradients
from .layer_access import as_input, batches


def model_outputs(model: keras.Model, images: Any, batch_size: int = 64) -> np.ndarray:
    """The model's answers to images, shape `(N, C)`."""
    with without_gradients():
        parts = [to_numpy(model(as_input(model, batch), training=False)) for _, batch in batches(images, batch_size)]
    return np.concatenate(parts)


def chosen_classes(outputs: np.ndarray, classes: int | Sequence[int] | None) -> np.ndarray:
    """The class to explain for each image: as said, or else the one that the model gives it.

    Args:
        outputs: the model's answers, shape `(N, C)`.
        classes: one for all, one for each, or None for the likeliest.

    Returns:
        int array, shape `(N,)`.

    Raises:
        ValueError: if the model gives no class scores, or a class is not among them.
    """
    if outputs.ndim != 2:
        raise ValueError(f"the model must give one score for each class, (N, C); got the shape {outputs.shape}.")
    count, there_are = outputs.shape
    if classes is None:
        return outputs.argmax(axis=-1)
    wanted = [classes] * count if is_whole(classes, 0) else list(classes) if np.ndim(classes) == 1 else None  # type: ignore[arg-type]
    if wanted is None or len(wanted) != count or not all(is_whole(one, 0) and one < there_are for one in wanted):  # type: ignore[operator]
        raise ValueError(f"classes must be a number from 0 to {there_are - 1}, or {count} of them; got {classes!r}.")
    return np.array(wanted, "int64")
