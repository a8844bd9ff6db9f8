"""The mask that Keras hangs on a tensor: which steps of a sequence are no padding."""

from typing import Any

from keras.src.backend import get_keras_mask, set_keras_mask


def mask_of(answers: Any) -> Any:
    """The mask that came with a model's answers: bool, shape `(B, T)`, True for steps that count; None without one.

    On TensorFlow and PyTorch it is an attribute of the tensor, on JAX, whose arrays take none, an entry of a table.
    """
    return get_keras_mask(answers)


def put_mask_on(answers: Any, mask: Any) -> None:
    """Hangs a mask on answers that have lost theirs."""
    set_keras_mask(answers, mask)
