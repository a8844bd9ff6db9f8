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
from collections.abc import Iterator, Sequence
from typing import Any

import keras

from .fit_session import rebuild_step, refuse_tf_function
from .model_parts import leaf_optimizer
from .update_hooks import STAGES, SUMMED, build_stage, install, uninstall, untrack


class GradientStage:
    """Sees, and may change, the gradients of every update of one optimizer.

    Attributes:
        order: stages run from the lowest to the highest; those that observe are 0, those that clip 10, guards 20.
        state: the `keras.Variable`s of the stage, by name. They live in the compiled step, survive a second `fit`, and
            belong into a checkpoint.
        wants_updates: whether `on_update` is to be called.
        wants_parts: whether `on_part` is to be called.
        handles_nonfinite: whether the stage itself sees to gradients that are not finite, so that no guard has to.
        may_leave_out: whether `allows_update` may ever say no.
    """

    order = 0
    wants_updates = False
    wants_parts = False
    handles_nonfinite = False
    may_leave_out = False
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

    def allows_update(self) -> Any:
        """A scalar bool tensor, after `on_gradients`: whether the update is to happen; None for always."""
        return None

    def on_part(self, gradients: Sequence[Any], variables: Sequence[Any], parts: int) -> None:
        """Gradients of one of the parts that an update consists of; only if `wants_parts` is set.

        Args:
            gradients: of a replica's share of the batch before the sum over replicas, or of a micro-batch before it is
                accumulated, scaled so that the mean over all parts is the gradient of the update.
            variables: in the same order.
            parts: how many there are in an update; a part of one is not told.
        """

    def on_update(self, before: Sequence[Any], after: Sequence[Any], variables: Sequence[Any]) -> None:
        """The variables' values before and after the update; only if `wants_updates` is set."""


@contextlib.contextmanager
def gradient_stages(model: keras.Model, *stages: GradientStage) -> Iterator[None]:
    """For the time of the block, the updates of `model.optimizer` pass through the stages."""
    optimizer = model.optimizer  # by the end of the block, the model may be compiled with another
    try:
        for stage in stages:
            add_stage(model, stage)
        yield
    finally:
        for stage in stages:
            remove_stage(model, stage, optimizer)


def add_stage(model: keras.Model, stage: GradientStage) -> None:
    """Lets every update of `model.optimizer` pass through `stage`, from the next trained step on.

    Several callbacks may do so; the stages' `order` decides who comes first.
    """
    refuse_tf_function(f"{type(model).__name__}.train_step", type(model).train_step)
    leaf = leaf_optimizer(model.optimizer)
    stages = leaf.__dict__.setdefault(STAGES, [])
    if stage not in stages:
        stages.append(stage)
        stages.sort(key=lambda one: one.order)
    install(model, leaf)
    if leaf.built:
        build_stage(model, stage, leaf._trainable_variables)
    rebuild_step(model)


def remove_stage(model: keras.Model, stage: GradientStage, optimizer: Any = None) -> None:
    """Takes a stage out again; without it, and the last of the others, the optimizer is as it was.

    Args:
        model: that is trained.
        stage: to take out.
        optimizer: that it was added to; the model's by default.
    """
    optimizer = optimizer or model.optimizer
    leaf = leaf_optimizer(optimizer)
    stages = leaf.__dict__.get(STAGES, [])
    if stage not in stages:
        return
    stages.remove(stage)
    if keras.backend.backend() == "jax":
        untrack(leaf, stage)
    if not stages:
        uninstall(optimizer)
    rebuild_step(model)


def stages_of(model: keras.Model) -> list[GradientStage]:
    """The stages that the updates of `model.optimizer` pass through, in order."""
    optimizer = getattr(model, "optimizer", None)  # on some back ends a model has none until it is compiled
    if optimizer is None:
        return []
    return list(leaf_optimizer(optimizer).__dict__.get(STAGES, ()))


@contextlib.contextmanager
def summed_before(optimizer) -> Iterator[None]:
    """For the time of the block, the optimizer takes its gradients for summed over the replicas already."""
    leaf = leaf_optimizer(optimizer)
    own = leaf.__dict__.get("_all_reduce_sum_gradients")
    leaf.__dict__[SUMMED] = True
    if own is None:
        leaf.__dict__["_all_reduce_sum_gradients"] = list  # as they come
    try:
        yield
    finally:
        del leaf.__dict__[SUMMED]
        if own is None:
            del leaf.__dict__["_all_reduce_sum_gradients"]
