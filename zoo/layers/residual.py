"""Residual blocks (He et al. 2016, "Deep Residual Learning for Image Recognition", section 3).

The convolutions of a block learn what to add to its input, not its output. A block that has learned nothing then passes
its input on, so that a deeper network need not be worse than a shallower one, and the gradient has a way around.

    residual_block             two 3x3 convolutions                                  ResNet-18, -34, the CIFAR family
    bottleneck_block           1x1 to fewer maps, 3x3, 1x1 to four times as many     ResNet-50, -101, -152
    preactivated_...           the same with normalisation and activation before     version 2 (He et al. 2016b,
                               each convolution: nothing stands in the way around    "Identity Mappings")

A block makes ordinary layers, so that a summary of the model shows each by its own name.

Shapes:
    B  batch size
    H, W  height and width of a map
    M, N  number of maps (channels) that come in, and that go out
    s  stride
"""

from typing import Any

import keras
from keras import layers, ops

from ..errors import unknown_name
from .style import Style

EXPANSION = 4  # a bottleneck gives four times as many maps as its 3x3 convolution has
SHORTCUTS = ("padding", "projection", "none")


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

    def window(self) -> tuple[int, int]:
        """Size and stride of the patches that the units see."""
        return 1, self.stride

    def get_config(self):
        return {**super().get_config(), "channels": self.channels, "stride": self.stride}


def go_around(maps, channels: int, stride: int, shortcut: str, style: Style, name: str):
    """The way around a block: x itself where the size stays, else what `shortcut` says; None for "none".

    Args:
        maps: Keras tensor, shape `(B, H, W, M)`.
        channels: number of maps that go out, N.
        stride: s.
        shortcut: "padding" (option A of the paper, a `ZeroPaddedShortcut`), "projection" (option B, a 1x1 convolution),
            or "none", as in a plain network.
        style: of the convolution.
        name: of the block.

    Returns:
        Keras tensor, shape `(B, ceil(H / s), ceil(W / s), N)`, not normalised; or None.

    Raises:
        ValueError: if there is no such shortcut.
    """
    if shortcut not in SHORTCUTS:
        raise unknown_name("shortcut", shortcut, SHORTCUTS)
    if shortcut == "none":
        return None
    if stride == 1 and channels == maps.shape[-1]:
        return maps
    if shortcut == "padding":
        return ZeroPaddedShortcut(channels, stride, dtype=style.dtype, name=f"{name}_shortcut")(maps)
    return style.convolve(maps, channels, 1, stride, name=f"{name}_shortcut")


def add(maps, around, style: Style, name: str):
    """F(x) + shortcut(x), or F(x) alone where nothing goes around."""
    if around is None:
        return maps
    return layers.Add(dtype=style.dtype, name=f"{name}_add")([maps, around])


# === Version 1: activation after the sum ===
def residual_block(maps, channels: int, stride: int = 1, *, shortcut: str = "padding", style: Style, name: str):
    """Two convolutions, and a way around them.

        y = a(F(x) + shortcut(x)),   F(x) = BN(K_2 * a(BN(K_1 * x)))

    where * is a 3x3 convolution with zero padding, the first one at stride s, and BN is batch normalisation (or what
    the style says). A projection is normalised as well.

    Args:
        maps: Keras tensor, shape `(B, H, W, M)`.
        channels: number of maps that go out, N; for a padding shortcut at least M.
        stride: of the first convolution and of the shortcut, s. Defaults to 1.
        shortcut: see `go_around`.
        style: activation a, initialiser of K_1 and K_2, normalisation and dtype.
        name: that the names of the layers begin with.

    Returns:
        Keras tensor, shape `(B, ceil(H / s), ceil(W / s), N)`.

    Example:
        >>> images = keras.Input((28, 28, 16))
        >>> style = Style("relu", "he_normal", "batch", "float32")
        >>> residual_block(images, 32, stride=2, style=style, name="block").shape
        (None, 14, 14, 32)
    """
    around = _normalized(go_around(maps, channels, stride, shortcut, style, name), maps, shortcut, style, name)
    x = style.convolve(maps, channels, 3, stride, name=f"{name}_conv1")  # (B, H/s, W/s, N)
    x = style.activate(style.normalize(x, name=f"{name}_conv1"), name=f"{name}_act1")
    x = style.normalize(style.convolve(x, channels, 3, name=f"{name}_conv2"), name=f"{name}_conv2")
    return style.activate(add(x, around, style, name), name=f"{name}_act2")


