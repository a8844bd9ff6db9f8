"""What a trained network sees in single frames, as numbers for another model: computed once, and kept in files.

    x_t -> f(x_t)        f: the network up to one of its layers, flattened; its weights stay as they are

Shapes:
    N  number of frames
    H, W, C  height, width and channels of a frame
    D  features of a frame
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from .data.picture_reader import resize_picture
from .engine.opening import open_model
from .errors import unknown_name
from .files import written_whole
from .models.keras_applications import from_keras_applications

AT_ONCE = 64  # frames


def open_network(network: str | Path | keras.Model) -> keras.Model:
    """The network behind a name.

    Args:
        network: a model; a run folder, a preset or a `.keras` file of one; or the path of weights of
            `keras.applications` (`resnet50_weights_tf_dim_ordering_tf_kernels.h5` and others), which you have.

    Raises:
        ValueError: if it is none of these, or takes no images of a fixed size.
        FileNotFoundError: if there is no such file.
    """
    if isinstance(network, keras.Model):
        model = network
    elif str(network).endswith(".h5"):
        model = from_keras_applications(network, Path(network).name.partition("_")[0])
    else:
        model = open_model(network).model
    shape = model.input_shape[1:] if isinstance(model.input_shape, tuple) else ()
    if len(shape) != 3 or None in shape:
        raise ValueError(f"features of frames need a network of single images; {network} takes inputs of {shape}.")
    return model


def feature_model(network: keras.Model, layer: str | None = None) -> keras.Model:
    """The network up to one of its layers, whose output is flattened: from `(B, H, W, C)` to `(B, D)`.

    Args:
        network: from `open_network`.
        layer: by name. Defaults to the first whose output is flat: what PilotNet flattens, what a ResNet pools.

    Raises:
        ValueError: if there is no such layer; names the nearest.

    Example:
        >>> from .registry import create_model
        >>> pilotnet = create_model("pilotnet")
        >>> feature_model(pilotnet).output_shape, feature_model(pilotnet, "act4").output_shape
        ((None, 1152), (None, 3840))
    """
    names = [one.name for one in network.layers[1:]]
    if layer is not None and layer not in names:
        raise unknown_name(f"layer of {network.name}", layer, names)
    chosen = layer or next(one.name for one in network.layers[1:] if len(one.output.shape) == 2)
    output = network.get_layer(chosen).output
    if len(output.shape) > 2:
        output = keras.layers.Flatten("channels_last")(output)
    return keras.Model(network.input, output, name=f"{network.name}_features")


def frame_features(
    network: keras.Model,
    frames: np.ndarray,
    layer: str | None = None,
    cache: Path | str | None = None,
) -> np.ndarray:
    """The features of frames, each computed once.

    Args:
        network: from `open_network`.
        frames: uint8, shape `(N, H, W, C)`; brought to the size that the network takes.
        layer: as `feature_model` takes it.
        cache: folder in which the features are kept, under a name made of the frames, the weights and the layer: the
            same call finds them there. None computes them anew.

    Returns:
        float32 array, shape `(N, D)`.

    Raises:
        ValueError: if the frames have other channels than the network takes, or there is no such layer.
    """
    return features_by(feature_model(network, layer), frames, cache)


def features_by(model: keras.Model, frames: np.ndarray, cache: Path | str | None = None) -> np.ndarray:
    """The same by a `feature_model`, which is compiled once for many calls."""
    if frames.shape[-1] != model.input_shape[-1]:
        raise ValueError(
            f"{model.name} takes images of {model.input_shape[-1]} channels; the frames have {frames.shape[-1]}."
        )
    if cache is None:
        return _computed(model, frames)
    path = Path(cache).expanduser() / f"features-{_fingerprint(model, frames)}.npy"
    if path.is_file():
        return np.load(path, allow_pickle=False)
    features = _computed(model, frames)
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as unfinished, unfinished.open("wb") as file:
        np.save(file, features)
    return features


def sight(network: keras.Model, layer: str | None = None) -> Callable[[np.ndarray], np.ndarray]:
    """A function from one frame, uint8 of shape `(H, W, C)`, to its features, shape `(D,)`, as a drive needs it."""
    model = feature_model(network, layer)
    return lambda frame: _computed(model, frame[np.newaxis])[0]


def _computed(model: keras.Model, frames: np.ndarray) -> np.ndarray:
    size = model.input_shape[1:3]
    parts = []
    for start in range(0, len(frames), AT_ONCE):
        some = np.divide(frames[start : start + AT_ONCE], 255, dtype="float32")
        if some.shape[1:3] != size:
            some = np.stack([resize_picture(frame, size) for frame in some])
        parts.append(np.asarray(model.predict_on_batch(some), "float32"))
    return np.concatenate(parts)


def _fingerprint(model: keras.Model, frames: np.ndarray) -> str:
    """What the features depend on, in hexadecimal digits."""
    digest = hashlib.sha256(repr((frames.shape, model.output_shape, model.layers[-2].name)).encode())
    arrays: list[Any] = [frames, *model.get_weights()]
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:32]
