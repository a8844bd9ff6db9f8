"""What went wrong when a gradient is not finite: the first layer concerned."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from .replicas import replaced


class NotFiniteError(ValueError):
    """Training met a gradient that is not finite. The weights are those before that step.

    Args:
        epoch: in which, from 1.
        step: at which step of it, from 1.
        where: from `first_trouble`.
        kept: the checkpoints that there are.
    """

    def __init__(self, epoch: int, step: int, where: str, kept: Sequence[Path] | None = None):
        self.epoch, self.step, self.where = epoch, step, where
        last = f" The last good checkpoint is {kept[-1]}." if kept else ""
        super().__init__(
            f"training diverged: the gradients are not finite in epoch {epoch}, step {step}: {where}. The weights are "
            f"those before that step.{last} Try a lower learning rate, clip the gradients, or look at the samples."
        )


def first_trouble(model: keras.Model, batch, strategy) -> str:
    """Repeats a step layer by layer and says where numbers stop being finite.

    Args:
        model: with the weights before the step.
        batch: (x, y) or (x, y, sample_weight), the whole batch; None if it is gone.
        strategy: the model's `tf.distribute.Strategy`.

    Returns:
        Half a sentence that names the first layer concerned, forwards through the outputs, then backwards through the
        gradients.
    """
    for variable in model.trainable_variables:
        if not _is_finite(variable):
            return f"the weights {variable.path} were not finite before it"
    if batch is None:
        return "its samples cannot be read again to say where"
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(batch)
    if not all(_is_finite(one) for one in keras.tree.flatten(x)):
        return "the samples themselves hold values that are not finite"
    kept = [keras.ops.convert_to_numpy(variable) for variable in model.variables]
    try:
        with strategy.scope():
            return _by_layer(model, x, y, sample_weight)
    finally:
        for variable, value in zip(model.variables, kept, strict=True):
            variable.assign(value)


def _by_layer(model, x, y, sample_weight) -> str:
    import tensorflow as tf

    seen: list[str] = []
    with contextlib.ExitStack() as stack, tf.GradientTape() as tape:
        for layer in model._flatten_layers():
            if layer is not model and not list(layer._flatten_layers(include_self=False)):
                stack.enter_context(replaced(layer, "call", _watched(layer, seen)))
        predictions = model(x, training=True)
        loss = model.compute_loss(x, y, predictions, sample_weight)
    if seen:
        return f"the first layer whose output is not finite is {seen[0]}"
    if not _is_finite(loss):
        return "every layer's output is finite, the loss is not"
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    for variable, gradient in reversed(list(zip(model.trainable_variables, gradients, strict=True))):
        if gradient is not None and not _is_finite(tf.convert_to_tensor(gradient)):
            return f"outputs and loss are finite; going back, the first gradient that is not is that of {variable.path}"
    return "a repetition of the step does not show where: its random numbers, or the samples of a stream, were others"


def _watched(layer, seen: list[str]):
    call = layer.call

    def watched(*args, **kwargs):
        outputs = call(*args, **kwargs)
        if not all(_is_finite(one) for one in keras.tree.flatten(outputs)):
            seen.append(layer.name)
        return outputs

    return watched


def _is_finite(values) -> bool:
    values = keras.ops.convert_to_numpy(values)
    return values.dtype.kind not in "fcV" or bool(np.isfinite(values.astype("float64")).all())
