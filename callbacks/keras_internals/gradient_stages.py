"""The seam to the gradients, which Keras's callbacks never see.

Stages are what the optimizer runs through on every update, between the sum of the gradients over all replicas and the
rule that turns gradients into steps.

    unscaled gradients of a part --accumulation--> --sum over replicas--> stage 1 -> stage 2 -> ... -> update rule
                |
            `on_part`, for stages that want to see what is added up

The methods are replaced on the optimizer *instance*: a subclass could not be reloaded from a file, and a wrapper
would hide the learning rate from schedulers. The instance is the innermost one, below `LossScaleOptimizer`: what
arrives there is unscaled, and steps skipped for an overflow do not arrive.
"""

import contextlib
import types
from collections.abc import Iterator, Sequence
from typing import Any

import keras
from keras import ops
from keras.src.utils.module_utils import tensorflow as tf  # imports TensorFlow when it is first used

from .fit_session import rebuild_step

_STAGES = "_gradschool_stages"
_HOOKS = ("_all_reduce_sum_gradients", "_backend_apply_gradients", "_backend_update_step", "build")
_SUMMED = "_gradschool_gradients_are_summed"


class GradientStage:
    """Sees, and may change, the gradients of every update of one optimizer.

    Attributes:
        order: stages run from the lowest to the highest; those that observe are 0, those that clip 10, guards 20.
        state: the `keras.Variable`s of the stage, by name. They live in the compiled step, survive a second `fit`, and
            belong into a checkpoint.
        wants_updates: whether `on_update` is to be called.
        wants_parts: whether `on_part` is to be called.
        handles_nonfinite: whether the stage itself sees to gradients that are not finite, so that no guard has to.
    """

    order = 0
    wants_updates = False
    wants_parts = False
    handles_nonfinite = False
    built = False

    def __init__(self):
        self.state: dict[str, Any] = {}

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the state, with `add_state`, given the variables whose gradients will come."""

    def add_state(
        self, name: str, shape: Sequence[int] = (), dtype: str = "float32", aggregation: str = "only_first_replica"
    ) -> None:
        """Adds a variable of zeros to the state. Every replica writes one of its own, without waiting for others.

        Args:
            name: its key in `state`.
            shape: of the variable.
            dtype: of the variable.
            aggregation: what is read between steps: that of the first replica, since summed gradients leave the same on
                all of them, or the "mean" or "sum" of what they hold.
        """
        self.state[name] = keras.Variable(
            "zeros", shape, dtype, trainable=False, aggregation=aggregation, synchronization="on_read", name=name
        )

    def on_gradients(self, gradients: list[Any], variables: Sequence[Any]) -> list[Any]:
        """Gradients, summed over replicas, in the order of `variables`; returns those to go on with.

        Runs inside the compiled step. A sparse gradient (`tf.IndexedSlices`) has every index once.
        """
        return gradients

    def on_part(self, gradients: Sequence[Any], variables: Sequence[Any], parts: int) -> None:
        """Gradients of one of the parts that an update consists of; only if `wants_parts` is set.

        Args:
            gradients: of a replica's share of the batch before the sum over replicas, or of a micro-batch before it is
                accumulated, scaled so that the mean over all parts is the gradient of the update.
            variables: in the same order.
            parts: how many there are in an update; a part of one is not told.
        """

    def on_update(self, before: Sequence[Any], after: Sequence[Any]) -> None:
        """The variables' values before and after the update; only if `wants_updates` is set."""


def leaf_optimizer(optimizer):
    """The optimizer that holds the update rule, below any `LossScaleOptimizer`.

    Example:
        >>> type(leaf_optimizer(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()))).__name__
        'SGD'
    """
    while hasattr(optimizer, "inner_optimizer"):
        optimizer = optimizer.inner_optimizer
    return optimizer


@contextlib.contextmanager
def gradient_stages(model: keras.Model, *stages: GradientStage) -> Iterator[None]:
    """For the time of the block, the updates of `model.optimizer` pass through the stages."""
    try:
        for stage in stages:
            add_stage(model, stage)
        yield
    finally:
        for stage in stages:
            remove_stage(model, stage)


