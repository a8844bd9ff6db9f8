"""The derivative of a function, whatever the back end: TensorFlow's tape, JAX's `grad`, PyTorch's autograd."""

import contextlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops


def gradient(function: Callable[[Any], Any], at: Any) -> np.ndarray:
    """The derivative of sum(function(x)) by x at x = `at`.

    As samples of a batch do not act on each other when a model is used (not trained), the sum over a batch gives each
    sample its own derivative.

    Args:
        function: of a float tensor, made of `keras.ops`, layers and models; gives a tensor of any shape.
        at: array or tensor, float.

    Returns:
        float32 array of the shape of `at`; zeros where the function does not depend on it.

    Example:
        >>> gradient(lambda x: x**2, np.array([1.0, 3.0], "float32")).tolist()
        [2.0, 6.0]
    """
    value = _BACKENDS[keras.backend.backend()](lambda x: ops.sum(ops.cast(function(x), "float32")), at)
    return np.zeros(tuple(at.shape), "float32") if value is None else to_numpy(value)


def to_numpy(tensor: Any) -> np.ndarray:
    """A tensor as a float32 array, half precision too."""
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def without_gradients() -> contextlib.AbstractContextManager:
    """The block in which PyTorch notes nothing for a derivative; the other back ends do so only when they are told."""
    if keras.backend.backend() != "torch":
        return contextlib.nullcontext()
    import torch

    return torch.no_grad()


def _tensorflow(scalar, at):
    import tensorflow as tf

    x = tf.convert_to_tensor(at)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        y = scalar(x)
    return tape.gradient(y, x)


def _jax(scalar, at):
    import jax

    def stateless(x):
        with keras.StatelessScope():  # what a layer would note in its variables must not leave the derivative
            return scalar(x)

    return jax.grad(stateless)(ops.convert_to_tensor(at))


def _torch(scalar, at):
    import torch

    x = ops.convert_to_tensor(at).detach().clone().requires_grad_(True)
    with torch.enable_grad():
        y = scalar(x)
    return torch.autograd.grad(y, x, allow_unused=True)[0] if y.requires_grad else None


_BACKENDS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
