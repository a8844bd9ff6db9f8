"""Inputs that a model is called on after every epoch, beside its training."""

from collections.abc import Callable, Iterator
from typing import Any

import keras

_BATCH = 128


class ProbeSet:
    """Arrays of samples, given in batches.

    Args:
        inputs: an array, shape `(samples, ...)`, or a tuple, list or dict of arrays for a model of several inputs.

    Raises:
        ValueError: if these are no arrays of as many samples, at least one.

    Example:
        >>> import numpy as np
        >>> [len(batch) for batch in ProbeSet(np.zeros((200, 3))).batches()]
        [128, 72]
    """

    def __init__(self, inputs: Any):
        self._inputs = inputs
        sizes = {shape[0] if (shape := getattr(one, "shape", ())) else None for one in keras.tree.flatten(inputs)}
        if len(sizes) != 1 or None in sizes or sizes == {0}:
            raise ValueError(
                "probe is an array of samples, or a tuple, list or dict of arrays with equally many, at least one; got "
                f"{keras.tree.map_structure(lambda one: getattr(one, 'shape', type(one).__name__), inputs)}."
            )
        self._samples = int(next(filter(None, sizes)))

    def batches(self) -> Iterator[Any]:
        """The samples in order, in batches."""
        for first in range(0, self._samples, _BATCH):
            yield self._part(first, first + _BATCH)

    def check(self, call: Callable[[list[Any]], Any]) -> None:
        """Calls on the first sample, to know before training that it can be done.

        Args:
            call: takes a list of batches.

        Raises:
            ValueError: if it cannot.
        """
        try:
            call([self._part(0, 1)])
        except (ValueError, TypeError, KeyError, NotImplementedError) as error:
            raise ValueError(f"probe: the model cannot be called on these inputs: {error}") from error

    def _part(self, first: int, last: int) -> Any:
        return keras.tree.map_structure(lambda one: keras.ops.convert_to_tensor(one[first:last]), self._inputs)