def add_stage(model: keras.Model, stage: GradientStage) -> None:
    """Lets every update of `model.optimizer` pass through `stage`, from the next trained step on.

    Several callbacks may do so; the stages' `order` decides who comes first.
    """
    leaf = leaf_optimizer(model.optimizer)
    stages = leaf.__dict__.setdefault(_STAGES, [])
    if stage not in stages:
        stages.append(stage)
        stages.sort(key=lambda one: one.order)
    _install(model, leaf)
    if leaf.built:
        _build(model, stage, leaf._trainable_variables)
    rebuild_step(model)


def remove_stage(model: keras.Model, stage: GradientStage) -> None:
    """Takes a stage out again; without it, and the last of the others, the optimizer is as it was."""
    leaf = leaf_optimizer(model.optimizer)
    stages = leaf.__dict__.get(_STAGES, [])
    if stage not in stages:
        return
    stages.remove(stage)
    if keras.backend.backend() == "jax":
        _untrack(leaf, stage)
    if not stages:
        for name in (_STAGES, *_HOOKS):
            leaf.__dict__.pop(name, None)
        for one in {id(leaf): leaf, id(model.optimizer): model.optimizer}.values():
            for name in ("save_own_variables", "load_own_variables"):
                one.__dict__.pop(name, None)
    rebuild_step(model)


def stages_of(model: keras.Model) -> list[GradientStage]:
    """The stages that the updates of `model.optimizer` pass through, in order."""
    optimizer = getattr(model, "optimizer", None)  # on some back ends a model has none until it is compiled
    if optimizer is None:
        return []
    return list(leaf_optimizer(optimizer).__dict__.get(_STAGES, ()))


@contextlib.contextmanager
def summed_before(optimizer) -> Iterator[None]:
    """For the time of the block, the optimizer takes its gradients for summed over the replicas already."""
    leaf = leaf_optimizer(optimizer)
    own = leaf.__dict__.get("_all_reduce_sum_gradients")
    leaf.__dict__[_SUMMED] = True
    if own is None:
        leaf.__dict__["_all_reduce_sum_gradients"] = list  # as they come
    try:
        yield
    finally:
        del leaf.__dict__[_SUMMED]
        if own is None:
            del leaf.__dict__["_all_reduce_sum_gradients"]


def see_part(optimizer, gradients, variables, replicas: int, accumulated: int = 1) -> None:
    """Shows the stages that want to see parts the gradients of one, before they are added up with others.

    Args:
        optimizer: whose update it is.
        gradients: of the part, as they are going to be added up.
        variables: in the same order.
        replicas: over how many they are summed.
        accumulated: how many micro-batches of each their mean is taken of.
    """
    stages = [one for one in leaf_optimizer(optimizer).__dict__.get(_STAGES, ()) if one.wants_parts]
    if not stages or replicas * accumulated == 1:
        return
    given = [(_each_index_once(one), to) for one, to in zip(gradients, variables, strict=True) if one is not None]
    scaled = [scale_gradient(one, replicas) for one, _ in given]
    for stage in stages:
        stage.on_part(scaled, [to for _, to in given], replicas * accumulated)


