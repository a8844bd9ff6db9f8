"""The same network in PyTorch: copies weights over, and compares answers and gradients."""

import keras
import numpy as np
from keras.ops import convert_to_numpy

from gradients import gradients


def in_torch_s_order(array: np.ndarray) -> np.ndarray:
    """A Keras weight in PyTorch's order of axes: (in, out) -> (out, in), (h, w, in, out) -> (out, in, h, w)."""
    return np.transpose(array, {1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}[array.ndim])


def assert_twins(model, twin, inputs, labels, atol=1e-5):
    """Gives `twin` the weights of `model`; then logits, and the gradients of the mean cross-entropy, must agree.

    Args:
        model: a Keras model that answers with logits.
        twin: a torch.nn.Module that takes the same inputs, whose parameters come in the same order.
        inputs: shape `(B, ...)`, in Keras's order of axes.
        labels: whole numbers, shape `(B,)`.
        atol: largest difference.
    """
    import torch

    parameters = list(twin.parameters())
    assert len(parameters) == len(model.trainable_variables)
    with torch.no_grad():
        for parameter, variable in zip(parameters, model.trainable_variables, strict=True):
            parameter.copy_(torch.tensor(in_torch_s_order(convert_to_numpy(variable))))
    logits = twin(torch.tensor(inputs))
    np.testing.assert_allclose(convert_to_numpy(model(inputs)), logits.detach(), atol=atol)

    torch.nn.functional.cross_entropy(logits, torch.tensor(labels, dtype=torch.int64)).backward()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    ours = gradients(model, inputs, labels, loss)
    for (path, gradient), parameter in zip(ours.items(), parameters, strict=True):
        np.testing.assert_allclose(in_torch_s_order(gradient), parameter.grad, atol=atol, err_msg=path)
