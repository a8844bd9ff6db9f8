"""Metrics by name: Keras's, the costs that serve as one, and those of classes that may be mixed.

    accuracy          share of samples whose largest logit is that of their class
    top_5_accuracy    share of samples whose class is among the five largest logits
    token_accuracy, nats, perplexity    of models that answer at every step of a sequence; see `token_metrics.py`

Targets may be classes, or distributions over them as mixup makes, where Keras's own metrics know only one of both. The
class of a distribution is its most probable one. So under mixup the training accuracy tells how often the class that
was mixed in with the greater weight is found, which is lower than the accuracy on the same images unmixed.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from .adversarial_losses import discriminator_loss, generator_loss
from .class_targets import class_numbers
from .image_losses import pixel_cross_entropy, pixel_squared_error
from .losses import misclassification
from .token_metrics import Nats, Perplexity, TokenAccuracy


@keras.saving.register_keras_serializable(package="gradschool")
def top_accuracy(y_true, y_pred, k: int = 1):
    """1 for a sample whose class has one of the k largest logits, else 0.

    Args:
        y_true: classes, shape `(B, ...)` or `(B, ..., 1)`, or distributions over them, shape `(B, ..., C)`.
        y_pred: logits or probabilities, shape `(B, ..., C)`.
        k: how many guesses.

    Returns:
        Float tensor, shape `(B, ...)`.

    Example:
        >>> logits = ops.array([[0.1, 0.7, 0.2], [0.1, 0.7, 0.2]])
        >>> ops.convert_to_numpy(top_accuracy(ops.array([1, 2]), logits)).tolist()
        [1.0, 0.0]
        >>> ops.convert_to_numpy(top_accuracy(ops.array([[0.4, 0.6, 0.0], [0.0, 0.3, 0.7]]), logits, k=2)).tolist()
        [1.0, 1.0]
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    targets, classes = class_numbers(y_true, y_pred), y_pred.shape[-1]  # (B, ...)
    if k == 1:
        return ops.cast(ops.equal(targets, ops.cast(ops.argmax(y_pred, axis=-1), "int32")), "float32")
    found = ops.in_top_k(ops.reshape(targets, [-1]), ops.reshape(y_pred, [-1, classes]), k=min(k, classes))
    return ops.cast(ops.reshape(found, ops.shape(targets)), "float32")


@keras.saving.register_keras_serializable(package="gradschool")
class TopAccuracy(keras.metrics.MeanMetricWrapper):
    """The mean of `top_accuracy`.

    Args:
        k: how many guesses a sample has.
        name: defaults to "accuracy", or "top_5_accuracy" for k = 5.
        dtype: of the metric.
    """

    def __init__(self, k: int = 1, name: str | None = None, dtype: Any = None):
        super().__init__(top_accuracy, name=name or ("accuracy" if k == 1 else f"top_{k}_accuracy"), dtype=dtype, k=k)
        self.k = k
        self._direction = "up"

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype, "k": self.k}


def metrics_for(names: Sequence[str], classes: int | None) -> list[str]:
    """The names of those metrics that tell something about so many classes: of five, any five guesses are right.

    Args:
        names: of a recipe.
        classes: number of classes of the data; None or 0 if they have none.

    Example:
        >>> metrics_for(["accuracy", "top_5_accuracy"], 3), metrics_for(["accuracy", "top_5_accuracy"], 6)
        (['accuracy'], ['accuracy', 'top_5_accuracy'])
    """
    return [name for name in names if not (name == "top_5_accuracy" and classes and classes <= 5)]


def get_metrics(names: Sequence[str], mixed_classes: bool = False, per_step: bool = False) -> list[Any]:
    """What `compile` takes for a recipe's metrics.

    Args:
        names: Keras's, "top_5_accuracy", and those of `token_metrics.py`.
        mixed_classes: whether training targets may be distributions over the classes, and those of evaluation not.
        per_step: whether there is a target at every step of a sequence: "accuracy" then leaves padding out.

    Raises:
        ValueError: if one of Keras's metrics would not understand both.

    Example:
        >>> [getattr(metric, "name", metric) for metric in get_metrics(["accuracy", "top_5_accuracy"])]
        ['accuracy', 'top_5_accuracy']
    """
    made: list[Any] = []
    for name in names:
        if name == "top_5_accuracy":
            made.append(TopAccuracy(5))
        elif name == "accuracy" and mixed_classes:
            made.append(TopAccuracy())
        elif name == "accuracy" and per_step:
            made.append(TokenAccuracy("accuracy"))
        elif mixed_classes:
            raise ValueError(f"with mixup, metrics are accuracy and top_5_accuracy; got {name!r}.")
        else:
            made.append(get_metric(name))
    return made


_OURS = (misclassification, pixel_cross_entropy, pixel_squared_error, discriminator_loss, generator_loss)
_METRICS = {function.__name__: function for function in _OURS}
_OF_TOKENS = {"token_accuracy": TokenAccuracy, "nats": Nats, "perplexity": Perplexity}


def get_metric(name: str):
    """What `compile(metrics=[...])` takes for a name: a function or metric of ours, or Keras's of that name.

    Example:
        >>> get_metric("accuracy"), get_metric("pixel_squared_error").__name__
        ('accuracy', 'pixel_squared_error')
        >>> get_metric("nats").name
        'nats'
    """
    return _OF_TOKENS[name]() if name in _OF_TOKENS else _METRICS.get(name, name)
