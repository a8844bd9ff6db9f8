"""The training loss of several copies of a model, block by block of steps, noted inside the compiled step.

The mean loss of an epoch so far is S_t / n_t, where S_t adds up the losses of its samples and n_t their weights. Noted
at the end of every block of steps, the two give the mean of each block:

    L_b = (S_b - S_(b-1)) / (n_b - n_(b-1))
"""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from ..keras_internals import scope_of


class LossRecord:
    """Notes the sums of the metric `loss`.

    Args:
        model: compiled and built.
        names: of the copies.
        every: steps in a block.
        steps: in an epoch.

    Attributes:
        losses: the mean losses of all blocks so far, by copy.

    Raises:
        ValueError: if the number of steps is not known, or the model keeps no mean loss.
    """

    def __init__(self, model: keras.Model, names: Sequence[str], every: int, steps: int | None):
        tracker = next(
            (one for one in model.metrics if one.name == "loss" and isinstance(one, keras.metrics.Mean)), None
        )
        if tracker is None:
            raise ValueError(
                f"record={every} needs a mean loss, and {type(model).__name__} has no metric of that name."
            )
        if not steps:
            raise ValueError(f"record={every} needs to know the steps of an epoch: hand steps_per_epoch to model.fit.")
        self._tracker, self._every, self._blocks = tracker, every, -(-steps // every)
        self.losses: dict[str, list[float]] = {name: [] for name in names}
        with scope_of(model):
            self._step = _variable((), "int32", "only_first_replica", "step_of_epoch")
            self._sums = _variable((self._blocks, len(names), 2), "float32", "sum", "loss_sums")
        self.variables = [self._step, self._sums]

    # === In the step ===
    def observe(self):
        """The sums of the copy that has just made its step, shape `(2,)`."""
        return ops.stack([ops.cast(one.value, "float32") for one in (self._tracker.total, self._tracker.count)])

    def keep(self, sums) -> None:
        """Notes the sums of all copies, over those of the steps before in the same block."""
        block = ops.minimum(ops.floor_divide(self._step.value, self._every), self._blocks - 1)
        values = ops.scatter_update(self._sums.value, ops.reshape(block, (1, 1)), ops.expand_dims(ops.stack(sums), 0))
        self._sums.assign(values)
        self._step.assign_add(1)

    # === Between epochs ===
    def begin_epoch(self) -> None:
        """Begins to count anew."""
        for one in self.variables:
            one.assign(ops.zeros(one.shape, one.dtype))

    def end_epoch(self) -> dict[str, np.ndarray]:
        """The mean losses of all blocks so far, by copy."""
        done = -(-int(ops.convert_to_numpy(self._step.value)) // self._every)
        sums = ops.convert_to_numpy(ops.convert_to_tensor(self._sums.value)).astype("float64")[
            :done
        ]  # (blocks, copies, 2)
        steps = np.diff(sums, axis=0, prepend=0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = steps[..., 0] / steps[..., 1]
        for place, losses in enumerate(self.losses.values()):
            losses.extend(means[:, place].tolist())
        return {name: np.asarray(losses) for name, losses in self.losses.items()}


def _variable(shape, dtype: str, aggregation: str, name: str):
    """Every replica writes its own, without waiting for the others."""
    return keras.Variable(
        "zeros", shape, dtype, trainable=False, aggregation=aggregation, synchronization="on_read", name=name
    )
