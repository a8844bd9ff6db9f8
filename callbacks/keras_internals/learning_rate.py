"""A learning rate that follows from the number of the step, inside the compiled step."""

import contextlib
import types
from collections.abc import Callable, Iterator
from typing import Any

import keras
from keras import ops

from .fit_session import rebuild_step, replaced
from .model_parts import leaf_optimizer


@contextlib.contextmanager
def learning_rate_by_step(model: keras.Model, rate: Callable[[Any], Any]) -> Iterator[Callable[[], int]]:
    """For the time of the block, the n-th step of `model.optimizer`, from 0, has the learning rate `rate(n)`.

    Whatever reads the optimizer's rate sees that one, weight decay as well. The optimizer's own, a number or a
    schedule, is not touched, so that files saved in between know nothing of this.

    Args:
        model: compiled.
        rate: of a scalar float tensor; called when the step is compiled.

    Yields:
        A function that says how many steps were taken, the optimizer's way: those skipped for an overflow do not count.
    """
    leaf = leaf_optimizer(model.optimizer)
    first = _count(leaf)

    def current(self):
        return rate(ops.cast(self._iterations, "float32") - float(first))

    with replaced(leaf, "_get_current_learning_rate", types.MethodType(current, leaf)):
        rebuild_step(model)
        yield lambda: _count(leaf) - first
    rebuild_step(model)


def _count(leaf) -> int:
    return int(ops.convert_to_numpy(leaf._iterations))
