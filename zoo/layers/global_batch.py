"""The global batch, and the part of it that one replica holds.

Training on R replicas splits every global batch of n samples into R parts of ceil(n / R) samples; the last parts may be
smaller, or empty. A result that does not depend on R follows from two rules, and this file is where they stand:

- a random number belongs to its sample: every replica draws for all n samples and keeps the rows of its own;
- a mean is a mean over all n samples, never a mean of the replicas' means.

Shapes:
    n  samples in the global batch
    m  samples in this replica's part
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from keras import ops

_here = threading.local()  # every replica is traced by a thread of its own


@dataclass(frozen=True)
class Part:
    """What one replica has of the global batch.

    Args:
        first: the first row, from 0; a number or a scalar int32 tensor, as the next two.
        count: m, how many rows.
        total: n.
        add_up: gives the sum of a tensor's values on all replicas (an all-reduce).
    """

    first: Any
    count: Any
    total: Any
    add_up: Callable[[Any], Any] = lambda value: value


def part_of(total, replica: int, replicas: int, add_up: Callable[[Any], Any] = lambda value: value) -> Part:
    """The part that a replica holds of a batch: ceil(total / replicas) samples, as far as there are any left.

    Args:
        total: n; a number, or a scalar int32 tensor.
        replica: which one, from 0.
        replicas: R.
        add_up: as `Part` takes it.

    Example:
        >>> [part_of(5, replica, 4).count for replica in range(4)]
        [2, 2, 1, 0]
    """
    smaller = min if isinstance(total, int) and isinstance(replica, int) else ops.minimum
    share = -(-total // replicas)
    first = smaller(replica * share, total)
    return Part(first, smaller((replica + 1) * share, total) - first, total, add_up)


def current_part() -> Part | None:
    """The part that the replica at work holds; None where one device has the whole batch."""
    return getattr(_here, "part", None)


@contextlib.contextmanager
def holding(part: Part | None) -> Iterator[None]:
    """For the time of the block, this thread is a replica that holds `part`."""
    before, _here.part = current_part(), part
    try:
        yield
    finally:
        _here.part = before


def draw_for_samples(draw: Callable[[Sequence[Any]], Any], shape: Sequence[Any]):
    """Random numbers for the samples at hand: those that one device would have drawn for them.

    Args:
        draw: gives random numbers of a shape; called with the global batch's.
        shape: of the samples at hand, `(m, ...)`.

    Returns:
        Tensor of that shape: rows of `draw((n, ...))`.

    Example:
        >>> with holding(Part(first=2, count=3, total=8)):
        ...     tuple(draw_for_samples(lambda shape: ops.ones(shape), (3, 5)).shape)
        (3, 5)
    """
    part = current_part()
    if part is None:
        return draw(shape)
    return draw((part.total, *shape[1:]))[part.first : part.first + part.count]


def sum_over_replicas(value):
    """The sum of a tensor's values on all replicas; the tensor itself on one device.

    The gradient of the sum is the sum of the gradients, as it has to be.
    """
    part = current_part()
    return value if part is None else part.add_up(value)


def batch_mean(values):
    """This replica's share of the mean over the global batch: the shares of all replicas add up to the mean.

        sum of this part's values / number of values in the global batch

    On one device that is the mean. For a `compute_loss` of your own that does without Keras's losses: replicas' losses
    are added, so each has to be such a share.

    Args:
        values: float tensor, shape `(m, ...)`.

    Returns:
        Float scalar.
    """
    count = sum_over_replicas(ops.cast(ops.prod(ops.convert_to_tensor(ops.shape(values), "int32")), values.dtype))
    return ops.divide_no_nan(ops.sum(values), count)
