"""What all convolutions of a network have in common, said once."""

from dataclasses import dataclass
from typing import Any

from keras import layers

from .activations import activation_layer, serialize_activation
from .dropout import Dropout
from .initializers import get_initializer, serialize_initializer
from .normalization import check_normalization, normalized
from .pointwise_convolution import StridedPointwiseConv2D
from .policies import output_dtype

ON_MAPS = {"data_format": "channels_last"}  # whatever Keras's own configuration says


@dataclass(frozen=True)
class Style:
    """How a network's convolutions are made; each method adds one kind of layer to a functional model.

    Args:
        activation: see `activations.py`.
        kernel_initializer: of every kernel; see `initializers.py`.
        normalization: see `normalization.py`.
        dtype: dtype or policy of the layers.

    Raises:
        ValueError: if a name is unknown.

    Example:
        >>> import keras
        >>> style = Style("relu", "he_normal", "batch", "float32")
        >>> maps = style.convolve(keras.Input((28, 28, 1)), 8, stride=2, name="conv")
        >>> style.activate(style.normalize(maps, name="conv"), name="act").shape
        (None, 14, 14, 8)
    """

    activation: Any
    kernel_initializer: Any
    normalization: str
    dtype: Any

    def __post_init__(self):
        serialize_activation(self.activation)
        serialize_initializer(self.kernel_initializer)
        object.__setattr__(self, "normalization", check_normalization(self.normalization))

    def convolve(self, maps, channels: int, size: int = 3, stride: int = 1, *, name: str):
        """K * x, and a bias if no normalisation will shift the maps.

        The kernel's centre stands over every s-th pixel, from the first one on, and zeros stand around the maps.

        Args:
            maps: Keras tensor, shape `(B, H, W, M)`.
            channels: number of maps that go out, N.
            size: side of the kernel, odd.
            stride: step between the places of the kernel, s.
            name: of the layer.

        Returns:
            Keras tensor, shape `(B, ceil(H / s), ceil(W / s), N)`.
        """
        how = {
            "use_bias": self.normalization == "none",
            "kernel_initializer": get_initializer(self.kernel_initializer),
            "dtype": self.dtype,
            "name": name,
        }
        if size == 1:
            if stride > 1:
                return StridedPointwiseConv2D(channels, stride, **how)(maps)
            return layers.Conv2D(channels, 1, **ON_MAPS, **how)(maps)
        padding = "same"
        if stride > 1:  # "same" would pad an even side at its end only, and the kernel would stand beside the pixel
            maps = self.pad(maps, size // 2, name=name)  # (B, H + size - 1, W + size - 1, M)
            padding = "valid"
        return layers.Conv2D(channels, size, stride, padding, **ON_MAPS, **how)(maps)

    def pad(self, maps, pixels: int, *, name: str):
        """Zeros around the maps, `pixels` wide, by a layer `NAME_pad`; nothing for 0 pixels."""
        if not pixels:
            return maps
        return layers.ZeroPadding2D(pixels, **ON_MAPS, dtype=self.dtype, name=f"{name}_pad")(maps)

    def normalize(self, maps, *, name: str):
        """The maps normalised, by a layer `NAME_bn`, `NAME_ln` or `NAME_gn`; as they are for "none"."""
        return normalized(maps, self.normalization, name=name, dtype=self.dtype)

    def activate(self, maps, *, name: str):
        """a(x), by a layer of that name."""
        return activation_layer(self.activation, name=name, dtype=self.dtype)(maps)

    def classify(self, maps, classes: int, dropout: float):
        """Logits W mean(x) + b, the mean over all places: layers `pool`, `dropout` and `logits`.

        Args:
            maps: Keras tensor, shape `(B, H, W, M)`.
            classes: C.
            dropout: share of the M features left out in training; no such layer for 0.

        Returns:
            Keras tensor, shape `(B, C)`, in the dtype of answers (`policies.py`).
        """
        features = layers.GlobalAveragePooling2D(**ON_MAPS, dtype=self.dtype, name="pool")(maps)  # (B, M)
        if dropout:
            features = Dropout(dropout, dtype=self.dtype, name="dropout")(features)
        logits = layers.Dense(
            classes,
            kernel_initializer=get_initializer(self.kernel_initializer),
            dtype=output_dtype(self.dtype),
            name="logits",
        )
        return logits(features)
