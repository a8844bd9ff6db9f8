"""Examples in the record files of tensorflow-datasets, for data that are too large for memory.

A part of the data is a row of pieces: a file, the first of its examples, and how many. So a part can be split anywhere
without looking into a file, and every epoch reads all of it in an order of its own:

    files in a random order -> CYCLE of them at a time, in turn -> windows, each in a random order

Both draws follow from the seed and the epoch alone, where tf.data's own `shuffle` would also ask TensorFlow's global
seed. The writer has drawn before which example lies in which file.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

CYCLE = 16  # files that are read in turn
WINDOW = 4096  # examples that change places with one another; about half a gigabyte of photographs


class Piece(NamedTuple):
    """Examples of a file that follow on one another.

    Args:
        file: that they lie in.
        first: number of the first one in its file.
        size: how many.
    """

    file: Path
    first: int
    size: int


class Records:
    """Serialised examples of one part.

    Args:
        pieces: where they lie.

    Example:
        >>> records = Records([Piece(Path("a"), 0, 5), Piece(Path("b"), 0, 5)])
        >>> [[tuple(piece) for piece in one.pieces] for one in records.split(7)][1]
        [(PosixPath('b'), 2, 3)]
    """

    def __init__(self, pieces):
        self.pieces = [piece for piece in pieces if piece.size]

    def __len__(self) -> int:
        return sum(piece.size for piece in self.pieces)

    def split(self, count: int) -> tuple["Records", "Records"]:
        """The first `count` examples, and the rest."""
        head, tail, left = [], [], count
        for file, first, size in self.pieces:
            own = min(left, size)
            head.append(Piece(file, first, own))
            tail.append(Piece(file, first + own, size - own))
            left -= own
        return Records(head), Records(tail)

    def shuffled_pieces(self, seed: int) -> "Records":
        """The same pieces in an order drawn by the seed."""
        order = np.random.default_rng(seed).permutation(len(self.pieces))
        return Records([self.pieces[place] for place in order])

    def in_order(self):
        """All examples, piece after piece, as a `tf.data.Dataset` of strings."""
        import tensorflow as tf

        return tf.data.Dataset.from_tensor_slices(self._table()).flat_map(_read)

    def in_random_order(self, seed: int, epoch, window: int = WINDOW):
        """All examples of an epoch. For a function that tf.data traces, where `epoch` is a tensor.

        Args:
            seed: of the orders.
            epoch: which one, from 0; int64 scalar tensor.
            window: examples that change places with one another.

        Returns:
            `tf.data.Dataset` of strings.
        """
        import tensorflow as tf

        from .augment import RULE

        key = tf.stack([tf.constant(seed, tf.int64), epoch])

        def shuffled(count, number):
            own_key = tf.random.fold_in(key, number, alg=RULE)
            return tf.random.experimental.stateless_shuffle(tf.range(count), seed=own_key, alg=RULE)

        order = shuffled(len(self.pieces), tf.constant(0, tf.int64))
        table = tf.nest.map_structure(lambda column: tf.gather(column, order), self._table())
        pieces = tf.data.Dataset.from_tensor_slices(table)
        records = pieces.interleave(_read, cycle_length=CYCLE, block_length=1)
        windows = records.batch(window).prefetch(1).enumerate(1)
        return windows.flat_map(
            lambda number, rows: tf.data.Dataset.from_tensor_slices(
                tf.gather(rows, shuffled(tf.shape(rows)[0], number))
            )
        )

    def _table(self):
        files = np.array([str(piece.file) for piece in self.pieces], dtype=str)
        firsts, sizes = (np.array([piece[place] for piece in self.pieces], "int64") for place in (1, 2))
        return files, firsts, sizes  # of no pieces too, with these types

    def pick(self, number: int) -> bytes:
        """One example, by its number in `in_order`."""
        for piece in self.pieces:
            if number < piece.size:
                one = Records([Piece(piece.file, piece.first + number, 1)])
                return next(one.in_order().as_numpy_iterator())
            number -= piece.size
        raise IndexError(f"example {number} of {len(self)}")

    def labels(self, parse: Callable) -> np.ndarray:
        """The labels of all examples, in the order of `in_order`.

        Args:
            parse: gives the label of a serialised example.
        """
        batches: Iterator[np.ndarray] = self.in_order().map(parse).batch(1000).as_numpy_iterator()
        return np.concatenate([np.zeros(0, "int32"), *batches])


def _read(file, first, size):
    """The examples of a piece."""
    import tensorflow as tf

    records = tf.data.TFRecordDataset(file, buffer_size=1 << 20)
    return records.skip(tf.cast(first, tf.int64)).take(tf.cast(size, tf.int64))
