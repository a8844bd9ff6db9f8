"""AlexNet (Krizhevsky et al. 2012, "ImageNet Classification with Deep Convolutional Neural Networks").

The network that won ImageNet's contest in 2012 by ten points: five convolutions and three dense layers, ReLU, dropout,
and two GPUs. In the paper each GPU has a tower of half the maps, which see one another only in the third convolution.

    form          parameters      convolutions that are split
    one tower     62 378 344      none
    two towers    60 965 224      conv2, conv4, conv5

Shapes:
    B  batch size
    H, W  height and width of an image
    F  number of maps (channels) of the first convolution
    C  number of classes
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from ..errors import unknown_name
from ..layers.activations import activation_layer, serialize_activation
from ..layers.dropout import Dropout
from ..layers.grouped_convolution import GroupedConv2D
from ..layers.initializers import get_initializer, serialize_initializer
from ..layers.input_scaling import check_scaling, scale_input
from ..layers.local_response_normalization import LocalResponseNormalization
from ..layers.normalization import NORMALIZATIONS, normalized
from ..layers.policies import get_policy, output_dtype
from ..layers.style import ON_MAPS
from .arguments import image_shape, share, whole_number
from .base import ZooModel

# Number of maps in units of conv1's 96, side of the kernel, stride, and how zeros are put around the maps.
CONVOLUTIONS = {
    "conv1": (1, 11, 4, "valid"),
    "conv2": (256 / 96, 5, 1, "same"),
    "conv3": (4, 3, 1, "same"),
    "conv4": (4, 3, 1, "same"),
    "conv5": (256 / 96, 3, 1, "same"),
}
DENSE = 4096 / 96  # units of a hidden dense layer, in the same unit
SPLIT = ("conv2", "conv4", "conv5")  # between two towers
POOLED = ("conv1", "conv2", "conv5")  # the maps behind these
BEGIN_POSITIVE = ("conv2", "conv4", "conv5", "dense1", "dense2")  # whose biases begin as `bias_initializer` says


@keras.saving.register_keras_serializable(package="gradschool")
class AlexNet(ZooModel):
    """AlexNet; in one tower by default: 62 378 344 parameters.

        layer         output       parameters: one tower       two towers
        conv1, 11x11 / 4    55x55x96                34 944           34 944
        pool1, 3x3 / 2      27x27x96
        conv2, 5x5         27x27x256               614 656          307 456
        pool2, 3x3 / 2     13x13x256
        conv3, 3x3         13x13x384               885 120          885 120
        conv4, 3x3         13x13x384             1 327 488          663 936
        conv5, 3x3         13x13x256               884 992          442 624
        pool5, 3x3 / 2       6x6x256
        dense1                  4096            37 752 832       37 752 832
        dense2                  4096            16 781 312       16 781 312
        logits                     C             4 097 000        4 097 000  (C = 1 000)

    Args:
        input_shape: height, width, channels of one image; height and width at least 67. Defaults to (227, 227, 3).
        classes: number of classes, C, at least 2. Defaults to 1000.
        towers: 1, or 2 as in the paper. Defaults to 1.
        width: number of maps of conv1, F; every other layer grows with it. Even for two towers. Defaults to 96.
        bias_initializer: of the biases of conv2, conv4, conv5, dense1 and dense2, which the paper begins with one, so
            that ReLUs have something to learn from; the others begin with zero. Defaults to "zeros".
        normalization: "local_response" as in the paper (behind conv1 and conv2), or of all convolutions: "batch",
            "layer", "group" or "none"; see `layers/normalization.py`. Defaults to "none".
        dropout: share of the outputs of dense1 and of dense2 left out in training, in [0, 1). Defaults to 0.5.
        activation, kernel_initializer, input_scaling, dtype, **kwargs: as in every model; see `models/base.py`. By
            default "relu", "he_normal" and "none".

    Call arguments:
        images: float tensor, shape `(B, H, W, channels)`, pixels in [0, 1].

    Returns:
        Logits, shape `(B, C)`; float32 under every policy but "float64".

    Raises:
        ValueError: if the images are too small, if another argument is out of its range, or if a name is unknown.

    Example:
        >>> AlexNet(input_shape=(67, 67, 3), classes=10, width=6).output_shape
        (None, 10)

    Reference:
        Krizhevsky, Sutskever & Hinton (2012), section 3 and figure 2. The paper writes 224x224, but its first layer's
        55x55 maps need 227x227. Unlike there, in one tower: biases that begin with zero, He et al.'s variance, and no
        local response normalisation; `create_model("alexnet_two_tower")` has the paper's.
    """

    def __init__(
        self,
        input_shape: Sequence[int] = (227, 227, 3),
        classes: int = 1000,
        towers: int = 1,
        width: int = 96,
        activation: Any = "relu",
        kernel_initializer: Any = "he_normal",
        bias_initializer: Any = "zeros",
        normalization: str | None = "none",
        dropout: float = 0.5,
        input_scaling: str | None = "none",
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = image_shape("AlexNet", input_shape, smallest=67)
        classes = whole_number("classes", classes, least=2)
        width = whole_number("width", width, least=1)
        check_towers(towers, width)
        normalization = check_alexnet_normalization(normalization)
        dropout = share("dropout", dropout)
        input_scaling = check_scaling(input_scaling, input_shape[-1])
        policy = get_policy(dtype)

        # === Layers ===
        def initializers(name):
            bias = bias_initializer if name in BEGIN_POSITIVE else "zeros"
            kernel = get_initializer(kernel_initializer)
            return {"kernel_initializer": kernel, "bias_initializer": get_initializer(bias)}

        def convolution(name):
            times, size, stride, padding = CONVOLUTIONS[name]
            maps = width if name == "conv1" else even(times * width)
            if towers == 2 and name in SPLIT:
                kind, how = GroupedConv2D, {"groups": 2}
            else:
                kind, how = layers.Conv2D, {}
            return kind(maps, size, stride, padding, **ON_MAPS, **how, **initializers(name), dtype=policy, name=name)

        # === Functional model ===
        images = keras.Input(input_shape, dtype=output_dtype(policy), name="images")
        x = scale_input(images, input_scaling, policy)
        for number, name in enumerate(CONVOLUTIONS, start=1):
            x = convolution(name)(x)  # (B, 55, 55, 96), (B, 27, 27, 256), (B, 13, 13, 384) twice, (B, 13, 13, 256)
            if normalization != "local_response":
                x = normalized(x, normalization, name=name, dtype=policy)
            x = activation_layer(activation, name=f"act{number}", dtype=policy)(x)
            if normalization == "local_response" and number <= 2:
                x = LocalResponseNormalization(dtype=policy, name=f"{name}_lrn")(x)
            if name in POOLED:
                x = layers.MaxPooling2D(3, 2, **ON_MAPS, dtype=policy, name=f"pool{number}")(x)  # 27, 13, 6
        x = layers.Flatten(**ON_MAPS, dtype=policy, name="flatten")(x)  # (B, 9216)
        for number, name in ((1, "dense1"), (2, "dense2")):
            x = layers.Dense(round(DENSE * width), **initializers(name), dtype=policy, name=name)(x)  # (B, 4096)
            x = activation_layer(activation, name=f"{name}_act", dtype=policy)(x)
            if dropout:
                x = Dropout(dropout, dtype=policy, name=f"dropout{number}")(x)
        logits = layers.Dense(classes, **initializers("logits"), dtype=output_dtype(policy), name="logits")
        super().__init__(images, logits(x), dtype=policy, **kwargs)  # (B, C)

        # === Config ===
        self.sample_shape = input_shape
        self.classes = classes
        self.towers = towers
        self.width = width
        self.activation = serialize_activation(activation)
        self.kernel_initializer = serialize_initializer(kernel_initializer)
        self.bias_initializer = serialize_initializer(bias_initializer)
        self.normalization = normalization
        self.dropout = dropout
        self.input_scaling = input_scaling


def even(maps: float) -> int:
    """The even number next to `maps`, at least 2, so that two towers can share them."""
    return max(2, 2 * round(maps / 2))


def check_towers(towers: Any, width: int) -> None:
    """Refuses anything but one tower, or two that have equally many maps.

    Raises:
        ValueError: as said.
    """
    if towers not in (1, 2) or isinstance(towers, bool):
        raise ValueError(f"towers must be 1, or 2 as in the paper; got {towers!r}.")
    if towers == 2 and width % 2:
        raise ValueError(f"two towers share the maps: width must be even; got {width}.")


def check_alexnet_normalization(name: Any) -> str:
    """The name of a normalisation that AlexNet can have; None stands for "none".

    Raises:
        ValueError: if there is none; names the nearest.
    """
    name = "none" if name is None else name
    known = ("local_response", *NORMALIZATIONS)
    if name not in known:
        raise unknown_name("normalization", name, known)
    return name
