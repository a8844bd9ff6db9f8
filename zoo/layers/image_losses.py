"""Costs of images that a model gives back, of which it gives the logits of the pixels; `losses.py` has them by name.

With t the pixels of an image, z the logits, and the logistic s(z) = 1 / (1 + e^-z):

    pixel_cross_entropy    sum over the pixels of -t log s(z) - (1 - t) log(1 - s(z)), in nats an image
    pixel_squared_error    mean over the pixels of (t - s(z))^2; a metric
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="gradschool")
def pixel_cross_entropy(y_true, y_pred):
    """The cross-entropy of an image under a model that takes every pixel for a coin of its own; serves as a metric.

        -log p(t) = sum_i -t_i log s(z_i) - (1 - t_i) log(1 - s(z_i)),   s(z) = 1 / (1 + e^-z)

    For black and white pixels it can be zero. A grey pixel, t between 0 and 1, costs at least its own entropy.

    Args:
        y_true: pixels t in [0, 1], shape `(B, ...)`.
        y_pred: logits z of pixels, as many.

    Returns:
        Float tensor, shape `(B,)`, in nats.

    Example:
        >>> round(float(pixel_cross_entropy([[1.0, 0.0]], [[0.0, 0.0]])[0]), 3)
        1.386
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.reshape(ops.cast(y_true, y_pred.dtype), ops.shape(y_pred))
    apart = ops.softplus(y_pred) - y_true * y_pred  # = -t log s(z) - (1 - t) log(1 - s(z))
    return ops.sum(apart, axis=tuple(range(1, len(y_pred.shape))))  # (B,)


@keras.saving.register_keras_serializable(package="gradschool")
def pixel_squared_error(y_true, y_pred):
    """The mean of (t - s(z))^2 over an image's pixels: how far the pixels given are from the right ones; a metric.

    Args:
        y_true: pixels t in [0, 1], shape `(B, ...)`.
        y_pred: logits z of pixels, as many; s is the logistic.

    Returns:
        Float tensor, shape `(B,)`.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.reshape(ops.cast(y_true, y_pred.dtype), ops.shape(y_pred))
    return ops.mean(ops.square(y_true - ops.sigmoid(y_pred)), axis=tuple(range(1, len(y_pred.shape))))  # (B,)


@keras.saving.register_keras_serializable(package="gradschool")
class PixelCrossEntropy(keras.losses.Loss):
    """The mean of `pixel_cross_entropy` over the images: what autoencoders make small.

    Summed over the pixels, not their mean, it is -log p(x | code) in nats, to which the variational autoencoder adds
    the divergence of its code.

    Args:
        reduction: as of every Keras loss. Defaults to the mean over samples.
        name: of the loss.
        **kwargs: `dtype`.

    Call arguments:
        y_true: pixels in [0, 1], shape `(B, ...)`.
        y_pred: logits of pixels, as many.

    Returns:
        Scalar.

    Reference:
        Vincent et al. (2010), "Stacked Denoising Autoencoders", section 2.2, equation 4.
    """

    def __init__(self, reduction: str = "sum_over_batch_size", name: str = "pixel_cross_entropy", **kwargs):
        super().__init__(name=name, reduction=reduction, **kwargs)

    def call(self, y_true, y_pred):
        return pixel_cross_entropy(y_true, y_pred)  # (B,)
