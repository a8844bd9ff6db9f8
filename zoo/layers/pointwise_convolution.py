"""A 1x1 convolution with a stride: the projection on a residual network's way around (He et al. 2016, option B)."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gradschool")
class StridedPointwiseConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` with a 1x1 kernel, which takes every s-th pixel first and then convolves without a stride.

        y[i, j] = K x[s i, s j] + b

    Weights, arguments and results are Keras's. On a CPU, TensorFlow 2.21 writes beyond its memory in the gradient by
    the kernel where a stride is larger than the kernel and the maps are few (oneDNN; 3 maps to 6, of 8x10 pixels).

    Args:
        filters: number of maps that go out.
        strides: s.
        **kwargs: those of `keras.layers.Conv2D` but `kernel_size` and `padding`.

    Call arguments:
        maps: float tensor, shape `(B, H, W, M)`.

    Returns:
        Float tensor, shape `(B, ceil(H / s), ceil(W / s), filters)`.

    Example:
        >>> tuple(StridedPointwiseConv2D(6, 2)(keras.ops.ones((1, 8, 9, 3))).shape)
        (1, 4, 5, 6)
    """

    def __init__(self, filters: int, strides: int | tuple[int, int] = 1, **kwargs):
        super().__init__(filters, 1, strides, **{**kwargs, "data_format": "channels_last"})

    def convolution_op(self, inputs, kernel):
        down, across = self.strides
        return ops.conv(inputs[:, ::down, ::across, :], kernel, data_format="channels_last")

    def get_config(self):
        config = super().get_config()
        return {key: value for key, value in config.items() if key not in ("kernel_size", "padding", "data_format")}
