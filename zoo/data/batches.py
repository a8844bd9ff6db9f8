"""The same batches for a machine without TensorFlow: a `keras.utils.PyDataset` over NumPy arrays."""

from typing import Any

import keras
import numpy as np

from .bucketing import Buckets, longest_in_order, trim
from .samples import rows_of, to_float


class Batches(keras.utils.PyDataset):
    """Batches of arrays; in a new order every epoch, from the seed, if `shuffle` asks for it.

    Args:
        x: array, shape `(N, ...)`, or a dict of these; images as uint8 become float32 in [0, 1].
        y: array of targets, shape `(N, ...)`.
        batch_size: samples in a batch; the last one may have fewer.
        seed: of the order.
        shuffle: whether to draw an order for every epoch.
        targets: "labels", or "inputs": then the pairs are (x, x).

    Example:
        >>> batches = Batches(np.arange(5.0), np.arange(5), batch_size=2)
        >>> [y.tolist() for _, y in batches]
        [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        x: Any,
        y: np.ndarray,
        batch_size: int,
        seed: int = 0,
        shuffle: bool = False,
        targets: str = "labels",
    ):
        super().__init__()
        self.targets = targets
        self.x, self.y, self.batch_size, self.seed, self.shuffle = x, y, batch_size, seed, shuffle
        self.epoch = 0
        self.order = self._order()

    def _order(self) -> np.ndarray:
        if not self.shuffle:
            return np.arange(len(self.y))
        return np.random.default_rng([self.seed, self.epoch]).permutation(len(self.y))

    def __len__(self) -> int:
        return -(-len(self.y) // self.batch_size)

    def __getitem__(self, step: int) -> tuple[Any, np.ndarray]:
        if not 0 <= step < len(self):
            raise IndexError(f"step {step} of an epoch of {len(self)}")
        chosen = self.order[step * self.batch_size : (step + 1) * self.batch_size]
        x = to_float(rows_of(self.x, chosen))
        return x, x if self.targets == "inputs" else self.y[chosen]

    def __iter__(self):
        yield from (self[step] for step in range(len(self)))
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        """Called by Keras after every epoch: draws the next order."""
        self.epoch += 1
        self.order = self._order()


class SequenceBatches(Batches):
    """Batches of sequences of different lengths, trimmed: of about equal length if `shuffle` asks for a new order.

    Args:
        x: array, shape `(N, T, ...)`, padded at the end of axis 1, or a dict with "source" and "target".
        y: array of targets, shape `(N, ...)`.
        lengths: of the sequences, shape `(N,)`, or `(N, 2)` for source and target.
        batch_size: samples in a batch; the last one may have fewer.
        every_step: whether y has a target at every step.
        seed: as of `Batches`.
        shuffle: as of `Batches`.
        targets: as of `Batches`.

    Example:
        >>> x, lengths = np.array([[1, 0, 0], [2, 3, 0], [4, 0, 0]]), np.array([1, 2, 1])
        >>> [batch.tolist() for batch, _ in SequenceBatches(x, np.arange(3), lengths, batch_size=2)]
        [[[1, 0], [2, 3]], [[4]]]
    """

    def __init__(
        self,
        x: Any,
        y: np.ndarray,
        lengths: np.ndarray,
        batch_size: int,
        every_step: bool = False,
        seed: int = 0,
        shuffle: bool = False,
        targets: str = "labels",
    ):
        self.every_step = every_step
        self.buckets = Buckets(lengths, batch_size) if shuffle else None
        self.longest = longest_in_order(lengths, batch_size) if self.buckets is None else self.buckets.longest
        super().__init__(x, y, batch_size, seed, shuffle, targets)

    def _order(self) -> np.ndarray:
        self.chunks = np.arange(len(self.longest))
        if self.buckets is None:
            return np.arange(len(self.y))
        rng = np.random.default_rng([self.seed, self.epoch])
        order = rng.permutation(len(self.y))
        rng.shuffle(self.chunks[: self.buckets.full])
        return order[np.argsort(self.buckets.bucket[order], kind="stable")]

    def __getitem__(self, step: int) -> tuple[Any, np.ndarray]:
        if not 0 <= step < len(self):
            raise IndexError(f"step {step} of an epoch of {len(self)}")
        chunk = self.chunks[step]
        chosen = self.order[chunk * self.batch_size : (chunk + 1) * self.batch_size]
        x, y = trim(rows_of(self.x, chosen), self.y[chosen], self.longest[chunk], self.every_step)
        return x, x if self.targets == "inputs" else y
