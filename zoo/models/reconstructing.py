"""What every autoencoder shares: it gives back what it was shown, and in its middle stands a layer named "code".

Shapes:
    B  batch size
    J  number of values of a code
"""

import functools

import keras
import numpy as np
from keras.ops import convert_to_numpy, sigmoid

from .base import ZooModel, answers


class ReconstructingModel(ZooModel):
    """A functional chain of layers, images -> ... -> code -> ... -> logits of pixels.

    A logit is given for every pixel: its logistic is the pixel's value in [0, 1], or how likely the pixel is ink. The
    loss that belongs to it is "pixel_cross_entropy", and the targets are the images themselves.

    Args:
        inputs: the model's `keras.Input`.
        outputs: logits of pixels, of the same shape.
        dtype: the dtype policy that the hidden layers were given.
        **kwargs: `name` and `trainable`.
    """

    task = "reconstruction"

    @functools.cached_property
    def encoder(self) -> keras.Model:
        """The first part, with the same weights: from images to codes, shape `(B, J)`."""
        return keras.Model(self.input, self.get_layer("code").output, name="encoder")

    @functools.cached_property
    def decoder(self) -> keras.Model:
        """The second part, with the same weights: from codes to logits of pixels."""
        behind = self.layers[[layer.name for layer in self.layers].index("code") + 1 :]
        code = self.get_layer("code").output
        x = codes = keras.Input(code.shape[1:], dtype=code.dtype, name="codes")
        for layer in behind:
            x = layer(x)
        return keras.Model(codes, x, name="decoder")

    def encode(self, images) -> np.ndarray:
        """The codes of images.

        Args:
            images: array, shape `(B, *input_shape)`, pixels in [0, 1].

        Returns:
            Array, shape `(B, J)`.
        """
        return answers(self.encoder, images)

    def decode(self, codes) -> np.ndarray:
        """The images that codes stand for.

        Args:
            codes: array, shape `(B, J)`.

        Returns:
            Pixels in [0, 1], shape `(B, *input_shape)`.
        """
        return pixels(answers(self.decoder, codes))

    def reconstruct(self, images) -> np.ndarray:
        """What the model makes of images, from their codes alone.

        Args:
            images: array, shape `(B, *input_shape)`, pixels in [0, 1].

        Returns:
            Pixels in [0, 1], of the same shape.
        """
        return pixels(answers(self, images))


def pixels(logits) -> np.ndarray:
    """Pixels in [0, 1] from their logits.

    Example:
        >>> pixels(np.zeros((1, 2), "float32")).tolist()
        [[0.5, 0.5]]
    """
    return convert_to_numpy(sigmoid(logits))
