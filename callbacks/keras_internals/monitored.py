"""Which of two values of a metric is the better one."""

import re

import keras

_HIGHER = ("acc", "auc", "precision", "recall", "f1", "fbeta", "iou", "r2", "similarity", "specificity")
_LOWER = (
    "loss", "error", "entropy", "hinge", "divergence", "poisson", "mse", "mae", "rmse", "mape", "msle", "logcosh",
    "log_cosh", "perplexity",
)  # fmt: skip
# Counts of answers: false ones are errors, whatever the rest of the name says.
_FALSE, _TRUE = re.compile(r"(^|_)false_"), re.compile(r"(^|_)true_(positive|negative)")


def more_is_better(model: keras.Model, monitor: str) -> bool:
    """Whether a larger value of a metric is the better one: as Keras's `EarlyStopping` finds out, or else by its name.

    Raises:
        ValueError: if neither tells.
    """
    judge = keras.callbacks.EarlyStopping(monitor)
    judge.set_model(model)
    try:
        judge._set_monitor_op()
        return bool(judge.monitor_op(1.0, 0.0))
    except ValueError:  # none of the model's metrics
        pass
    try:
        return is_higher_better(monitor)
    except ValueError as error:
        raise ValueError(f"whether more of monitor={monitor!r} is better cannot be told: say keep= instead.") from error


def is_higher_better(metric: str) -> bool:
    """Whether more of a metric is better, judged by its name; of what is one of Keras's losses, less is.

    Raises:
        ValueError: if the name does not tell.

    Example:
        >>> is_higher_better("val_accuracy"), is_higher_better("val_loss")
        (True, False)
    """
    name = metric.lower()
    if _FALSE.search(name):
        return False
    if _TRUE.search(name):
        return True
    if any(word in name for word in _LOWER):
        return False
    if any(word in name for word in _HIGHER):
        return True
    if _is_loss(metric.removeprefix("val_")):
        return False
    raise ValueError(
        f"whether more of {metric!r} is better cannot be told by its name: say higher_is_better=True or False."
    )


def _is_loss(name: str) -> bool:
    try:
        return callable(keras.losses.get(name))
    except ValueError:
        return False
