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

from ..checks import check_number
from ..errors import unknown_name
from .adversarial_losses import Adversarial
from .class_targets import as_distributions, class_numbers
from .image_losses import PixelCrossEntropy


@keras.saving.register_keras_serializable(package="gradschool")
def misclassification(y_true, y_pred):
    """1 for a sample whose largest logit is not that of its class, else 0; serves as a metric.

    Args:
        y_true: classes, shape `(B, ...)` or `(B, ..., 1)`, or distributions over them, shape `(B, ..., C)`.
        y_pred: logits or probabilities, shape `(B, ..., C)`.

    Returns:
        Float tensor, shape `(B, ...)`.

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
    wrong = ops.not_equal(ops.cast(ops.argmax(y_pred, axis=-1), "int32"), class_numbers(y_true, y_pred))  # (B, ...)
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
        y_true: classes, shape `(B, ...)` or `(B, ..., 1)`, or distributions over them, shape `(B, ..., C)`.
        y_pred: logits or probabilities, shape `(B, ..., C)`.

    Returns:
        Scalar in [0, 1].
    """

    def __init__(self, reduction: str = "sum_over_batch_size", name: str = "misclassification", **kwargs):
        super().__init__(name=name, reduction=reduction, **kwargs)

    def call(self, y_true, y_pred):
        never = ops.zeros_like(y_pred, dtype="bool")
        zero = ops.sum(ops.where(never, y_pred, ops.zeros_like(y_pred)), axis=-1)  # with a derivative, which is zero
        return misclassification(y_true, y_pred) + zero  # (B, ...)


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
        self.label_smoothing = check_number("label_smoothing", label_smoothing, "[0, 1)")

    def call(self, y_true, y_pred):
        classes = y_pred.shape[-1]
        targets = ops.cast(as_distributions(y_true, y_pred), y_pred.dtype)  # (B, ..., C)
        targets = targets * (1 - self.label_smoothing) + self.label_smoothing / classes
        return -ops.sum(targets * ops.log_softmax(y_pred, axis=-1), axis=-1)  # (B, ...)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


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
    if check_number("label_smoothing", label_smoothing, "[0, 1)") or mixed_classes:
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
