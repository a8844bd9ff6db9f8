"""The denoising autoencoder (Vincent et al. 2008, "Extracting and Composing Robust Features").

It is shown a spoilt image and has to give back the clean one. A code may then be as large as it likes: copying does not
help, only knowing how the pixels of an image hang together.

Shapes:
    B  batch size
    D  number of pixels: height * width * channels
    J  number of values of a code
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from ..layers.activations import activation_layer, serialize_activation
from ..layers.corruption import Corruption, check_corruption
from ..layers.initializers import get_initializer, serialize_initializer
from ..layers.policies import get_policy, output_dtype
from .arguments import sample_shape, whole_number
from .reconstructing import ReconstructingModel


@keras.saving.register_keras_serializable(package="gradschool")
class DenoisingAutoencoder(ReconstructingModel):
    """A denoising autoencoder of one hidden layer, 784-1000-784 by default: 1 569 784 parameters.

        x' = x, spoilt                         (in training only; the target is x)
        c = a(W x' + b)
        z = W' c + b'                          logits of the pixels

    Args:
        input_shape: shape of one image, flattened first. Defaults to (28, 28, 1).
        code_size: number of hidden units, J; may be larger than D. Defaults to 1000.
        corruption: "masking" sets pixels to zero, "gaussian" adds noise; see `layers/corruption.py`. Defaults to
            "masking".
        strength: the share of pixels that are masked, in [0, 1), or the noise's standard deviation. Defaults to 0.25.
        activation: a; see `layers/activations.py`. Defaults to "logistic".
        kernel_initializer: of both W; see `layers/initializers.py`. Defaults to "glorot_uniform".
        dtype: dtype or policy of the hidden layers ("mixed_bfloat16", ...). Defaults to Keras's global policy.
        **kwargs: `name` and `trainable`.

    Call arguments:
        images: float tensor, shape `(B, *input_shape)`; pixels in [0, 1]; clean ones.
        training: whether to spoil them.

    Returns:
        Logits of the pixels, shape `(B, *input_shape)`; float32 under every policy but "float64". For the rest see
        `Autoencoder`.

    Raises:
        ValueError: if an argument is out of its range, or a name unknown.

    Example:
        >>> DenoisingAutoencoder(code_size=50, corruption="gaussian", strength=0.3).count_params()
        79234

    Reference:
        Vincent et al. (2008), section 2; (2010), "Stacked Denoising Autoencoders", JMLR 11, section 3. Unlike there:
        W' is not tied to the transpose of W.
    """

    def __init__(
        self,
        input_shape: Sequence[int] = (28, 28, 1),
        code_size: int = 1000,
        corruption: str = "masking",
        strength: float = 0.25,
        activation: Any = "logistic",
        kernel_initializer: Any = "glorot_uniform",
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = sample_shape(input_shape)
        code_size = whole_number("code_size", code_size, least=1)
        check_corruption(corruption, strength)
        policy = get_policy(dtype)

        # === Layers ===
        def dense(units, name, dtype=policy):
            return layers.Dense(units, kernel_initializer=get_initializer(kernel_initializer), dtype=dtype, name=name)

        # === Functional model ===
        images = keras.Input(input_shape, dtype=output_dtype(policy), name="images")
        x = Corruption(corruption, strength, dtype=policy, name="corruption")(images)  # (B, *input_shape)
        x = layers.Flatten("channels_last", dtype=policy, name="flatten")(x)  # (B, D)
        x = activation_layer(activation, dtype=policy, name="code")(dense(code_size, "encode")(x))  # (B, J)
        x = dense(math.prod(input_shape), "logits", output_dtype(policy))(x)  # (B, D)
        logits = layers.Reshape(input_shape, dtype=output_dtype(policy), name="pixels")(x)  # (B, *input_shape)
        super().__init__(images, logits, dtype=policy, **kwargs)

        # === Config ===
        self.sample_shape = input_shape
        self.code_size = code_size
        self.corruption = corruption
        self.strength = float(strength)
        self.activation = serialize_activation(activation)
        self.kernel_initializer = serialize_initializer(kernel_initializer)

    def spoil(self, images, seed: int = 0) -> np.ndarray:
        """Images spoilt as in training: what `reconstruct` can be tried on.

        Args:
            images: array, shape `(B, *input_shape)`.
            seed: of the noise.

        Returns:
            Array of the same shape.
        """
        corruption = Corruption(self.corruption, self.strength, seed, dtype=output_dtype(self.dtype_policy))
        return keras.ops.convert_to_numpy(corruption(images, training=True))
