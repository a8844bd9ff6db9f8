"""The gradients of a loss by a model's weights, as NumPy arrays, whatever the back end."""

from typing import Any

import keras
import numpy as np


def gradients(model, inputs, targets, loss, training=False) -> dict[str, Any]:
    """The derivative of `loss(targets, model(inputs))` by every trainable variable, by the variable's path.

    With what the layers add to the loss, as in a fit.
    """
    compute = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[keras.backend.backend()]
    values = compute(model, inputs, targets, loss, training)
    return {
        variable.path: None if value is None else keras.ops.convert_to_numpy(value)
        for variable, value in zip(model.trainable_variables, values, strict=True)
    }


def input_gradient(function, x) -> np.ndarray:
    """The derivative of `sum(function(x))` by `x`, a NumPy array, whatever the back end."""
    variable = keras.Variable(x, dtype=x.dtype)

    class Holder:
        trainable_variables = (variable,)
        non_trainable_variables = ()
        losses = ()

        def __call__(self, inputs, training):
            return function(keras.ops.convert_to_tensor(variable))

        def stateless_call(self, trainable, others, inputs, training, return_losses):
            return function(trainable[0]), others, []

    holder = Holder()
    return gradients(holder, None, None, lambda _, outputs: keras.ops.sum(outputs))[variable.path]


def _tensorflow(model, inputs, targets, loss, training):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        cost = loss(targets, model(inputs, training=training)) + sum(model.losses)
    found = tape.gradient(cost, [variable.value for variable in model.trainable_variables])
    return [value if value is None else tf.convert_to_tensor(value) for value in found]  # an embedding's are slices


def _jax(model, inputs, targets, loss, training):
    import jax

    others = [variable.value for variable in model.non_trainable_variables]

    def cost(trainable):
        outputs, _, losses = model.stateless_call(trainable, others, inputs, training=training, return_losses=True)
        return loss(targets, outputs) + sum(losses)

    return jax.grad(cost)([variable.value for variable in model.trainable_variables])


def _torch(model, inputs, targets, loss, training):
    import torch

    with torch.enable_grad():
        cost = loss(targets, model(inputs, training=training)) + sum(model.losses)
    return torch.autograd.grad(cost, [variable.value for variable in model.trainable_variables], allow_unused=True)
