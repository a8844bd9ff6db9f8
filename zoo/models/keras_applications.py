"""Weights of `keras.applications` in the zoo's ResNet-50 and VGG-16, so that its pretrained networks serve here.

`keras.applications` writes two things differently, and both can be said in our terms, without a loss:

    convolution with a bias b before BN             mean <- mean - b            BN(x + b) = gamma (x - (mean - b)) / ...
    epsilon of 1.001e-5 under BN's root             variance <- variance + (1.001e-5 - 1e-5)

The stride of its bottlenecks lies in the first 1x1 convolution (`stride_on="conv1"`), and its pixels are those of
`input_scaling="caffe"`, with blue first: the channels of the first kernel are turned around.

Reference:
    He et al. (2016) and Simonyan & Zisserman (2015), whose weights `keras.applications` converted from Caffe.
"""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras.ops import convert_to_numpy

from .base import ZooModel
from .resnet import ResNet
from .vgg import VGG

_KNOWN: dict[str, tuple[type[ZooModel], dict[str, Any], str]] = {
    "resnet50": (ResNet, {"depth": 50, "stride_on": "conv1"}, "ResNet50"),
    "resnet101": (ResNet, {"depth": 101, "stride_on": "conv1"}, "ResNet101"),
    "resnet152": (ResNet, {"depth": 152, "stride_on": "conv1"}, "ResNet152"),
    "vgg16": (VGG, {"depth": 16}, "VGG16"),
    "vgg19": (VGG, {"depth": 19}, "VGG19"),
}
_EPSILON = 1.001e-5  # of their batch normalisation


def from_keras_applications(source: keras.Model | str | Path, name: str = "resnet50", **overrides: Any) -> ZooModel:
    """A network of the zoo with the weights of one of `keras.applications`.

    Args:
        source: a model of `keras.applications` with its top (`include_top=True`), or the path of its weights, such as
            `resnet50_weights_tf_dim_ordering_tf_kernels.h5`, which you have.
        name: "resnet50", "resnet101", "resnet152", "vgg16" or "vgg19".
        **overrides: constructor arguments of ours that leave the weights' shapes as they are, such as `dtype`.

    Returns:
        A `ResNet` or `VGG` that takes RGB pixels in [0, 1] and gives logits.

    Raises:
        ValueError: if there is no such network, or the weights are not its own.
        FileNotFoundError: if there is no such file.

    Example:
        >>> import keras
        >>> theirs = keras.applications.VGG16(weights=None, input_shape=(32, 32, 3), classes=7)
        >>> from_keras_applications(theirs, "vgg16").output_shape
        (None, 7)

    Reference:
        The numbers agree with `keras.applications` to 1e-4 (`tests/zoo/models/test_keras_applications.py`).
    """
    if name not in _KNOWN:
        raise ValueError(f"keras.applications' weights are known for {', '.join(_KNOWN)}; got {name!r}.")
    cls, config, _ = _KNOWN[name]
    if not isinstance(source, keras.Model):
        source = _read(name, Path(source))
    shape, classes = tuple(source.input_shape[1:]), source.output_shape[-1]
    if None in shape or len(source.output_shape) != 2:
        raise ValueError(f"{source.name} must have a fixed image size and its top (include_top=True).")
    config = {"input_shape": shape, "classes": classes, "input_scaling": "caffe", "name": name, **config, **overrides}
    model = cls(**config)
    try:
        for variable, value in zip(model.weights, converted(_weights_by_layer(source), model), strict=True):
            variable.assign(value)
    except (KeyError, ValueError) as error:
        raise ValueError(f"the weights of {source.name!r} are not those of {name}: {error}") from error
    return model


def build_theirs(name: str, **arguments: Any) -> keras.Model:
    """The model of `keras.applications` for one of ours, with random weights; arguments are those of its function."""
    return getattr(keras.applications, _KNOWN[name][2])(weights=None, **arguments)


def _read(name: str, path: Path) -> keras.Model:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; it would be keras.applications' weights of {name}.")
    model = build_theirs(name)  # in the size and with the classes of ImageNet, for which its weights are made
    try:
        with warnings.catch_warnings(action="ignore"):  # Keras warns of each weight before it fails for all
            model.load_weights(path)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(
            f"{path} holds no weights of keras.applications' {name} with its top (include_top=True) and 1000 classes; "
            "those for other classes: load them into its model, and give that to zoo.from_keras_applications."
        ) from error
    return model


def _weights_by_layer(model: keras.Model) -> dict[str, list[np.ndarray]]:
    return {layer.name: [convert_to_numpy(weight) for weight in layer.weights] for layer in model.layers}


def their_layer(name: str) -> str:
    """The name in `keras.applications` of one of our layers with weights.

    Example:
        >>> their_layer("stage2_block1_conv3_bn"), their_layer("stage3_conv2"), their_layer("dense1")
        ('conv2_block1_3_bn', 'block3_conv2', 'fc1')
    """
    if name in _SINGLE:
        return _SINGLE[name]
    if block := re.fullmatch(r"stage(\d)_block(\d+)_(?:conv(\d)|shortcut)(_bn)?", name):
        stage, number, convolution, normalized = block.groups()
        return f"conv{stage}_block{number}_{convolution or 0}_{'bn' if normalized else 'conv'}"
    return name.replace("stage", "block")


_SINGLE = {"conv1": "conv1_conv", "dense1": "fc1", "dense2": "fc2", "logits": "predictions"}


def converted(theirs: Mapping[str, list[np.ndarray]], model: keras.Model) -> list[np.ndarray]:
    """The values of `model.weights`, in order, from the weights of a model of `keras.applications`, by layer."""
    values: list[np.ndarray] = []
    for layer in model.layers:
        if not layer.weights:
            continue
        found = list(theirs[their_layer(layer.name)])
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = found
            bias = theirs[their_layer(layer.name.removesuffix("_bn"))][1]
            found = [gamma, beta, mean - bias, variance + (_EPSILON - layer.epsilon)]
        elif isinstance(layer, keras.layers.Conv2D):
            kernel = found[0][:, :, ::-1] if not values else found[0]  # the first sees blue, green and red
            found = [kernel, *found[1:]][: len(layer.weights)]
        values += found
    return values
