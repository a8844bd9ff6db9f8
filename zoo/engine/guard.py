"""The guard: stops training at the step whose gradients are no numbers any more, with the weights of the step before.

In every step the gradients are added up: the sum is finite only if all of them are. If it is not, the loop ends. What
the step has changed is undone in one of two ways. On one device with its samples at hand, all variables are copied
before every call of the loop, put back after a failure, and the good steps repeated: a branch around the update would
cost a third of a small model's step. Elsewhere (a stream cannot be read again, replicas hold sums of their own) such a
branch leaves the optimizer's update out, and what else a step changes (statistics, counters) is put back.

In mixed_float16 a gradient that is no number looks like one that is too large for the scale of the loss: the step is
skipped and the scale halved. Where that does not help, no scale is small enough: training stops once it is below 1.

A callback that has been told what to do with such gradients (`GradientClipping(nonfinite="skip")`) is left to do it.
"""

import contextlib
import types
from collections.abc import Callable, Iterator
from typing import Any

import keras

from ...callbacks.keras_internals import leaf_optimizer, session_of, stages_of
from .replicas import optimizers_of, replaced
from .tensorflow_internals import copy_of_this_replica


class Guard:
    """Watches over the gradients of a model's optimizers.

    Args:
        model: compiled and built.
        strategy: its `tf.distribute.Strategy`.
        rolls_back: whether a failed call is undone and repeated up to the failure, or updates are left out.
    """

    def __init__(self, model: keras.Model, strategy, rolls_back: bool):
        import tensorflow as tf

        self.model = model
        self.rolls_back = rolls_back
        self._step: Any = None  # the one that is being traced
        self._kept: list[tuple[Any, Any]] = []  # variables and values
        with strategy.scope():
            self.bad_step = tf.Variable(-1, dtype=tf.int64, trainable=False, name="bad_step")

    def all_is_well(self):
        """Bool, or bool tensor: whether no step has failed."""
        return True if self._is_relieved() else self.bad_step < 0

    def has_to_roll_back(self) -> bool:
        """Whether the last call of the loop is to be undone."""
        return self.rolls_back and not self._is_relieved() and int(self.bad_step.numpy()) >= 0

    def bad_step_number(self) -> int | None:
        """The step that failed, once: the guard is then ready for another fit."""
        bad = int(self.bad_step.numpy())
        if bad < 0:
            return None
        self.bad_step.assign(-1)
        return None if self._is_relieved() else bad

    # === Before and after a call of the loop ===
    def keep(self) -> None:
        """Keeps the values of all that a step changes, to undo the call if it fails."""
        from .state import variables_of

        if not self.rolls_back or self._is_relieved():
            return
        self._kept = [(one, one.read_value()) for one in variables_of(self.model)]

    def let_go(self) -> None:
        """Frees the values that were kept."""
        self._kept = []

    def roll_back(self, run: Callable, first: int) -> None:
        """Undoes the failed call and repeats its good steps.

        Args:
            run: runs so many steps (an int64 tensor) from step `first` on.
            first: the call's first step.
        """
        import tensorflow as tf

        for variable, value in self._kept:
            variable.assign(value)
        bad = tf.identity(self.bad_step)
        self.bad_step.assign(-1)
        run(bad - first)
        self.bad_step.assign(bad)

    # === In the compiled step ===
    @contextlib.contextmanager
    def step(self, number) -> Iterator[None]:
        """Around the model's step as it is traced on a replica.

        Args:
            number: of the step in its epoch, an int64 tensor.
        """
        import tensorflow as tf

        self._step = number
        if self._is_relieved():
            yield
            return
        kept = [] if self.rolls_back else [(one, tf.identity(one)) for one in self._besides_the_update()]
        yield
        for optimizer in optimizers_of(self.model):
            if leaf_optimizer(optimizer) is not optimizer:
                smallest = min(1.0, optimizer.initial_scale)
                self._note(tf.convert_to_tensor(optimizer.dynamic_scale.value) >= smallest)

        def put_back():
            for variable, value in kept:
                variable.assign(value)

        if kept:
            tf.cond(self.all_is_well(), lambda: None, put_back)

    def _is_relieved(self) -> bool:
        """Whether a callback lets trainings go on with what is not finite. The guard then looks, and does nothing."""
        session = session_of(self.model)
        return session is not None and session.handles_nonfinite

    def _besides_the_update(self) -> list[Any]:
        """This replica's copies of what a step changes outside of the optimizers' updates."""
        from .state import variables_of

        updated = [*self.model.trainable_variables]
        for optimizer in map(leaf_optimizer, optimizers_of(self.model)):
            updated += [one for one in optimizer.variables if one is not optimizer.iterations]
        left_out = {id(one.value) for one in updated}
        return [copy_of_this_replica(one) for one in variables_of(self.model) if id(one) not in left_out]

    def _note(self, fine) -> None:
        """Remembers the step if it is the first that is not fine."""
        import tensorflow as tf

        # A relieved guard does not ask which. Its optimizers' updates may be functions of their own, shared by several
        # loops, which cannot hold on to the step of one of them.
        step = tf.constant(0, tf.int64) if self._is_relieved() else self._step
        self.bad_step.assign(tf.where(fine | (self.bad_step >= 0), self.bad_step, step))

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """For the time of the block, the optimizers' traced updates are watched."""
        with contextlib.ExitStack() as stack:
            session = session_of(self.model)
            looks = session is None or session.rounds_as_ever or not session.handles_nonfinite
            handled = any(stage.handles_nonfinite for stage in stages_of(self.model))
            for optimizer in optimizers_of(self.model) if looks and not handled else ():
                if leaf_optimizer(optimizer) is optimizer:
                    before = optimizer.__dict__.get("_backend_apply_gradients")
                    stack.enter_context(
                        replaced(optimizer, "_backend_apply_gradients", self._guarded(optimizer, before))
                    )
            yield

    def _guarded(self, optimizer, before):
        """In place of the optimizer's own rule, to which summed gradients come."""
        import tensorflow as tf

        def apply(self, gradients, variables):
            sums = [_sum(one) for one in gradients if one is not None]
            if len({one.dtype for one in sums}) > 1:
                sums = [tf.cast(one, tf.float64) for one in sums]
            fine = tf.math.is_finite(tf.add_n(sums))

            def update():
                rule(gradients, variables)

            guard._note(fine)
            if guard.rolls_back or guard._is_relieved():
                update()
            else:
                tf.cond(fine, update, lambda: None)

        guard, rule = self, before or types.MethodType(type(optimizer)._backend_apply_gradients, optimizer)
        return types.MethodType(apply, optimizer)


def _sum(gradient):
    """The sum of its values, which is finite only if all of them are."""
    import tensorflow as tf

    values = gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient
    if values.dtype.size < 4:  # a sum in float16 may overflow where no value has
        values = tf.cast(values, tf.float32)
    return tf.reduce_sum(values)
