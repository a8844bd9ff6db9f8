"""A convolution whose maps are split into towers that do not see each other (Krizhevsky et al. 2012, figure 2)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gradschool")
class GroupedConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` with `groups`, whose gradient can be had on a CPU too.

        y = [K_1 * x_1, ..., K_g * x_g]

    with x split into g groups of maps. TensorFlow computes a grouped convolution on a CPU, but not its gradient; here
    every group is a convolution of its own. Weights, arguments and results are Keras's.

    Args:
        *args: those of `keras.layers.Conv2D`.
        **kwargs: likewise.

    Example:
        >>> layer = GroupedConv2D(6, 3, groups=2)
        >>> tuple(layer(keras.ops.ones((1, 5, 5, 4))).shape), tuple(layer.kernel.shape)
        ((1, 3, 3, 6), (3, 3, 2, 6))
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{**kwargs, "data_format": "channels_last"})

    def convolution_op(self, inputs, kernel):
        parts = zip(ops.split(inputs, self.groups, -1), ops.split(kernel, self.groups, -1), strict=True)
        how = {"strides": self.strides, "padding": self.padding, "dilation_rate": self.dilation_rate}
        done = [ops.conv(maps, part, data_format="channels_last", **how) for maps, part in parts]
        return ops.concatenate(done, axis=-1)
