"""The residual block (He et al. 2016, "Deep Residual Learning for Image Recognition", section 3.2).

The convolutions of a block learn what to add to its input, not its output. A block that has learned nothing then passes
its input on, so that a deeper network need not be worse than a shallower one, and the gradient has a way around.

Shapes:
    B  batch size
    H, W  height and width of a map
    M, N  number of maps (channels) that come in, and that go out
    s  stride
"""

from typing import Any

import keras
from keras import layers, ops

from .activations import activation_layer
from .initializers import get_initializer

ON_MAPS = {"data_format": "channels_last"}  # whatever Keras's own configuration says


# === The way around ===
@keras.saving.register_keras_serializable(package="gradschool")
class ZeroPaddedShortcut(keras.layers.Layer):
    """Hands its input on in another size without a weight: every s-th pixel, and further maps that are zero.

        y_n[i, j] = x_n[s i, s j]  for n < M,   0  for M <= n < N

    Args:
        channels: number of maps that go out, N, at least M.
        stride: step between the pixels that are kept, s. Defaults to 1.
        **kwargs: `name`, `dtype`.

    Call arguments:
        maps: float tensor, shape `(B, H, W, M)`.

    Returns:
        Float tensor, shape `(B, ceil(H / s), ceil(W / s), N)`.

    Raises:
        ValueError: when it is built, if more maps come in than go out.

    Example:
        >>> tuple(ZeroPaddedShortcut(32, stride=2)(keras.ops.ones((1, 28, 28, 16))).shape)
        (1, 14, 14, 32)

    Reference:
        He et al. (2016), section 3.3 (option A) and section 4.2.
    """

    def __init__(self, channels: int, stride: int = 1, **kwargs: Any):
        super().__init__(**kwargs)
        self.channels = channels
        self.stride = stride

    def build(self, maps_shape):
        if maps_shape[-1] > self.channels:
            raise ValueError(f"channels must be at least the {maps_shape[-1]} maps that come in; got {self.channels}.")
        self.built = True

    def call(self, maps):
        kept = maps[:, :: self.stride, :: self.stride, :]  # (B, H/s, W/s, M)
        return ops.pad(kept, [(0, 0), (0, 0), (0, 0), (0, self.channels - maps.shape[-1])])  # (B, H/s, W/s, N)

    def compute_output_shape(self, maps_shape):
        batch, height, width, _ = maps_shape
        return batch, -(-height // self.stride), -(-width // self.stride), self.channels

    def get_config(self):
        return {**super().get_config(), "channels": self.channels, "stride": self.stride}


# === The block ===
def residual_block(
    maps, channels: int, stride: int = 1, *, activation: Any, kernel_initializer: Any, dtype: Any, name: str
):
    """Two convolutions, and a way around them.

        y = a(F(x) + shortcut(x)),   F(x) = BN(K_2 * a(BN(K_1 * x)))

    where * is a 3x3 convolution with zero padding, the first one at stride s, and BN is batch normalisation. The
    shortcut is x itself, or a `ZeroPaddedShortcut` where the size changes.

    It makes ordinary layers, so that a summary of the model shows each by its own name.

    Args:
        maps: Keras tensor, shape `(B, H, W, M)`.
        channels: number of maps that go out, N, at least M.
        stride: of the first convolution and of the shortcut, s. Defaults to 1.
        activation: a; see `activations.py`.
        kernel_initializer: of K_1 and K_2; see `initializers.py`.
        dtype: dtype or policy of the layers.
        name: that the names of the layers begin with.

    Returns:
        Keras tensor, shape `(B, ceil(H / s), ceil(W / s), N)`.

    Example:
        >>> images = keras.Input((28, 28, 16))
        >>> how = {"activation": "relu", "kernel_initializer": "he_normal", "dtype": "float32"}
        >>> residual_block(images, 32, stride=2, **how, name="block").shape
        (None, 14, 14, 32)
    """
    shortcut = maps
    if stride > 1 or channels != maps.shape[-1]:
        shortcut = ZeroPaddedShortcut(channels, stride, dtype=dtype, name=f"{name}_shortcut")(maps)
    how = {"kernel_initializer": kernel_initializer, "dtype": dtype}
    x = normalized_convolution(maps, channels, stride, **how, name=f"{name}_conv1")  # (B, H/s, W/s, N)
    x = activation_layer(activation, name=f"{name}_act1", dtype=dtype)(x)
    x = normalized_convolution(x, channels, **how, name=f"{name}_conv2")
    x = layers.Add(dtype=dtype, name=f"{name}_add")([x, shortcut])
    return activation_layer(activation, name=f"{name}_act2", dtype=dtype)(x)


def normalized_convolution(maps, channels: int, stride: int = 1, *, kernel_initializer: Any, dtype: Any, name: str):
    """BN(K * x): a 3x3 convolution, then batch normalisation, whose shift makes a bias superfluous.

    Args:
        maps: Keras tensor, shape `(B, H, W, M)`.
        channels: number of maps that go out, N.
        stride: of the convolution, s. Defaults to 1.
        kernel_initializer: of K; see `initializers.py`.
        dtype: dtype or policy of the layers.
        name: of the convolution; the others' are made of it.

    Returns:
        Keras tensor, shape `(B, ceil(H / s), ceil(W / s), N)`.

    Reference:
        Ioffe & Szegedy (2015), "Batch Normalization", section 3.2. The running mean and variance take a tenth of each
        new batch, as is usual for ResNets: Keras's hundredth would need hundreds of steps.
    """
    padding = "same"
    if stride > 1:  # "same" pads an even side at its end only: the kernel would sit beside the shortcut's pixel
        maps = layers.ZeroPadding2D(1, **ON_MAPS, dtype=dtype, name=f"{name}_pad")(maps)  # (B, H + 2, W + 2, M)
        padding = "valid"
    convolution = layers.Conv2D(
        channels,
        3,
        stride,
        padding,
        **ON_MAPS,
        use_bias=False,
        kernel_initializer=get_initializer(kernel_initializer),
        dtype=dtype,
        name=name,
    )
    normalization = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, dtype=dtype, name=f"{name}_bn")
    return normalization(convolution(maps))  # (B, H/s, W/s, N)
