"""The autoencoder (Hinton & Salakhutdinov 2006, "Reducing the Dimensionality of Data with Neural Networks").

A network that is to give back what it was shown, through a layer too narrow to carry it as it is: what passes there is
a code of the image, found without any labels.

Shapes:
    B  batch size
    D  number of pixels: height * width * channels
    H  number of units of a hidden layer
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
from .arguments import sample_shape, whole_number, whole_numbers
from .reconstructing import ReconstructingModel


@keras.saving.register_keras_serializable(package="gradschool")
class Autoencoder(ReconstructingModel):
    """An autoencoder of dense layers, 784-128-32-128-784 by default: 209 968 parameters.

        c = W_c h(x) + b_c            the code, behind the hidden layers of the encoder
        z = W_x g(c) + b_x            logits of the pixels, behind the same layers in reverse

        layer      output      parameters
        flatten       784
        encode1       128         100 480
        code           32           4 128
        decode1       128           4 224
        logits        784         101 136
        pixels    28x28x1

    With linear layers and squared errors the codes would span the same space as the first principal components (Baldi &
    Hornik 1989); the nonlinear layers are what goes beyond them.

    Args:
        input_shape: shape of one image, flattened first. Defaults to (28, 28, 1).
        hidden: number of units of each hidden layer of the encoder, H; the decoder has the same in reverse. May be
            empty. Defaults to (128,).
        code_size: number of values of a code, J. Defaults to 32; with 2 a run folder shows a map of the codes.
        activation: of the hidden layers; see `layers/activations.py`. Defaults to "relu".
        kernel_initializer: of every W; see `layers/initializers.py`. Defaults to "glorot_uniform".
        dtype: dtype or policy of the hidden layers ("mixed_bfloat16", ...). Defaults to Keras's global policy.
        **kwargs: `name` and `trainable`.

    Call arguments:
        images: float tensor, shape `(B, *input_shape)`; pixels in [0, 1].

    Returns:
        Logits of the pixels, shape `(B, *input_shape)`; float32 under every policy but "float64". `reconstruct` gives
        the pixels, `encode` the codes, `decode` images of codes; `encoder` and `decoder` are models of their own.

    Raises:
        ValueError: if an argument is out of its range, or a name unknown.

    Example:
        >>> model = Autoencoder(hidden=(64, 16), code_size=2)
        >>> model.encoder.output_shape, model.decoder.output_shape
        ((None, 2), (None, 28, 28, 1))

    Reference:
        Hinton & Salakhutdinov (2006), Science 313. Unlike there: two hidden layers in place of six, ReLU for the
        logistic, and weights that start at random; `engine/pretraining.py` pre-trains deeper ones.
    """

    def __init__(
        self,
        input_shape: Sequence[int] = (28, 28, 1),
        hidden: Sequence[int] = (128,),
        code_size: int = 32,
        activation: Any = "relu",
        kernel_initializer: Any = "glorot_uniform",
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = sample_shape(input_shape)
        hidden = whole_numbers("hidden", hidden, least=1)
        code_size = whole_number("code_size", code_size, least=1)
        policy = get_policy(dtype)

        # === Layers ===
        def dense(units, name, dtype=policy):
            return layers.Dense(units, kernel_initializer=get_initializer(kernel_initializer), dtype=dtype, name=name)

        # === Functional model ===
        images = keras.Input(input_shape, dtype=output_dtype(policy), name="images")
        x = layers.Flatten("channels_last", dtype=policy, name="flatten")(images)  # (B, D)
        for number, units in enumerate(hidden, start=1):
            x = activated(dense(units, f"encode{number}"), activation)(x)  # (B, H)
        x = dense(code_size, "code")(x)  # (B, J)
        for number, units in zip(range(len(hidden), 0, -1), reversed(hidden), strict=True):
            x = activated(dense(units, f"decode{number}"), activation)(x)  # (B, H)
        x = dense(math.prod(input_shape), "logits", output_dtype(policy))(x)  # (B, D)
        logits = layers.Reshape(input_shape, dtype=output_dtype(policy), name="pixels")(x)  # (B, *input_shape)
        super().__init__(images, logits, dtype=policy, **kwargs)

        # === Config ===
        self.sample_shape = input_shape
        self.hidden = hidden
        self.code_size = code_size
        self.activation = serialize_activation(activation)
        self.kernel_initializer = serialize_initializer(kernel_initializer)
