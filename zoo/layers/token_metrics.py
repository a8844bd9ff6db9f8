"""Metrics of models that answer at every step of a sequence: means over all steps that are no padding.

    token_accuracy    share of steps whose largest logit is that of their class
    nats              cross-entropy of a step: -log p(its class), in natural units of information
    perplexity        exp(nats): among so many equally likely classes the model seems to choose

Which steps are padding, the mask says that Keras hangs on the answers (`Embedding(mask_zero=True)` and `Masking` begin
it, recurrent and dense layers hand it on). Keras's losses leave masked steps out; its metrics do in version 3.12 and
later, and count padding as well in 3.10. What is added up is a sum over steps and their number, over all batches of an
epoch and all replicas, so that neither unequal lengths nor a small last batch bend the mean.

Shapes:
    B  sequences,   T  steps,   C  classes
"""

from typing import Any

import keras
from keras import ops

from ...callbacks.keras_internals import mask_of
from .class_targets import class_numbers


class TokenMean(keras.metrics.Metric):
    """The mean of something over all steps that are no padding: sum of w_i v_i / sum of w_i.

    A subclass says what v is, in `values`. The weight w of a step is 0 where it is masked, and otherwise that of
    `sample_weight`, or 1.

    Args:
        name: of the metric.
        dtype: of its sums.

    Call arguments (of `update_state`):
        y_true: classes, shape `(B, T)` or `(B, T, 1)`.
        y_pred: logits, shape `(B, T, C)`, as a model gave them: with its mask, if there is one.
        sample_weight: of sequences, shape `(B,)` or `(B, 1)`, or of steps, shape `(B, T)`; optional.

    Returns (by `result`):
        Scalar; of no steps at all, what a mean of 0 stands for.
    """

    def __init__(self, name: str | None = None, dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")
        self.count = self.add_variable((), "zeros", dtype=self.dtype, name="count")

    def values(self, classes, logits):
        """What is averaged: float tensor, shape `(B, T)`."""
        raise NotImplementedError

    def update_state(self, y_true, y_pred, sample_weight=None):
        mask = mask_of(y_pred)
        logits = ops.cast(ops.convert_to_tensor(y_pred), self.dtype)
        classes = class_numbers(ops.convert_to_tensor(y_true), logits)  # (B, T)
        values = ops.cast(self.values(classes, logits), self.dtype)  # (B, T)
        weights = ops.ones_like(values) if mask is None else ops.cast(mask, self.dtype)
        if sample_weight is not None:
            weights = weights * _by_step(ops.cast(sample_weight, self.dtype), values)
        self.total.assign_add(ops.sum(ops.where(weights > 0, values * weights, 0.0)))  # padding may be NaN, and is 0
        self.count.assign_add(ops.sum(weights))

    def reset_state(self):
        self.total.assign(0)
        self.count.assign(0)

    def result(self):
        return ops.divide_no_nan(ops.convert_to_tensor(self.total), ops.convert_to_tensor(self.count))


def _by_step(weights, values):
    """Weights of sequences, `(B,)`, with an axis for the steps; weights of steps, `(B, T)`, as they are."""
    missing = len(values.shape) - len(weights.shape)
    return ops.reshape(weights, (*ops.shape(weights), *(1,) * missing)) if missing > 0 else weights


@keras.saving.register_keras_serializable(package="gradschool")
class TokenAccuracy(TokenMean):
    """Share of the steps, padding left out, whose largest logit is that of their class; see `TokenMean`.

    Args:
        name: defaults to "token_accuracy".
        dtype: of its sums.

    Example:
        >>> metric = TokenAccuracy()
        >>> metric.update_state([[1, 0]], [[[0.2, 0.9], [0.3, 0.7]]])
        >>> float(metric.result())
        0.5
    """

    _direction = "up"

    def __init__(self, name: str = "token_accuracy", dtype: Any = None):
        super().__init__(name, dtype)

    def values(self, classes, logits):
        return ops.equal(classes, ops.cast(ops.argmax(logits, axis=-1), "int32"))


@keras.saving.register_keras_serializable(package="gradschool")
class Nats(TokenMean):
    """Cross-entropy of a step in nats, padding left out; see `TokenMean`.

        nats = -1/N sum_n log softmax(z_n)[t_n]          over all N steps that count

    The loss that Keras logs is almost that, and not the same: it is a mean over batches, each weighted by its number of
    sequences, so that a step of a batch of short sequences counts for more than one of a batch of long ones. (It also
    has penalties in it.) In bits: divide by log 2.

    Args:
        name: defaults to "nats".
        dtype: of its sums.

    Example:
        >>> metric = Nats()
        >>> metric.update_state([[1, 0]], [[[0.0, 0.0], [0.0, 0.0]]])  # knows nothing of two classes: log 2
        >>> round(float(metric.result()), 4)
        0.6931
    """

    _direction = "down"

    def __init__(self, name: str = "nats", dtype: Any = None):
        super().__init__(name, dtype)

    def values(self, classes, logits):
        right = ops.take_along_axis(logits, ops.expand_dims(classes, -1), axis=-1)[..., 0]  # (B, T)
        return ops.logsumexp(logits, axis=-1) - right


@keras.saving.register_keras_serializable(package="gradschool")
class Perplexity(Nats):
    """exp(nats): of how many equally likely classes a choice would be as hard; see `Nats`.

    Args:
        name: defaults to "perplexity".
        dtype: of its sums.

    Example:
        >>> metric = Perplexity()
        >>> metric.update_state([[1, 0]], [[[0.0, 0.0], [0.0, 0.0]]])
        >>> round(float(metric.result()), 4)
        2.0
    """

    def __init__(self, name: str = "perplexity", dtype: Any = None):
        super().__init__(name, dtype)

    def result(self):
        return ops.exp(super().result())
