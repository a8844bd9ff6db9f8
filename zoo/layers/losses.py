"""Costs: what learning makes small, under the course's names and Keras's.

With t the target, y or the logits z the model's answer, B samples:

    name                       cost                                       given by
    cross_entropy              mean of -log softmax(z)_t                  Keras, from logits and whole-number classes
     with label smoothing      mean of -sum_k s_k log softmax(z)_k        ours, also for classes that are mixed
    misclassification          share of samples where argmax z is not t   ours; its derivative is zero
    l2, mean_squared_error     mean of (t - y)^2                          Keras
    l1, mean_absolute_error    mean of |t - y|                            Keras
    half_squared_error         sum of 1/2 (t - y)^2                       ours (perceptron, ADALINE)
    pixel_cross_entropy        sum over an image's pixels of              ours (autoencoders), in nats an image,
                               -t log s(z) - (1 - t) log(1 - s(z))        with the logistic s; mean over images
    adversarial                mean of -log s(a) - log(1 - s(b))          ours (DCGAN), of three logits a, b, c:
                               - log s(c)                                 no targets

Every other name of `keras.losses` works as well.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from ..errors import unknown_name


@keras.saving.register_keras_serializable(package="gradschool")
def misclassification(y_true, y_pred):
    """1 for a sample whose largest logit is not that of its class, else 0; serves as a metric.

    Args:
        y_true: whole-number classes, shape `(B,)` or `(B, 1)`.
        y_pred: logits or probabilities, shape `(B, C)`.

    Returns:
        Float tensor, shape `(B,)`.

    Raises:
        ValueError: if there are not at least two columns to choose from.

    Example:
        >>> keras.ops.convert_to_numpy(misclassification([1, 1], [[0.2, 0.8], [0.7, 0.3]])).tolist()
        [0.0, 1.0]
    """
    y_pred, y_true = ops.convert_to_tensor(y_pred), ops.convert_to_tensor(y_true)
    if y_pred.shape[-1] == 1:
        raise ValueError(
            f"misclassification needs one logit for each class; got answers of shape {tuple(y_pred.shape)}. "
            "For a single output use the metric keras.metrics.BinaryAccuracy."
        )
    if len(y_true.shape) == len(y_pred.shape):
        y_true = ops.squeeze(y_true, -1)
    wrong = ops.not_equal(ops.argmax(y_pred, axis=-1), ops.cast(y_true, "int32"))  # (B,)
    return ops.cast(wrong, y_pred.dtype)


@keras.saving.register_keras_serializable(package="gradschool")
class Misclassification(keras.losses.Loss):
    """The 0/1 loss: the share of samples that are classified wrongly.

    What one would like to make small, and nothing that gradient descent could: a small step changes no decision, so the
    derivative is zero wherever there is one, and a fit with it leaves the weights where they are.

    Args:
        reduction: as of every Keras loss. Defaults to the mean over samples.
        name: of the loss.
        **kwargs: `dtype`.

    Call arguments:
        y_true: whole-number classes, shape `(B,)` or `(B, 1)`.
        y_pred: logits or probabilities, shape `(B, C)`.

    Returns:
        Scalar in [0, 1].
    """

    def __init__(self, reduction: str = "sum_over_batch_size", name: str = "misclassification", **kwargs):
        super().__init__(name=name, reduction=reduction, **kwargs)

    def call(self, y_true, y_pred):
        never = ops.zeros_like(y_pred, dtype="bool")
        zero = ops.sum(ops.where(never, y_pred, ops.zeros_like(y_pred)), axis=-1)  # with a derivative, which is zero
        return misclassification(y_true, y_pred) + zero  # (B,)


@keras.saving.register_keras_serializable(package="gradschool")
class HalfSquaredError(keras.losses.Loss):
    """E = 1/2 sum_i (t_i - y_i)^2, summed over the batch: its derivative by y is the error, -(t - y), and no factor.

    With it `keras.optimizers.SGD(eta)` is the perceptron rule on a `Perceptron` and the LMS rule on an `ADALINE`.

    Args:
        reduction: as of every Keras loss. Defaults to the sum over samples.
        name: of the loss.
        **kwargs: `dtype`.

    Call arguments:
        y_true: targets t, as many numbers as `y_pred`.
        y_pred: answers y, shape `(B, units)`.

    Returns:
        Scalar.

    Example:
        >>> float(HalfSquaredError()(keras.ops.array([[1.0], [3.0]]), keras.ops.array([[0.0], [1.0]])))
        2.5
    """

    def __init__(self, reduction: str = "sum", name: str = "half_squared_error", **kwargs):
        super().__init__(name=name, reduction=reduction, **kwargs)

    def call(self, y_true, y_pred):
        y_true = ops.reshape(y_true, ops.shape(y_pred))  # (B,) targets would broadcast to (B, B) otherwise
        return ops.sum(ops.square(y_true - y_pred), axis=-1) / 2  # (B,)


@keras.saving.register_keras_serializable(package="gradschool")
class SmoothedCrossEntropy(keras.losses.Loss):
    """Cross-entropy with a distribution over the classes, smoothed towards the uniform one.

        s_k = (1 - e) t_k + e / C,    L = -sum_k s_k log softmax(z)_k

    The target t may be a class number, which stands for all of its weight on that class, or a distribution such as
    mixup makes (`data/mixup.py`); both may come in one fit.

    Args:
        label_smoothing: e, in [0, 1). Defaults to 0.
        reduction: as of every Keras loss. Defaults to the mean over samples.
        name: of the loss.
        **kwargs: `dtype`.

    Call arguments:
        y_true: whole-number classes, shape `(B, ...)` or `(B, ..., 1)`, or distributions over them, `(B, ..., C)`.
        y_pred: logits z, shape `(B, ..., C)`, C at least 2.

    Returns:
        Scalar.

    Raises:
        ValueError: if `label_smoothing` is out of its range.

    Example:
        >>> classes, logits = ops.array([0]), ops.array([[2.0, 0.0]])
        >>> round(float(SmoothedCrossEntropy()(classes, logits)), 4)
        0.1269
        >>> round(float(SmoothedCrossEntropy(0.2)(classes, logits)), 4)  # surer than 90 % costs more than it gains
        0.3269

    Reference:
        Szegedy et al. (2016), "Rethinking the Inception Architecture for Computer Vision", section 7.
    """

    def __init__(
        self,
        label_smoothing: float = 0.0,
        reduction: str = "sum_over_batch_size",
        name: str = "cross_entropy",
        **kwargs,
    ):
        super().__init__(name=name, reduction=reduction, **kwargs)
        self.label_smoothing = check_label_smoothing(label_smoothing)

    def call(self, y_true, y_pred):
        classes = y_pred.shape[-1]
        targets = ops.cast(as_distributions(y_true, y_pred), y_pred.dtype)  # (B, ..., C)
        targets = targets * (1 - self.label_smoothing) + self.label_smoothing / classes
        return -ops.sum(targets * ops.log_softmax(y_pred, axis=-1), axis=-1)  # (B, ...)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


def as_distributions(targets, logits):
    """Class numbers as distributions with all weight on one class; distributions as they are.

    Args:
        targets: shape `(...)` or `(..., 1)` of class numbers, or `(..., C)` of distributions.
        logits: what they are compared with, shape `(..., C)`, C at least 2.

    Returns:
        Tensor, shape `(..., C)`.
    """
    if are_distributions(targets, logits):
        return targets
    return ops.one_hot(ops.cast(without_last_axis(targets, logits), "int32"), logits.shape[-1])


def are_distributions(targets, logits) -> bool:
    """Whether targets are distributions over the classes that logits are for, and not class numbers.

    Their number of axes tells: two class numbers for each sample, shape `(B, 2)`, are none for logits `(B, 2, 2)`.
    """
    return len(targets.shape) == len(logits.shape) and targets.shape[-1] == logits.shape[-1]


def without_last_axis(targets, logits):
    """Class numbers, shape `(...)` or `(..., 1)`, without an axis that the logits, `(..., C)`, have for the classes."""
    return ops.squeeze(targets, -1) if len(targets.shape) == len(logits.shape) else targets


def check_label_smoothing(value: Any) -> float:
    """The share of the weight that is spread over all classes.

    Raises:
        ValueError: if it is none in [0, 1).
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise ValueError(f"label_smoothing must be a number in [0, 1); got {value!r}.")
    return float(value)


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


