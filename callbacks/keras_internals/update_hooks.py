"""How an optimizer instance is made to run through gradient stages: which of its methods are replaced, and by what.

- `_backend_apply_gradients` shows the gradients of a part, then goes on as ever; moving averages of the weights, which
  Keras moves on afterwards, stay where they were if the update was left out;
- `_backend_update_step` sums over replicas, runs the stages, updates if they allow it, shows what has changed;
- `_all_reduce_sum_gradients` is left with nothing to sum;
- `_apply_weight_decay` waits for the stages, where one of them may leave an update out;
- `build` makes the stages' state, which a compiled step or a replica at work could not.
"""

import types
from collections.abc import Callable
from typing import Any

import keras
from keras import ops
from keras.src.utils.module_utils import tensorflow as tf  # imports TensorFlow when it is first used

from .gradient_values import each_index_once, scale_gradient
from .model_parts import keras_variables, leaf_optimizer, number_of_replicas

STAGES = "_gradschool_stages"
SUMMED = "_gradschool_gradients_are_summed"
_HOOKS = (
    "_all_reduce_sum_gradients",
    "_apply_weight_decay",
    "_backend_apply_gradients",
    "_backend_update_step",
    "build",
)


def see_part(optimizer, gradients, variables, replicas: int, accumulated: int = 1) -> None:
    """Shows the stages that want to see parts the gradients of one, before they are added up with others.

    Args:
        optimizer: whose update it is. The gradients that a `LossScaleOptimizer` gets are scaled.
        gradients: of the part, as they are going to be added up.
        variables: in the same order.
        replicas: over how many they are summed.
        accumulated: how many micro-batches of each their mean is taken of.
    """
    stages = [one for one in leaf_optimizer(optimizer).__dict__.get(STAGES, ()) if one.wants_parts]
    if not stages or replicas * accumulated == 1:
        return
    given = [(each_index_once(one), to) for one, to in zip(gradients, variables, strict=True) if one is not None]
    loss_scale = getattr(optimizer, "dynamic_scale", None)
    factor = replicas if loss_scale is None else replicas / ops.convert_to_tensor(loss_scale)
    parts = [scale_gradient(one, factor) for one, _ in given]
    for stage in stages:
        stage.on_part(parts, [to for _, to in given], replicas * accumulated)


def install(model: keras.Model, leaf) -> None:
    """Replaces the methods of `leaf`, the innermost optimizer of `model`."""
    kind = type(leaf)

    def build(self, variables):
        kind.build(self, variables)
        for stage in self.__dict__[STAGES]:
            build_stage(model, stage, variables)

    def apply_gradients(self, gradients, variables):
        accumulated, summed = self.gradient_accumulation_steps, self.__dict__.get(SUMMED)
        if accumulated or not summed:
            see_part(self, gradients, variables, 1 if summed else number_of_replicas(model), accumulated or 1)
        moved = _moved_by_averaging(self) if any(stage.may_leave_out for stage in self.__dict__[STAGES]) else []
        before, count = [_value(one) for one in moved], _value(self._iterations) if moved else None
        kind._backend_apply_gradients(self, gradients, variables)
        if moved:
            _put_back_unless(ops.equal(self._iterations, count), moved, before)

    def update_step(self, gradients, variables, learning_rate):
        stages = self.__dict__[STAGES]
        gradients, variables = _summed(self, gradients, variables)
        named = keras_variables(model, variables)
        for stage in stages:
            gradients = stage.on_gradients(list(gradients), named)
        observers = [stage for stage in stages if stage.wants_updates]
        before = [_value(one) for one in variables] if observers else []

        def update():
            if "_apply_weight_decay" in self.__dict__:
                kind._apply_weight_decay(self, variables)
            kind._backend_update_step(self, gradients, variables, learning_rate)

        allowed = [one for one in (stage.allows_update() for stage in stages) if one is not None]
        if allowed:
            _update_if(ops.all(ops.stack(allowed)), update, self, variables, number_of_replicas(model))
        else:
            update()
        after = [_value(one) for one in variables] if observers else []
        for stage in observers:
            stage.on_update(before, after, named)

    for name, method in (
        ("build", build),
        ("_backend_apply_gradients", apply_gradients),
        ("_backend_update_step", update_step),
    ):
        leaf.__dict__[name] = types.MethodType(method, leaf)
    if keras.backend.backend() == "tensorflow":
        leaf.__dict__["_all_reduce_sum_gradients"] = list  # as they come
    if any(stage.may_leave_out for stage in leaf.__dict__[STAGES]):
        leaf.__dict__["_apply_weight_decay"] = lambda variables: None
    if keras.backend.backend() == "jax":
        for one in {id(leaf): leaf, id(model.optimizer): model.optimizer}.values():
            save_without_stages(one, leaf)


def uninstall(optimizer) -> None:
    """Leaves an optimizer, and the one inside it, as they were."""
    leaf = leaf_optimizer(optimizer)
    for name in (STAGES, *_HOOKS):
        leaf.__dict__.pop(name, None)
    for one in {id(leaf): leaf, id(optimizer): optimizer}.values():
        for name in ("save_own_variables", "load_own_variables"):
            one.__dict__.pop(name, None)


