"""Rows of an array in another order, in memory that TensorFlow uses as it stands.

TensorFlow copies a NumPy array that it is given, unless its memory begins where the processor's widest instructions
need it to. Memory that does is filled here, by all cores, and handed over without another copy. When the last tensor
that lies in it has gone, it is kept for the next epoch or the next fit: fresh memory from the system costs more time
than to fill it.
"""

import os
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np

_ALIGNMENT = 64  # bytes
_BYTES_PER_THREAD = 2**22  # less is not worth a thread
_LEAST_KEPT, _MOST_KEPT = 2**20, 2**28  # bytes: of one piece of memory, and of all together
_kept: list[np.ndarray] = []  # memory that nothing lies in


def can_be_shared(array) -> bool:
    """Whether this is an array whose rows `take_rows` can hand to TensorFlow.

    Example:
        >>> can_be_shared(np.ones(3)), can_be_shared(np.array(["one"]))
        (True, False)
    """
    return isinstance(array, np.ndarray) and array.dtype.kind in "fiu" and array.dtype.isnative and array.itemsize <= 8


def take_rows(array: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The rows of `array` in the order of `order`, in memory that TensorFlow can use; with all cores.

    The memory belongs to the result, and to whatever tensors are made of it by `as_tensor`; views of the result do not
    count.

    Args:
        array: shape `(N, ...)`.
        order: numbers of rows, shape `(N,)`.

    Returns:
        Array of the shape of `array`.

    Example:
        >>> take_rows(np.array([10, 20, 30]), np.array([2, 0, 1]))
        array([30, 10, 20])
    """
    out = _aligned_like(array)
    threads = max(1, min(os.cpu_count() or 1, array.nbytes // _BYTES_PER_THREAD))
    parts = [slice(len(order) * n // threads, len(order) * (n + 1) // threads) for n in range(threads)]

    def take(part: slice) -> None:
        # Without mode="clip", NumPy would write into memory of its own first.
        np.take(array, order[part], axis=0, out=out[part], mode="clip")

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(take, parts))
    return out


def as_tensor(array: np.ndarray):
    """A tensor in the very memory of an array from `take_rows`, which lives as long as the tensor does.

    So do operations and variables that take over a part of the tensor without a copy.
    """
    import tensorflow as tf

    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())


# === Memory ===
def _aligned_like(array: np.ndarray) -> np.ndarray:
    """An array of the same shape and dtype whose memory TensorFlow can use; what is in it is left to chance."""
    memory = _memory(array.nbytes + _ALIGNMENT)
    first = -memory.ctypes.data % _ALIGNMENT
    aligned = memory[first : first + array.nbytes].view(array.dtype).reshape(array.shape)
    if memory.nbytes >= _LEAST_KEPT:
        weakref.finalize(aligned, _keep, memory).atexit = False
    return aligned


def _memory(size: int) -> np.ndarray:
    for place, memory in enumerate(_kept):
        if size <= memory.nbytes <= 2 * size:
            return _kept.pop(place)
    if size >= _LEAST_KEPT:
        _kept.clear()  # of other sizes: makes room
    return np.empty(size, np.uint8)


def _keep(memory: np.ndarray) -> None:
    if sum(one.nbytes for one in _kept) + memory.nbytes <= _MOST_KEPT:
        _kept.append(memory)