# === On the optimizer ===
def _install(model, leaf) -> None:
    kind = type(leaf)

    def run(variables, gradients):
        for stage in leaf.__dict__[_STAGES]:
            gradients = stage.on_gradients(list(gradients), variables)
        return gradients

    def build(self, variables):  # a compiled step, or a replica at work, could not make the stages' state
        kind.build(self, variables)
        for stage in self.__dict__[_STAGES]:
            _build(model, stage, variables)

    def sum_gradients(self, gradients_and_variables):  # TensorFlow: right behind Keras's own sum, or in its place
        if not self.__dict__.get(_SUMMED):
            gradients_and_variables = kind._all_reduce_sum_gradients(self, gradients_and_variables)
        gradients, variables = zip(*gradients_and_variables, strict=True)
        return list(zip(run(variables, [_each_index_once(one) for one in gradients]), variables, strict=True))

    def apply_gradients(self, gradients, variables):  # of one part: a replica's, or a micro-batch's
        accumulated = self.gradient_accumulation_steps
        if accumulated or not self.__dict__.get(_SUMMED):
            replicas = 1 if self.__dict__.get(_SUMMED) else _number_of_replicas(model)
            see_part(self, gradients, variables, replicas, accumulated or 1)
        kind._backend_apply_gradients(self, gradients, variables)

    def update_step(self, gradients, variables, learning_rate):
        observers = [stage for stage in self.__dict__[_STAGES] if stage.wants_updates]
        on_tensorflow = keras.backend.backend() == "tensorflow"
        if not on_tensorflow:
            gradients = run(variables, gradients)
        if not observers:
            return kind._backend_update_step(self, gradients, variables, learning_rate)
        before = [_value(one) for one in variables]
        kind._backend_update_step(self, gradients, variables, learning_rate)
        after = [_value(one) for one in variables]
        for stage in observers:
            stage.on_update(before, after)

    leaf.__dict__["build"] = types.MethodType(build, leaf)
    leaf.__dict__["_backend_apply_gradients"] = types.MethodType(apply_gradients, leaf)
    leaf.__dict__["_backend_update_step"] = types.MethodType(update_step, leaf)
    if keras.backend.backend() == "tensorflow":
        leaf.__dict__["_all_reduce_sum_gradients"] = types.MethodType(sum_gradients, leaf)
    if keras.backend.backend() == "jax":
        for one in {id(leaf): leaf, id(model.optimizer): model.optimizer}.values():
            _save_without_stages(one, leaf)


def _build(model, stage, variables) -> None:
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


def _value(variable):
    """A variable's value now: a copy, since TensorFlow and PyTorch update in place."""
    return ops.copy(variable.value if isinstance(variable, keras.Variable) else variable)


def _number_of_replicas(model) -> int:
    return model.distribute_strategy.num_replicas_in_sync if keras.backend.backend() == "tensorflow" else 1


# === Sparse gradients, which only TensorFlow has ===
def is_sparse(gradient) -> bool:
    """Whether a gradient consists of some rows of the variable's, as an embedding's does on TensorFlow."""
    return keras.backend.backend() == "tensorflow" and isinstance(gradient, tf.IndexedSlices)


def scale_gradient(gradient, factor):
    """A gradient, dense or sparse, times a number or a scalar tensor."""
    if is_sparse(gradient):
        return tf.IndexedSlices(scale_gradient(gradient.values, factor), gradient.indices, gradient.dense_shape)
    return gradient * ops.cast(factor, gradient.dtype)


def gradient_values(gradient):
    """A dense gradient itself; of a sparse one the rows that are there, shape `(rows, ...)`, each index once."""
    return gradient.values if is_sparse(gradient) else gradient


def with_values(gradient, values):
    """A gradient of the same kind, and for the same rows, with other values."""
    return tf.IndexedSlices(values, gradient.indices, gradient.dense_shape) if is_sparse(gradient) else values


def rows_like(gradient, variable):
    """The values of the variable that a gradient is for: all, or the same rows."""
    values = ops.convert_to_tensor(variable)
    return tf.gather(values, gradient.indices) if is_sparse(gradient) else values


def _each_index_once(gradient):
    """A sparse gradient with the rows of equal index added up: norms of it would be wrong otherwise."""
    if not is_sparse(gradient):
        return gradient
    indices, places = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(gradient.values, places, tf.shape(indices)[0])
    return tf.IndexedSlices(values, indices, gradient.dense_shape)


# === JAX: the state travels as optimizer variables, but is not saved as such ===
def _contains(variables, wanted) -> bool:
    return any(one is wanted for one in variables)


def _untrack(leaf, stage) -> None:
    leaf._variables[:] = [one for one in leaf._variables if not _contains(stage.state.values(), one)]


def _save_without_stages(optimizer, leaf) -> None:
    def own(self):
        state = [one for stage in leaf.__dict__.get(_STAGES, ()) for one in stage.state.values()]
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
