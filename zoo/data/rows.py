"""Rows of an array in another order, in memory that TensorFlow uses as it stands.

TensorFlow copies a NumPy array that it is given, unless its memory begins where the processor's widest instructions
need it to. Memory that does is filled here, by all cores, and handed over without another copy.
"""

import os
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

_ALIGNMENT = 64  # bytes
_BYTES_PER_THREAD = 2**22  # less is not worth a thread


def can_be_shared(array) -> bool:
    """Whether this is an array whose rows `take_rows` can hand to TensorFlow.

    Example:
        >>> can_be_shared(np.ones(3)), can_be_shared(np.array(["one"]))
        (True, False)
    """
    return isinstance(array, np.ndarray) and array.dtype.kind in "fiu" and array.dtype.isnative and array.itemsize <= 8


def aligned_like(array: np.ndarray) -> np.ndarray:
    """An array of the same shape and dtype whose memory TensorFlow can use; what is in it is left to chance."""
    memory = np.empty(array.nbytes + _ALIGNMENT, np.uint8)
    first = -memory.ctypes.data % _ALIGNMENT
    return memory[first : first + array.nbytes].view(array.dtype).reshape(array.shape)


class Room:
    """Memory for one array's rows, filled again as soon as nothing lies in it any more.

    Memory that was used before saves the time that the system takes to hand out fresh one.
    """

    def __init__(self):
        self._memory: np.ndarray | None = None
        self._tenant: Callable[[], np.ndarray | None] = lambda: None

    def tensor(self, array: np.ndarray, order: np.ndarray):
        """The rows of `array` in the order of `order`, as a tensor.

        Operations and variables may hold on to a part of an earlier tensor without a copy. As long as one does, its
        memory is theirs, and other memory is taken.

        Args:
            array: shape `(N, ...)`, always of the same dtype.
            order: numbers of rows, shape `(N,)`.
        """
        if self._memory is None or self._tenant() is not None:
            self._memory = aligned_like(array)
        rows = self._memory.view()  # the tensor, and all that share its memory, keep this very object alive
        self._tenant = weakref.ref(rows)
        return as_tensor(take_rows(array, order, rows))


def take_rows(array: np.ndarray, order: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Writes the rows of `array`, in the order of `order`, into `out`, with all cores.

    Args:
        array: shape `(N, ...)`.
        order: numbers of rows, shape `(N,)`.
        out: array of the same shape and dtype.

    Returns:
        `out`.

    Example:
        >>> numbers = np.array([10, 20, 30])
        >>> take_rows(numbers, np.array([2, 0, 1]), out=np.empty_like(numbers))
        array([30, 10, 20])
    """
    threads = max(1, min(os.cpu_count() or 1, array.nbytes // _BYTES_PER_THREAD))
    parts = [slice(len(order) * n // threads, len(order) * (n + 1) // threads) for n in range(threads)]

    def take(part: slice) -> None:
        # Without mode="clip", NumPy would write into memory of its own first.
        np.take(array, order[part], axis=0, out=out[part], mode="clip")

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(take, parts))
    return out


def as_tensor(array: np.ndarray):
    """A tensor in the very memory of an array from `aligned_like`; it changes with the array."""
    import tensorflow as tf

    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
