"""The convolutional autoencoder (Masci et al. 2011, "Stacked Convolutional Auto-Encoders").

What an image is made of is looked for everywhere with the same filters, and put back with the same filters everywhere.

Shapes:
    B  batch size
    H, W, M  height, width and number of maps
    J  number of values of a code
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from ..layers.activations import activated, serialize_activation
from ..layers.initializers import get_initializer, serialize_initializer
from ..layers.policies import get_policy, output_dtype
from ..layers.style import ON_MAPS
from .arguments import image_shape, whole_number, whole_numbers
from .reconstructing import ReconstructingModel


@keras.saving.register_keras_serializable(package="gradschool")
class ConvAutoencoder(ReconstructingModel):
    """A convolutional autoencoder: 111 521 parameters at 28x28x1.

        layer      output       parameters
        encode1    14x14x16            160     convolution 3x3, stride 2
        encode2      7x7x32          4 640     convolution 3x3, stride 2
        code             32         50 208
        spread         1568         51 744     dense, then 7x7x32
        decode1    14x14x16          4 624     transposed convolution 3x3, stride 2
        pixels     28x28x1             145     transposed convolution 3x3, stride 2: logits

    A transposed convolution doubles each side; where the encoder had an odd one, the last row or column is cut off.

    Args:
        input_shape: height, width, channels of one image. Defaults to (28, 28, 1).
        filters: number of maps of each convolution of the encoder, M, at least one; the decoder has the same in
            reverse. Defaults to (16, 32).
        code_size: number of values of a code, J. Defaults to 32.
        activation: of the hidden layers; see `layers/activations.py`. Defaults to "relu".
        kernel_initializer: of every kernel; see `layers/initializers.py`. Defaults to "glorot_uniform".
        dtype: dtype or policy of the hidden layers ("mixed_bfloat16", ...). Defaults to Keras's global policy.
        **kwargs: `name` and `trainable`.

    Call arguments:
        images: float tensor, shape `(B, height, width, channels)`; pixels in [0, 1].

    Returns:
        Logits of the pixels, of the same shape; float32 under every policy but "float64". For the rest see
        `Autoencoder`.

    Raises:
        ValueError: if an argument is out of its range, or a name unknown.

    Example:
        >>> ConvAutoencoder(code_size=2).encoder.output_shape
        (None, 2)

    Reference:
        Masci et al. (2011), section 3. Unlike there: strides in place of max-pooling (Springenberg et al. 2015), a
        dense code, and decoder weights of their own.
    """

    def __init__(
        self,
        input_shape: Sequence[int] = (28, 28, 1),
        filters: Sequence[int] = (16, 32),
        code_size: int = 32,
        activation: Any = "relu",
        kernel_initializer: Any = "glorot_uniform",
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = image_shape("ConvAutoencoder", input_shape)
        filters = whole_numbers("filters", filters, least=1)
        if not filters:
            raise ValueError("filters must have at least one number; got (). For dense layers take Autoencoder.")
        code_size = whole_number("code_size", code_size, least=1)
        policy = get_policy(dtype)

        # === Layers ===
        def options(name, dtype=policy):
            return {"kernel_initializer": get_initializer(kernel_initializer), "dtype": dtype, "name": name}

        def doubling(layer, maps, name, dtype=policy):
            return layer(maps, 3, strides=2, padding="same", **ON_MAPS, **options(name, dtype))

        def cut(x, size, name, dtype=policy):
            """The first rows and columns of maps that became one too large."""
            extra = [(0, now - wanted) for now, wanted in zip(x.shape[1:3], size, strict=True)]
            if extra == [(0, 0), (0, 0)]:
                return x
            return layers.Cropping2D(extra, **ON_MAPS, dtype=dtype, name=name)(x)

        # === Functional model ===
        x = images = keras.Input(input_shape, dtype=output_dtype(policy), name="images")
        sizes = []
        for number, maps in enumerate(filters, start=1):
            sizes.append(x.shape[1:3])
            x = activated(doubling(layers.Conv2D, maps, f"encode{number}"), activation)(x)  # (B, H/2, W/2, M)
        smallest = x.shape[1:]
        x = layers.Flatten(**ON_MAPS, dtype=policy, name="flatten")(x)
        x = layers.Dense(code_size, **options("code"))(x)  # (B, J)
        x = activated(layers.Dense(math.prod(smallest), **options("spread")), activation)(x)
        x = layers.Reshape(smallest, dtype=policy, name="maps")(x)
        for number in range(len(filters) - 1, 0, -1):
            deconvolution = doubling(layers.Conv2DTranspose, filters[number - 1], f"decode{number}")
            x = cut(activated(deconvolution, activation)(x), sizes[number], f"cut{number}")  # (B, 2H, 2W, M)
        answer = output_dtype(policy)
        x = doubling(layers.Conv2DTranspose, input_shape[-1], "pixels", answer)(x)
        x = cut(x, sizes[0], "cut_pixels", answer)  # (B, height, width, channels)
        super().__init__(images, x, dtype=policy, **kwargs)

        # === Config ===
        self.sample_shape = input_shape
        self.filters = filters
        self.code_size = code_size
        self.activation = serialize_activation(activation)
        self.kernel_initializer = serialize_initializer(kernel_initializer)
