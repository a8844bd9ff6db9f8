"""Variables that a compiled step carries along beside the model's own, and that no file ever holds.

TensorFlow and PyTorch write variables in place. On JAX a step is a function from state to state: there a variable joins
the state of a layer, disguised as that of one of its random generators, which Keras neither saves nor counts.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras.src.utils.module_utils import tensorflow as tf  # imports TensorFlow when it is first used

from .fit_session import FitSession


class _Disguised:
    """What a layer takes for a random generator."""

    def __init__(self, state):
        self.state = state


def step_variable(
    fit: FitSession, owner: keras.layers.Layer, shape: Sequence[int], dtype: str, start: float, name: str
) -> Any:
    """A variable to be changed in training steps until the fit ends.

    Every replica changes one of its own; what is read between steps is their sum. It is best made in `on_train_begin`,
    but can be made while a step is being traced.

    Args:
        fit: in which it is needed.
        owner: a layer that changes it when it is called. On JAX, whoever calls that layer has to hand its state on, as
            for batch normalization.
        shape: of the variable.
        dtype: of the variable.
        start: its first value.
        name: of the variable.

    Returns:
        A `keras.Variable`.
    """

    def make():
        return keras.Variable(
            keras.initializers.Constant(start),
            shape,
            dtype,
            trainable=False,
            autocast=False,
            aggregation="sum",
            synchronization="on_read",
            name=name,
        )

    if keras.backend.backend() != "tensorflow":
        variable = make()
    elif tf.distribute.in_cross_replica_context() or not tf.distribute.has_strategy():
        with tf.init_scope(), fit.model.distribute_strategy.scope():
            variable = make()
    else:  # a replica that is being traced: the strategy makes the others' copies
        with tf.init_scope():
            variable = make()
    fit.variables.append(variable)
    if keras.backend.backend() == "jax":
        generators, disguised = owner._seed_generators, _Disguised(variable)
        list.append(generators, disguised)  # past the lock of a layer that is built
        fit.undo_by(lambda: list.remove(generators, disguised))
        if hasattr(fit.model, "_optimizer_variable_shardings"):  # Keras 3.10 has noted where each lies: as the counter
            fit.model._non_trainable_variable_shardings.append(fit.model._optimizer_variable_shardings[0])
    return variable


def add_to(variable: Any, amount: Any) -> None:
    """Adds to a variable, in one operation where the back end has one."""
    if keras.backend.backend() == "tensorflow":
        variable.value.assign_add(amount)
    else:
        variable.assign(variable.value + amount)
