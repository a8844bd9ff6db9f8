"""What the engine needs of TensorFlow's private parts; all of it stands here.

`tests/zoo/engine/test_tensorflow_internals.py` says when a release has changed one of them.
"""

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def deterministic_operations() -> Iterator[None]:
    """For the time of the block, operations sum in one order, so that the same seed gives the same figures.

    TensorFlow's public switch cannot be turned back, and Keras refuses `jit_compile=True` for as long as it is on.
    """
    import tensorflow as tf
    from tensorflow.python.framework import config

    if config.is_op_determinism_enabled():
        yield
        return
    tf.config.experimental.enable_op_determinism()
    try:
        yield
    finally:
        config.disable_op_determinism()


@contextlib.contextmanager
def updates_of_its_own(strategy) -> Iterator[None]:
    """While a replica's step is traced in this block, it updates its copies of variables without waiting for others.

    By default every update is a `merge_call`, which cannot stand in a branch.
    """
    extended = strategy.extended
    extended.__dict__["_use_merge_call"] = lambda: False
    try:
        yield
    finally:
        extended.__dict__.pop("_use_merge_call", None)


def let_replicas_write(variable) -> None:
    """Lets every replica write its own copy of a native variable, whatever was said when it was made."""
    import tensorflow as tf

    if isinstance(variable, tf.distribute.DistributedValues):
        variable._aggregation = tf.VariableAggregation.NONE


def copy_of_this_replica(variable):
    """The copy of a native variable that belongs to the replica at work."""
    import tensorflow as tf

    return variable._get() if isinstance(variable, tf.distribute.DistributedValues) else variable


def has_workers(strategy) -> bool:
    """Whether a strategy's replicas are spread over several processes."""
    return bool(getattr(strategy.extended, "_in_multi_worker_mode", lambda: False)())


def worker_number(strategy) -> int:
    """This process's number among the workers of a `MultiWorkerMirroredStrategy`."""
    return strategy.extended._id_in_cluster


def without_tracing_warning(function):
    """A `tf.function` that never complains of being traced often.

    TensorFlow counts by the line that a function stands in: all methods that are compiled in one place are one to it.
    """
    function._omit_frequent_tracing_warning = True
    return function
