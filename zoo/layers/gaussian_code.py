"""A code that is a distribution (Kingma & Welling 2014): drawn so that gradients pass, and kept near N(0, 1).

Shapes:
    B  batch size
    J  number of values of a code
"""

from typing import Any

import keras
from keras import ops

from ..checks import check_number
from .global_batch import draw_for_samples


def kl_divergence(mean, log_variance):
    """The divergence of N(mean, exp(log_variance)) from N(0, 1), summed over the values of a code.

        KL = 1/2 sum_j (mu_j^2 + sigma_j^2 - log sigma_j^2 - 1)

    Args:
        mean: mu, shape `(B, J)`.
        log_variance: log sigma^2, shape `(B, J)`.

    Returns:
        Float tensor, shape `(B,)`, in nats.

    Example:
        >>> ops.convert_to_numpy(kl_divergence(ops.array([[1.0, 2.0]]), ops.zeros((1, 2)))).tolist()
        [2.5]

    Reference:
        Kingma & Welling (2014), appendix B (there with the opposite sign).
    """
    mean, log_variance = ops.convert_to_tensor(mean), ops.convert_to_tensor(log_variance)
    return ops.sum(ops.square(mean) + ops.exp(log_variance) - log_variance - 1, axis=-1) / 2


@keras.saving.register_keras_serializable(package="gradschool")
class GaussianCode(keras.layers.Layer):
    """Draws a code from a Gaussian with the mean and the variance that it is given; in training, that is.

        z = mu + sigma * e,   e ~ N(0, 1)                                    (the reparameterisation)

    The noise comes in from outside, so that z is a smooth function of mu and sigma, with gradients for both. Outside of
    training z is mu. The layer adds beta KL(N(mu, sigma^2) || N(0, 1)), the mean over the batch, to the model's loss.

    Args:
        beta: weight of the divergence in the loss, at least 0; 1 is the paper's.
        seed: of the noise. Defaults to a random one.
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: the pair mu and log sigma^2, float tensors, shape `(B, J)` each.
        training: whether to draw.

    Returns:
        Codes z, shape `(B, J)`.

    Example:
        >>> code = GaussianCode()
        >>> ops.convert_to_numpy(code([ops.ones((1, 2)), ops.zeros((1, 2))])).tolist(), float(code.losses[0])
        ([[1.0, 1.0]], 1.0)

    Reference:
        Kingma & Welling (2014), "Auto-Encoding Variational Bayes", section 2.4 and appendix B; Higgins et al. (2017),
        "beta-VAE", equation 4, for beta.
    """

    def __init__(self, beta: float = 1.0, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.beta = check_number("beta", beta, "[0, inf)")
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shapes):
        self.built = True

    def call(self, inputs, training=False):
        mean, log_variance = inputs
        divergence = kl_divergence(mean, log_variance)  # (B,)
        count = ops.cast(ops.shape(divergence)[0], divergence.dtype)
        # The mean over the samples at hand, of which a replica may have none; `engine/replicas.py` weighs the parts.
        self.add_loss(self.beta * ops.divide_no_nan(ops.sum(divergence), count))
        if not training:
            return mean
        return mean + ops.exp(log_variance / 2) * draw_for_samples(self._draw, ops.shape(mean))

    def _draw(self, shape):
        return keras.random.normal(shape, dtype=self.compute_dtype, seed=self.seed_generator)

    def compute_output_shape(self, input_shapes):
        return input_shapes[0]

    def get_config(self):
        return {**super().get_config(), "beta": self.beta, "seed": self.seed}
