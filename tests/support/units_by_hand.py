"""What units do in training, found by going through the batches one by one with a second model."""

import keras
import numpy as np
from keras import ops


def outputs_by_step(twin, outputs, x, y, batch, epochs, **arguments):
    """Trains a model batch by batch, and before each step computes what some of its layers give.

    Args:
        twin: compiled, with the same weights as the model it is compared with; functional.
        outputs: symbolic tensors in it, by name.
        x: inputs.
        y: targets.
        batch: samples in a batch; the last one may be smaller.
        epochs: how many.
        **arguments: of `train_on_batch`.

    Returns:
        For each epoch a dict of all outputs of the epoch, an array with the samples first, by name.
    """
    look = keras.Model(twin.inputs, list(outputs.values()))
    epochs_seen = []
    for _ in range(epochs):
        seen = {name: [] for name in outputs}
        for first in range(0, len(x), batch):
            part = slice(first, first + batch)
            given = look(ops.convert_to_tensor(x[part]))
            given = given if isinstance(given, list) else [given]
            for name, values in zip(outputs, given, strict=True):
                seen[name].append(np.array(ops.convert_to_numpy(ops.cast(values, "float32"))))
            twin.train_on_batch(x[part], y[part], **arguments)
        epochs_seen.append({name: np.concatenate(parts) for name, parts in seen.items()})
    return epochs_seen


def by_unit(values, axis=-1):
    """The outputs of each unit, shape `(units, outputs)`."""
    return np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1)


def dead(values, axis=-1):
    """Whether each unit never fired, shape `(units,)`."""
    return ~(by_unit(values, axis) > 0).any(axis=1)


def frequency(values, axis=-1):
    """The share of each unit's outputs that fired, shape `(units,)`."""
    return (by_unit(values, axis) > 0).mean(axis=1)


def saturation(values, low, high, margin=0.02, axis=-1):
    """The share of each unit's outputs near a limit, shape `(units,)`."""
    values = by_unit(values, axis)
    near = margin * (high - low)
    return ((values < low + near) | (values > high - near)).mean(axis=1)
