"""Costs of the game between generator G and discriminator D; `losses.py` and `metrics.py` have them by name.

With s the logistic, x a real image and G(z) a made one:

    discriminator_loss    -log s(D(x)) - log(1 - s(D(G(z))))
    generator_loss        -log s(D(G(z)))
    adversarial           the sum of both, each of which one of the two learns from

The model's three logits, which they are computed from, are explained in `models/dcgan.py`.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gradschool")
def discriminator_loss(y_true, y_pred):
    """-log s(D(x)) - log(1 - s(D(G(z)))): what a discriminator makes small; 2 log 2 if it has no idea. A metric.

    Args:
        y_true: not looked at.
        y_pred: logits of `models/dcgan.py`, shape `(B, 3)`.

    Returns:
        Float tensor, shape `(B,)`.
    """
    return ops.softplus(-y_pred[:, 0]) + ops.softplus(y_pred[:, 1])


@keras.saving.register_keras_serializable(package="gradschool")
def generator_loss(y_true, y_pred):
    """-log s(D(G(z))): what a generator makes small; log 2 if the discriminator has no idea. A metric.

    Args:
        y_true: not looked at.
        y_pred: logits of `models/dcgan.py`, shape `(B, 3)`.

    Returns:
        Float tensor, shape `(B,)`.
    """
    return ops.softplus(-y_pred[:, 2])


@keras.saving.register_keras_serializable(package="gradschool")
class Adversarial(keras.losses.Loss):
    """The two costs of a game, in one: the discriminator's and the generator's, which share no weight.

    The generator's is the one that does not saturate: log(1 - s(D(G(z)))) is flat where D is sure of itself.

    Args:
        reduction: as of every Keras loss. Defaults to the mean over samples.
        name: of the loss.
        **kwargs: `dtype`.

    Call arguments:
        y_true: not looked at; labels will do.
        y_pred: the logits D(x), D(constant(G(z))) and D'(G(z)) of `models/dcgan.py`, shape `(B, 3)`.

    Returns:
        Scalar; 3 log 2 where the discriminator has no idea.

    Example:
        >>> round(float(Adversarial()(ops.zeros((1,)), ops.zeros((1, 3)))), 4)
        2.0794

    Reference:
        Goodfellow et al. (2014), "Generative Adversarial Nets", section 3.
    """

    def __init__(self, reduction: str = "sum_over_batch_size", name: str = "adversarial", **kwargs):
        super().__init__(name=name, reduction=reduction, **kwargs)

    def call(self, y_true, y_pred):
        return discriminator_loss(y_true, y_pred) + generator_loss(y_true, y_pred)  # (B,)
