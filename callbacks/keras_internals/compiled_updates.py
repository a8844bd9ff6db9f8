"""Updates of several optimizers, compiled by XLA once for all that differ in numbers alone (on TensorFlow).

Keras composes an update of single operations, which for a small model takes as long as the gradients. XLA makes one of
them. To compile takes as long as hundreds of updates, so an update is compiled as a function of its variables,

    variables' = update(gradients, variables)

and called with those of one optimizer after the other. Optimizers share it that differ in nothing but a number for the
learning rate, which is a variable too. The gradients' shapes do not depend on the batch: nothing is compiled twice.
"""

import contextlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import keras
from keras.src.utils.module_utils import tensorflow as tf  # imports TensorFlow when it is first used

from .fit_session import FitSession, replaced
from .model_parts import number_of_replicas

# Measured on two cores: to compile an update takes as long as it saves in so many.
_UPDATES_TO_PAY = 1500


def compiling_pays(model: keras.Model, optimizers: Sequence[keras.optimizers.Optimizer], steps: int | None) -> bool:
    """Whether XLA makes a training faster, its compilation included: on a CPU, where Keras does not compile the steps.

    Args:
        model: compiled.
        optimizers: of which each makes an update in every step.
        steps: of the whole training, if that is known.
    """
    if keras.backend.backend() != "tensorflow" or model.run_eagerly or model.jit_compile:
        return False
    if number_of_replicas(model) > 1 or tf.config.list_logical_devices("GPU"):
        return False
    known = [one for one in optimizers if _can_be_compiled(one)]
    return bool(known) and (steps or 0) * len(known) >= _UPDATES_TO_PAY * number_of_kinds(known)


def number_of_kinds(optimizers: Sequence[keras.optimizers.Optimizer]) -> int:
    """How many optimizers there are that differ in more than a number for the learning rate.

    Example:
        >>> number_of_kinds([keras.optimizers.Adam(rate) for rate in (0.1, 0.01)] + [keras.optimizers.SGD(0.1)])
        2
    """
    return len({_kind(one) for one in optimizers})


def compile_updates(fit: FitSession, optimizers: Sequence[keras.optimizers.Optimizer], shared: Sequence[Any]) -> None:
    """Has XLA compile the optimizers' updates, until the fit ends.

    Args:
        fit: in which they train.
        optimizers: built.
        shared: variables of others that an update changes: the model's, and those of gradient stages.
    """
    functions: dict[str, Any] = {}
    for one in optimizers:
        if _can_be_compiled(one):
            fit.enter(replaced(one, "apply", _compiled(one, _kind(one), functions, list(shared))))


def _compiled(optimizer, kind: str, functions: dict[str, Any], shared: list[Any]):
    variables = [*shared, *optimizer.variables]
    variables = list({id(one): one for one in variables}.values())

    def update(gradients, natives):
        with contextlib.ExitStack() as stack:
            for variable, native in zip(variables, natives, strict=True):
                stack.enter_context(_holding(variable, native))
            for one in _nested(optimizer):
                stack.enter_context(_knowing_its_variables(one))
            type(optimizer).apply(optimizer, gradients, optimizer._trainable_variables)

    def apply(gradients, trainable_variables=None):
        gradients = list(gradients)
        given = optimizer._trainable_variables if trainable_variables is None else list(trainable_variables)
        is_sparse = any(isinstance(one, tf.IndexedSlices) for one in gradients)
        if is_sparse or list(map(id, given)) != list(map(id, optimizer._trainable_variables)):
            type(optimizer).apply(optimizer, gradients, given)
            return
        if kind not in functions:
            functions[kind] = tf.function(update, autograph=False, jit_compile=True)
        functions[kind](gradients, [one._value for one in variables])

    return apply


def _can_be_compiled(optimizer) -> bool:
    """Whether an optimizer is one of Keras's, with one rule for all variables."""
    innermost = list(_nested(optimizer))[-1]
    excludes = getattr(innermost, "_exclude_from_weight_decay", None)  # by identities, which arguments do not have
    return type(innermost).__module__.startswith("keras.") and not hasattr(innermost, "optimizers") and not excludes


def _kind(optimizer) -> str:
    """What an optimizer is, but for its name and a learning rate that is a number."""

    def without_rate(config):
        if isinstance(config, dict):
            left_out = ("name",) if isinstance(config.get("learning_rate"), dict) else ("name", "learning_rate")
            return {name: without_rate(value) for name, value in config.items() if name not in left_out}
        return config

    return json.dumps(without_rate(keras.saving.serialize_keras_object(optimizer)), sort_keys=True, default=str)


def _nested(optimizer) -> Iterator[Any]:
    """An optimizer and the one inside it."""
    while optimizer is not None:
        yield optimizer
        optimizer = getattr(optimizer, "inner_optimizer", None)


@contextlib.contextmanager
def _holding(variable, native) -> Iterator[None]:
    before = variable._value
    variable._value = native
    try:
        yield
    finally:
        variable._value = before


@contextlib.contextmanager
def _knowing_its_variables(optimizer) -> Iterator[None]:
    """An optimizer finds what belongs to a variable by an identity that the arguments of a function do not have."""

    def key(variable) -> int:
        return id(variable._value if isinstance(variable, keras.Variable) else variable)

    places = {key(one): place for place, one in enumerate(optimizer._trainable_variables)}
    with (
        replaced(optimizer, "_var_key", key),
        replaced(optimizer, "_trainable_variables_indices", places),
        replaced(optimizer, "_exclude_from_weight_decay_cache", {}),
    ):
        yield
