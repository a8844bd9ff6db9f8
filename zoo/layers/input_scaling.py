"""What is done to pixels before the first layer; the zoo's pixels lie in [0, 1].

    name        y                                     who wants it
    none        x
    symmetric   2x - 1, from -1 to 1                  PilotNet
    imagenet    (x - mean) / deviation of ImageNet    what learns from ImageNet
    caffe       255 x - mean of ImageNet              keras.applications' weights of ResNet-50 and VGG

The means and the deviations are those of the training images, channel by channel.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from ..errors import unknown_name

# Of the training images' red, green and blue, in [0, 1], as fb.resnet.torch and torchvision have them.
_IMAGENET: dict[str, Sequence[float]] = {"mean": (0.485, 0.456, 0.406), "deviation": (0.229, 0.224, 0.225)}
# keras.applications.imagenet_utils subtracts these from pixels in [0, 255].
_CAFFE: dict[str, Sequence[float]] = {
    "mean": tuple(value / 255 for value in (123.68, 116.779, 103.939)),
    "deviation": (1 / 255,) * 3,
}
_SCALINGS: dict[str, dict[str, Sequence[float]] | None] = {
    "none": None,
    "symmetric": {"mean": (0.5,), "deviation": (0.5,)},
    "imagenet": _IMAGENET,
    "caffe": _CAFFE,
}
SCALINGS = tuple(_SCALINGS)


@keras.saving.register_keras_serializable(package="gradschool")
class InputScaling(keras.layers.Layer):
    """y = (x - mean) / deviation, channel by channel.

    Computed in float32 and rounded to the layer's precision afterwards: a bright pixel in bfloat16 can be half a level
    of 255 wrong, which counts once the mean is taken away.

    Args:
        mean: of each channel, or one for all.
        deviation: of each channel, or one for all.
        **kwargs: `name`, `dtype`.

    Call arguments:
        images: tensor, shape `(B, H, W, channels)`.

    Returns:
        Float tensor of the same shape.

    Example:
        >>> keras.ops.convert_to_numpy(InputScaling((0.5,), (0.5,))(keras.ops.ones((1, 1, 1, 3)))).tolist()
        [[[[1.0, 1.0, 1.0]]]]
    """

    def __init__(self, mean: Sequence[float], deviation: Sequence[float], **kwargs: Any):
        super().__init__(autocast=False, **kwargs)
        self.mean = tuple(mean)
        self.deviation = tuple(deviation)

    def build(self, images_shape):
        self.built = True

    def call(self, images):
        precise = "float64" if self.compute_dtype == "float64" else "float32"
        mean, deviation = (ops.convert_to_tensor(values, precise) for values in (self.mean, self.deviation))
        return ops.cast((ops.cast(images, precise) - mean) / deviation, self.compute_dtype)

    def window(self):
        return 1, 1  # each pixel by itself

    def compute_output_shape(self, images_shape):
        return images_shape

    def get_config(self):
        return {**super().get_config(), "mean": self.mean, "deviation": self.deviation}


def check_scaling(name: Any, channels: int) -> str:
    """The name of a scaling; None stands for "none".

    Raises:
        ValueError: if there is no such scaling, or it is for images of another number of channels.

    Example:
        >>> check_scaling("imagenet", channels=1)
        Traceback (most recent call last):
        ValueError: input_scaling='imagenet' is for images of 3 channels; got 1. Others are: none, symmetric.
    """
    name = "none" if name is None else name
    if name not in _SCALINGS:
        raise unknown_name("input_scaling", name, SCALINGS)
    scaling = _SCALINGS[name]
    if scaling and len(scaling["mean"]) not in (1, channels):
        fitting = [other for other, one in _SCALINGS.items() if one is None or len(one["mean"]) == 1]
        raise ValueError(
            f"input_scaling={name!r} is for images of {len(scaling['mean'])} channels; got {channels}. "
            f"Others are: {', '.join(fitting)}."
        )
    return name


def scale_input(images, name: str, dtype: Any):
    """The scaled images, by a layer `scaling`; as they are for "none".

    Args:
        images: Keras tensor, shape `(B, H, W, channels)`.
        name: from `check_scaling`.
        dtype: dtype or policy of the layer.
    """
    scaling = _SCALINGS[name]
    return images if scaling is None else InputScaling(**scaling, dtype=dtype, name="scaling")(images)
