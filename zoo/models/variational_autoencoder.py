"""The variational autoencoder (Kingma & Welling 2014, "Auto-Encoding Variational Bayes").

Its encoder gives not a code but a distribution of codes, its decoder turns codes that are drawn from N(0, 1) into
images: an autoencoder that can make up new ones.

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
import numpy as np
from keras import layers

from ..checks import check_number
from ..layers.activations import activated, serialize_activation
from ..layers.gaussian_code import GaussianCode
from ..layers.initializers import get_initializer, serialize_initializer
from ..layers.policies import get_policy, output_dtype
from .arguments import sample_shape, whole_number, whole_numbers
from .reconstructing import ReconstructingModel


@keras.saving.register_keras_serializable(package="gradschool")
class VariationalAutoencoder(ReconstructingModel):
    """A variational autoencoder, 784-256-8-256-784 by default: 408 864 parameters.

        mu, log sigma^2 = W_m h(x) + b_m, W_s h(x) + b_s        the encoder's distribution q(c | x)
        c = mu + sigma e,   e ~ N(0, 1)                         the code; mu itself outside of training
        z = W_x g(c) + b_x                                      logits of the pixels: p(x | c)

        loss = -log p(x | c) + beta KL(q(c | x) || N(0, 1))     in nats an image

    The first term is the loss "pixel_cross_entropy" that the model is compiled with; the second one it adds itself, in
    training and in `evaluate`. With beta = 1 the loss in training is minus the evidence lower bound, drawn once for
    each image. In `evaluate`, where c = mu, it is lower than that and no bound.

    Args:
        input_shape: shape of one image, flattened first. Defaults to (28, 28, 1).
        hidden: number of units of each hidden layer of the encoder, H; the decoder has the same in reverse. Defaults
            to (256,).
        code_size: number of values of a code, J. Defaults to 8; with 2 a run folder shows a map of the codes.
        beta: weight of the divergence, at least 0. Defaults to 1.
        activation: of the hidden layers; see `layers/activations.py`. Defaults to "relu".
        kernel_initializer: of every W; see `layers/initializers.py`. Defaults to "glorot_uniform".
        dtype: dtype or policy of the hidden layers ("mixed_bfloat16", ...); distributions, divergence and logits are
            computed in float32 under every policy but "float64". Defaults to Keras's global policy.
        **kwargs: `name` and `trainable`.

    Call arguments:
        images: float tensor, shape `(B, *input_shape)`; pixels in [0, 1].
        training: whether to draw the codes.

    Returns:
        Logits of the pixels, shape `(B, *input_shape)`. `generate` makes new images; for the rest see `Autoencoder`.

    Raises:
        ValueError: if an argument is out of its range, or a name unknown.

    Example:
        >>> VariationalAutoencoder(code_size=2).generate(3, seed=0).shape
        (3, 28, 28, 1)

    Reference:
        Kingma & Welling (2014), sections 2.4 and 3, appendix B and C.1. Unlike there: ReLU for tanh, Adam for Adagrad.
        Higgins et al. (2017), "beta-VAE", for beta.
    """

    def __init__(
        self,
        input_shape: Sequence[int] = (28, 28, 1),
        hidden: Sequence[int] = (256,),
        code_size: int = 8,
        beta: float = 1.0,
        activation: Any = "relu",
        kernel_initializer: Any = "glorot_uniform",
        dtype: Any = None,
        **kwargs: Any,
    ):
        input_shape = sample_shape(input_shape)
        hidden = whole_numbers("hidden", hidden, least=1)
        code_size = whole_number("code_size", code_size, least=1)
        beta = check_number("beta", beta, "[0, inf)")
        policy = get_policy(dtype)
        answer = output_dtype(policy)

        # === Layers ===
        def dense(units, name, dtype=policy):
            return layers.Dense(units, kernel_initializer=get_initializer(kernel_initializer), dtype=dtype, name=name)

        # === Functional model ===
        images = keras.Input(input_shape, dtype=answer, name="images")
        x = layers.Flatten("channels_last", dtype=policy, name="flatten")(images)  # (B, D)
        for number, units in enumerate(hidden, start=1):
            x = activated(dense(units, f"encode{number}"), activation)(x)  # (B, H)
        mean = dense(code_size, "mean", answer)(x)  # (B, J)
        log_variance = dense(code_size, "log_variance", answer)(x)  # (B, J)
        x = GaussianCode(beta, dtype=answer, name="code")([mean, log_variance])  # (B, J)
        for number, units in zip(range(len(hidden), 0, -1), reversed(hidden), strict=True):
            x = activated(dense(units, f"decode{number}"), activation)(x)  # (B, H)
        x = dense(math.prod(input_shape), "logits", answer)(x)  # (B, D)
        logits = layers.Reshape(input_shape, dtype=answer, name="pixels")(x)  # (B, *input_shape)
        super().__init__(images, logits, dtype=policy, **kwargs)

        # === Config ===
        self.sample_shape = input_shape
        self.hidden = hidden
        self.code_size = code_size
        self.beta = beta
        self.activation = serialize_activation(activation)
        self.kernel_initializer = serialize_initializer(kernel_initializer)

    def generate(self, count: int, seed: int = 0) -> np.ndarray:
        """New images: what the decoder makes of codes drawn from N(0, 1).

        Args:
            count: how many.
            seed: of the codes.

        Returns:
            Pixels in [0, 1], shape `(count, *input_shape)`.
        """
        count = whole_number("count", count, least=1)
        return self.decode(np.random.default_rng(seed).normal(size=(count, self.code_size)).astype("float32"))