def bottleneck_block(
    maps,
    channels: int,
    stride: int = 1,
    *,
    stride_on: str = "conv2",
    shortcut: str = "projection",
    style: Style,
    name: str,
):
    """Three convolutions, the 3x3 one on a quarter of the maps, and a way around them.

        y = a(F(x) + shortcut(x)),   F(x) = BN(K_3 * a(BN(K_2 * a(BN(K_1 * x)))))

    with K_1 and K_3 of 1x1, K_2 of 3x3.

    Args:
        maps: Keras tensor, shape `(B, H, W, M)`.
        channels: number of maps of K_1 and K_2, N / 4.
        stride: s. Defaults to 1.
        stride_on: which convolution makes the stride: "conv2", or "conv1" as in the paper.
        shortcut: see `go_around`.
        style: as in `residual_block`.
        name: that the names of the layers begin with.

    Returns:
        Keras tensor, shape `(B, ceil(H / s), ceil(W / s), N)`.
    """
    first, second = (stride, 1) if stride_on == "conv1" else (1, stride)
    wide = EXPANSION * channels
    around = _normalized(go_around(maps, wide, stride, shortcut, style, name), maps, shortcut, style, name)
    x = style.convolve(maps, channels, 1, first, name=f"{name}_conv1")  # (B, H, W, N/4)
    x = style.activate(style.normalize(x, name=f"{name}_conv1"), name=f"{name}_act1")
    x = style.convolve(x, channels, 3, second, name=f"{name}_conv2")  # (B, H/s, W/s, N/4)
    x = style.activate(style.normalize(x, name=f"{name}_conv2"), name=f"{name}_act2")
    x = style.normalize(style.convolve(x, wide, 1, name=f"{name}_conv3"), name=f"{name}_conv3")  # (B, H/s, W/s, N)
    return style.activate(add(x, around, style, name), name=f"{name}_act3")


def _normalized(around, maps, shortcut: str, style: Style, name: str):
    """A projection, normalised; any other way around as it is."""
    if shortcut != "projection" or around is maps:
        return around
    return style.normalize(around, name=f"{name}_shortcut")


# === Version 2: activation before the convolutions ===
def preactivated_block(maps, channels: int, stride: int = 1, *, shortcut: str = "projection", style: Style, name: str):
    """`residual_block` with normalisation and activation before each convolution (He et al. 2016b, figure 1 b).

        y = shortcut(x) + F(x),   F(x) = K_2 * a(BN(K_1 * a(BN(x))))

    A shortcut that changes the size takes a(BN(x)), whose normalisation the whole block shares.

    Args and returns: as of `residual_block`.

    Reference:
        He et al. (2016b), "Identity Mappings in Deep Residual Networks", equation 5, figure 4 (e) and the appendix.
    """
    active, around = _preactivate(maps, channels, stride, shortcut, style, name)
    x = style.convolve(active, channels, 3, stride, name=f"{name}_conv1")  # (B, H/s, W/s, N)
    x = style.activate(style.normalize(x, name=f"{name}_conv1"), name=f"{name}_act1")
    return add(style.convolve(x, channels, 3, name=f"{name}_conv2"), around, style, name)


def preactivated_bottleneck(
    maps,
    channels: int,
    stride: int = 1,
    *,
    stride_on: str = "conv2",
    shortcut: str = "projection",
    style: Style,
    name: str,
):
    """`bottleneck_block` with normalisation and activation before each convolution.

        y = shortcut(x) + F(x),   F(x) = K_3 * a(BN(K_2 * a(BN(K_1 * a(BN(x))))))

    Args and returns: as of `bottleneck_block`.

    Reference:
        He et al. (2016b), as `preactivated_block`.
    """
    first, second = (stride, 1) if stride_on == "conv1" else (1, stride)
    active, around = _preactivate(maps, EXPANSION * channels, stride, shortcut, style, name)
    x = style.convolve(active, channels, 1, first, name=f"{name}_conv1")  # (B, H, W, N/4)
    x = style.activate(style.normalize(x, name=f"{name}_conv1"), name=f"{name}_act1")
    x = style.convolve(x, channels, 3, second, name=f"{name}_conv2")  # (B, H/s, W/s, N/4)
    x = style.activate(style.normalize(x, name=f"{name}_conv2"), name=f"{name}_act2")
    return add(style.convolve(x, EXPANSION * channels, 1, name=f"{name}_conv3"), around, style, name)


def _preactivate(maps, channels: int, stride: int, shortcut: str, style: Style, name: str):
    """a(BN(x)), and the way around: x itself, or a shortcut of a(BN(x)) where the size changes."""
    active = style.activate(style.normalize(maps, name=f"{name}_pre"), name=f"{name}_act0")
    stays = stride == 1 and channels == maps.shape[-1]
    return active, go_around(maps if stays else active, channels, stride, shortcut, style, name)
