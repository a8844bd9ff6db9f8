"""Everything that the next step of a training run depends on, taken out as plain data and put back.

- variables: the model's (weights, seeds of its random layers), every optimizer's (moments, counters, averages, overflow
  scale), the metrics' sums, and what callbacks count in the step (clipping statistics, dead units);
- callbacks: whatever plain data they keep (the best loss so far, how long to wait, a history);
- random numbers: Python's, NumPy's and Keras's global states.

Replicas hold equal copies of a variable, but for metrics, whose sums each keeps for its own samples: of these, all are
kept, since adding them up before the end of an epoch would change the rounding.
"""

import functools
import random
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ...callbacks.keras_internals import global_seed_state, session_of, stages_of
from .plain_data import is_plain
from .replicas import optimizers_of
from .tensorflow_internals import has_workers, worker_number


# === Variables ===
def variables_of(model: keras.Model) -> list[Any]:
    """The native variables that training changes, once each, in an order that is the same in every process."""
    found = [*model.variables]
    for optimizer in optimizers_of(model):
        found += optimizer.variables
    for metric in model.metrics:
        found += metric.variables
    found += [variable for stage in stages_of(model) for variable in stage.state.values()]
    session = session_of(model)
    found += session.variables if session else []
    found += global_seed_state()
    native = [variable.value for variable in found]
    return list({id(variable): variable for variable in native}.values())


def read_variables(model: keras.Model, strategy) -> list[np.ndarray]:
    """The values of `variables_of`; with several workers, every one of them has to take part."""
    variables = variables_of(model)
    values = [None if _differs_by_replica(one) else np.array(one.numpy()) for one in variables]
    apart = [one for one in variables if _differs_by_replica(one)]
    gathered = iter(_of_all_replicas(apart, strategy))
    return [next(gathered) if value is None else value for value in values]


def write_variables(model: keras.Model, strategy, values: Sequence[np.ndarray]) -> None:
    """Puts back what `read_variables` gave.

    Raises:
        ValueError: if the model, its optimizer or its metrics have other variables.
    """
    variables = variables_of(model)
    shapes = [_kept_shape(one, strategy) for one in variables]
    if shapes != [value.shape for value in values]:
        raise ValueError(
            f"the checkpoint holds {len(values)} variables and the model, its optimizer and metrics {len(shapes)}, or "
            "some have other shapes: it was written by another model, optimizer, metric or number of replicas."
        )
    for variable, value in zip(variables, values, strict=True):
        if _differs_by_replica(variable):
            first = worker_number(strategy) * len(variable.values) if has_workers(strategy) else 0
            for replica, own in enumerate(variable.values):
                own.assign(value[first + replica])
        else:
            variable.assign(value)


def _differs_by_replica(variable) -> bool:
    """Whether replicas keep sums of their own, which are added up when they are read."""
    import tensorflow as tf

    return (
        isinstance(variable, tf.distribute.DistributedValues)
        and variable.synchronization == tf.VariableSynchronization.ON_READ
    )


def _kept_shape(variable, strategy) -> tuple[int, ...]:
    replicas = (strategy.num_replicas_in_sync,) if _differs_by_replica(variable) else ()
    return (*replicas, *variable.shape)


def _of_all_replicas(variables: Sequence[Any], strategy) -> list[np.ndarray]:
    """Each variable's values on all replicas, shape `(R, ...)`."""
    if not variables:
        return []
    if not has_workers(strategy):
        return [np.stack([own.numpy() for own in variable.values]) for variable in variables]

    gather = _gathering(tuple(variable.ref() for variable in variables), strategy)
    return [np.array(strategy.experimental_local_results(value)[0]) for value in gather()]


@functools.lru_cache(maxsize=4)  # so that it is compiled once, not for every checkpoint
def _gathering(variables, strategy):
    """The compiled function that gives the variables' values on all workers, each of shape `(R, ...)`."""
    import tensorflow as tf

    def on_replica():
        context = tf.distribute.get_replica_context()
        own = [strategy.experimental_local_results(variable.deref())[0] for variable in variables]
        return [context.all_gather(tf.expand_dims(value, 0), axis=0) for value in own]

    return tf.function(lambda: strategy.run(on_replica), autograph=False)


# === Random numbers ===
def read_random() -> dict[str, Any]:
    """The states of Python's and NumPy's global generators."""
    return {"python": random.getstate(), "numpy": np.random.get_state()}  # noqa: NPY002


def write_random(states: Mapping[str, Any]) -> None:
    """Puts back what `read_random` gave."""
    random.setstate(states["python"])
    np.random.set_state(states["numpy"])  # noqa: NPY002


# === Callbacks ===
_NOT_STATE = ("params", "_model", "model", "_executor")
# Whether a Keras callback has found out, at the end of its first epoch, if more is better. That turns the sign of its
# `min_delta`, and must not happen once more.
_KNOWS_BETTER = "knows better"


def read_callback(callback) -> dict[str, Any]:
    """A callback's plain attributes; or what its own `get_state` gives, for one that knows better."""
    if hasattr(callback, "get_state"):
        return callback.get_state()
    own = {name: value for name, value in vars(callback).items() if name not in _NOT_STATE}
    knows_better = own.get("monitor_op") is not None
    return {name: value for name, value in own.items() if is_plain(value)} | {_KNOWS_BETTER: knows_better}


def write_callback(callback, state: Mapping[str, Any]) -> None:
    """Puts back what `read_callback` gave."""
    if hasattr(callback, "set_state"):
        callback.set_state(state)
        return
    if state[_KNOWS_BETTER] and getattr(callback, "monitor_op", None) is None:
        callback._set_monitor_op()
    vars(callback).update((name, value) for name, value in state.items() if name != _KNOWS_BETTER)