def build_stage(model: keras.Model, stage, variables) -> None:
    """Makes a stage's state, once."""
    if not stage.built:
        stage.built = True
        if keras.backend.backend() == "tensorflow":
            with tf.init_scope(), model.distribute_strategy.scope():
                stage.build(variables)
        else:
            stage.build(variables)
    if keras.backend.backend() == "jax":  # part of the state that the compiled step carries along
        leaf = leaf_optimizer(model.optimizer)
        leaf._variables.extend(one for one in stage.state.values() if not _contains(leaf._variables, one))


# === One update ===
def _summed(optimizer, gradients, variables) -> tuple[list[Any], list[Any]]:
    """The gradients added up over replicas, sparse ones with every index once, and their variables."""
    if keras.backend.backend() != "tensorflow":
        return list(gradients), list(variables)
    pairs = list(zip(gradients, variables, strict=True))
    if not optimizer.__dict__.get(SUMMED):
        pairs = type(optimizer)._all_reduce_sum_gradients(optimizer, pairs)
    return [each_index_once(one) for one, _ in pairs], [variable for _, variable in pairs]


def _update_if(allowed, update: Callable[[], None], optimizer, variables, replicas: int) -> None:
    """Runs `update` if the scalar `allowed` is true; otherwise the optimizer does not even count the step.

    On several replicas, whose updates wait for one another and cannot stand in a branch, and on JAX, whose variables a
    branch cannot change, the update is made and undone.
    """
    backend = keras.backend.backend()
    count = 0 if optimizer.gradient_accumulation_steps else 1  # which Keras will add

    def leave_out():
        optimizer._iterations.assign_sub(count)

    if backend == "torch":
        update() if bool(allowed) else leave_out()
    elif backend == "tensorflow" and (replicas == 1 or optimizer.__dict__.get(SUMMED)):
        tf.cond(allowed, update, leave_out)
    else:
        untouched = [*getattr(optimizer, "_accumulated_gradients", ()), optimizer._iterations]
        untouched += [one for stage in optimizer.__dict__[STAGES] for one in stage.state.values()]
        own = [one for one in optimizer.variables if not _contains(untouched, one)]
        changed = [_own_copy(one) for one in (*variables, *own)]
        before = [_value(one) for one in changed]
        update()
        _put_back_unless(allowed, changed, before)
        optimizer._iterations.assign_sub(ops.where(allowed, 0, count))


def _moved_by_averaging(optimizer) -> list[Any]:
    """What changes where an optimizer averages weights: the averages, and every so often the weights themselves.

    With accumulation these move at every micro-batch, not with the update, and nothing is to be taken back.
    """
    if not optimizer.use_ema or optimizer.gradient_accumulation_steps:
        return []
    averages = [one for one in optimizer._model_variables_moving_average if one is not None]
    weights = optimizer._trainable_variables if optimizer.ema_overwrite_frequency else []
    return [_own_copy(one) for one in (*averages, *weights)]


def _put_back_unless(allowed, variables, before) -> None:
    """Gives variables the values that they had before, unless the scalar `allowed` is true."""
    for variable, value in zip(variables, before, strict=True):
        variable.assign(ops.where(allowed, ops.convert_to_tensor(variable), value))


def _own_copy(variable):
    """This replica's copy of a variable, which it can write without waiting for the others."""
    native = variable.value if isinstance(variable, keras.Variable) else variable
    if keras.backend.backend() == "tensorflow":
        return native._get() if isinstance(native, tf.distribute.DistributedValues) else native
    return variable


def _value(variable):
    """A variable's value now: a copy, since TensorFlow and PyTorch update in place."""
    return ops.copy(variable.value if isinstance(variable, keras.Variable) else variable)


# === JAX: the state travels as optimizer variables, but is not saved as such ===
def _contains(variables, wanted) -> bool:
    return any(one is wanted for one in variables)


def untrack(leaf, stage) -> None:
    """Takes a stage's state out of the optimizer's."""
    leaf._variables[:] = [one for one in leaf._variables if not _contains(stage.state.values(), one)]


def save_without_stages(optimizer, leaf) -> None:
    """Keeps the stages' state out of files."""

    def own(self):
        state = [one for stage in leaf.__dict__.get(STAGES, ()) for one in stage.state.values()]
        return [one for one in self.variables if not _contains(state, one)]

    def save(self, store):
        for number, variable in enumerate(own(self)):
            store[str(number)] = keras.ops.convert_to_numpy(variable)

    def load(self, store):
        variables = own(self)
        if len(variables) != len(store.keys()):
            raise ValueError(
                f"the optimizer {self.name} has {len(variables)} variables, the file {len(store.keys())}: it was saved "
                "by another kind of optimizer."
            )
        for number, variable in enumerate(variables):
            variable.assign(store[str(number)])

    optimizer.__dict__["save_own_variables"] = types.MethodType(save, optimizer)
    optimizer.__dict__["load_own_variables"] = types.MethodType(load, optimizer)
