"""Layers by name, what they give inside a model, and the model with something else in that place.

For the time of a call, `call` is replaced on the layer itself, as Keras has no hooks. So any layer can be asked, in
nested models and between branches too, and with a derivative.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import numpy as np
from keras import ops

from ...callbacks.keras_internals.fit_session import replaced
from ...callbacks.numbers_given import is_whole
from ..errors import unknown_name
from .layer_table import leaves


def find_layer(model: keras.Model, name: str) -> keras.layers.Layer:
    """The layer of that name; "outer/inner" within a nested model.

    Raises:
        ValueError: if there is none; names the nearest.
    """
    found = dict(leaves(model))
    if name not in found:
        raise unknown_name(f"layer of {model.name}", name, found)
    return found[name]


def check_units(units: Sequence[int] | None, there_are: int, layer: str) -> list[int]:
    """The numbers of a layer's units; without any, of all of them.

    Raises:
        ValueError: if one of them is not there.
    """
    wanted = range(there_are) if units is None else units
    for unit in wanted:
        if not is_whole(unit, 0) or unit >= there_are:
            raise ValueError(f"units of {layer} are numbered from 0 to {there_are - 1}; got {unit!r}.")
    return [int(unit) for unit in wanted]


def layer_outputs(
    model: keras.Model, names: Iterable[str], inputs: Any, before_activation: bool = False
) -> dict[str, Any]:
    """What layers give when the model is used on some inputs; of a layer that is called several times, the last.

    Args:
        model: functional or sequential.
        names: of the layers.
        inputs: array or tensor, shape `(B, ...)`.
        before_activation: whether to take what goes into a layer's activation, where it has one.

    Returns:
        Tensors by the layers' names.

    Raises:
        ValueError: if there is no such layer.
    """
    taken: dict[str, Any] = {}
    with ExitStack() as stack:
        for name in names:
            layer = find_layer(model, name)
            own = getattr(layer, "activation", None)
            if before_activation and callable(own):
                stack.enter_context(replaced(layer, "activation", _taking_what_comes_in(own, name, taken)))
            else:
                stack.enter_context(replaced(layer, "call", _taking(layer.call, name, taken)))
        model(as_input(model, inputs), training=False)
    return taken


def _taking(own, name: str, taken: dict[str, Any]):
    def call(*args, **kwargs):
        taken[name] = own(*args, **kwargs)
        return taken[name]

    return call


def _taking_what_comes_in(own, name: str, taken: dict[str, Any]):
    def activation(sums):
        taken[name] = sums
        return own(sums)

    return activation


@contextmanager
def giving(model: keras.Model, name: str, outputs: Any) -> Iterator[None]:
    """Within the block, the layer gives `outputs`, whatever comes in: the rest of the model is computed from these."""
    with replaced(find_layer(model, name), "call", lambda *args, **kwargs: outputs):
        yield


# === Inputs ===
def as_input(model: keras.Model, inputs: Any) -> Any:
    """Inputs as a tensor of the dtype that the model takes."""
    return ops.convert_to_tensor(inputs, dtype=model.inputs[0].dtype)


def check_images(model: keras.Model, images: Any) -> None:
    """Refuses what is not a batch of images for this model.

    Raises:
        ValueError: says which shape was got, and which is taken.
    """
    if getattr(model, "inputs", None) is None or len(model.inputs) != 1:
        raise ValueError(f"{model.name} must be a built model with one input to be shown images.")
    takes = tuple(model.inputs[0].shape[1:])
    got = tuple(getattr(images, "shape", None) or np.shape(images))
    fits = len(got) == len(takes) + 1 and all(size in (None, had) for size, had in zip(takes, got[1:], strict=True))
    if not fits or not got[0]:
        raise ValueError(f"images must have the shape (N, {', '.join(map(str, takes))}), N >= 1; got {got}.")


def has_channels_first(model: keras.Model) -> bool:
    """Whether the channels come before the positions: as the first layer has it that says so, or Keras at large."""
    formats = (getattr(layer, "data_format", None) for _, layer in leaves(model))
    return next(filter(None, formats), keras.config.image_data_format()) == "channels_first"


def with_channels_last(model: keras.Model, maps: np.ndarray) -> np.ndarray:
    """Maps with their channels on the last axis, shape `(B, ..., channels)`, however the model has them."""
    return np.moveaxis(maps, 1, -1) if maps.ndim > 2 and has_channels_first(model) else maps


def batches(images: Any, size: int) -> Iterator[tuple[int, Any]]:
    """Slices of so many images, each with the number of its first."""
    for first in range(0, len(images), size):
        yield first, images[first : first + size]