_COURSE = {
    "cross_entropy": lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True, name="cross_entropy"),
    "misclassification": Misclassification,
    "l2": keras.losses.MeanSquaredError,
    "mean_squared_error": keras.losses.MeanSquaredError,
    "l1": keras.losses.MeanAbsoluteError,
    "mean_absolute_error": keras.losses.MeanAbsoluteError,
    "half_squared_error": HalfSquaredError,
    "pixel_cross_entropy": PixelCrossEntropy,
    "adversarial": Adversarial,
}
LOSSES = tuple(_COURSE)
_KERAS = {name for name in dir(keras.losses) if name[0].islower()} - {"get", "serialize", "deserialize"}


def get_loss(identifier: Any, label_smoothing: float = 0.0, mixed_classes: bool = False) -> Callable:
    """The loss that a name, a serialised dict or an object stands for.

    Args:
        identifier: one of `LOSSES`, a name of `keras.losses`, what `keras.losses.serialize` gave, a Keras loss, or a
            function of targets and answers.
        label_smoothing: for "cross_entropy": the share of a target's weight that is spread over all classes, in [0, 1).
        mixed_classes: for "cross_entropy": whether targets may be distributions over the classes, as of mixup.

    Raises:
        ValueError: if there is no such loss, with the nearest names, or it knows nothing of smoothed or mixed classes.

    Example:
        >>> get_loss("cross_entropy").name
        'cross_entropy'
    """
    if check_label_smoothing(label_smoothing) or mixed_classes:
        if identifier != "cross_entropy":
            what = "label_smoothing" if label_smoothing else "mixup"
            raise ValueError(f"{what} needs the loss cross_entropy; got {identifier!r}.")
        return SmoothedCrossEntropy(label_smoothing)
    if not isinstance(identifier, str):
        loss = keras.losses.get(identifier)
        if loss is None:
            raise ValueError(f"a loss is needed; got None. There are: {', '.join(LOSSES)}, and Keras's own.")
        return loss
    if identifier in _COURSE:
        return _COURSE[identifier]()
    try:
        return keras.losses.get(identifier)
    except ValueError:
        raise unknown_name("loss", identifier, _KERAS.union(LOSSES)) from None


_OURS = (misclassification, pixel_cross_entropy, pixel_squared_error, discriminator_loss, generator_loss)
_METRICS = {function.__name__: function for function in _OURS}


def get_metric(name: str):
    """What `compile(metrics=[...])` takes for a name: one of this file's functions, or Keras's metric of that name.

    Example:
        >>> get_metric("accuracy"), get_metric("pixel_squared_error").__name__
        ('accuracy', 'pixel_squared_error')
    """
    return _METRICS.get(name, name)
