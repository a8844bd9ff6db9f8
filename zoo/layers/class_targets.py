"""Targets that are classes: numbers, or distributions over them such as mixup makes."""

from keras import ops


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


def class_numbers(targets, logits):
    """Class numbers as they are; the most probable class of each distribution.

    Args:
        targets: shape `(...)` or `(..., 1)` of class numbers, or `(..., C)` of distributions.
        logits: what they are compared with, shape `(..., C)`, C at least 2.

    Returns:
        int32 tensor, shape `(...)`.
    """
    if are_distributions(targets, logits):
        return ops.cast(ops.argmax(targets, axis=-1), "int32")
    return ops.cast(without_last_axis(targets, logits), "int32")
