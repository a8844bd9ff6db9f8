"""Iterators of tf.data without the thread that tunes them, where what they take is measured, or many lie about.

The end of an iterator waits for that thread, which now and then misses the call to stop and sleeps on for as long as
the iterator has lived, up to a minute (seen with TensorFlow 2.21).
"""

import contextlib
from collections.abc import Iterator

import keras


@contextlib.contextmanager
def untuned_iterators() -> Iterator[None]:
    """For the time of the block, tf.data leaves numbers of threads and lengths of queues as they are.

    Does nothing on other back ends than TensorFlow, where `fit` reads arrays without tf.data.
    """
    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    begin = tf.data.Dataset.__iter__
    tf.data.Dataset.__iter__ = lambda self: begin(self.with_options(options))
    try:
        yield
    finally:
        tf.data.Dataset.__iter__ = begin
