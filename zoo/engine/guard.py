"""The guard: stops training at the step whose gradients are no numbers any more, before they reach the weights.

The optimizer's update is left out at that step and the loop ends, so that the weights are those of the last good step,
and the step can be looked at again: `first_trouble` names the first layer concerned.
"""

import contextlib
import types
from collections.abc import Iterator

import keras

from ...callbacks.keras_internals import leaf_optimizer
from .replicas import optimizers_of, replaced


class Guard:
    """Watches over the gradients of a model's optimizers.

    Steps of a `LossScaleOptimizer` are left to it: it skips those that overflow, and lowers its scale.

    Args:
        model: compiled and built.
        strategy: its `tf.distribute.Strategy`.
    """

    def __init__(self, model: keras.Model, strategy):
        import tensorflow as tf

        self.model = model
        self.step = None  # set by the loop: the step that is being traced
        with strategy.scope():
            self.bad_step = tf.Variable(-1, dtype=tf.int64, trainable=False, name="bad_step")

    def all_is_well(self):
        """Bool tensor: whether no step has failed."""
        return self.bad_step < 0

    def bad_step_number(self) -> int | None:
        """The step that failed, once: the guard is then ready for another fit."""
        bad = int(self.bad_step.numpy())
        if bad < 0:
            return None
        self.bad_step.assign(-1)
        return bad

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """For the time of the block, the optimizers' traced updates are left out where gradients are not finite."""
        with contextlib.ExitStack() as stack:
            for optimizer in optimizers_of(self.model):
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
            fine = tf.reduce_all([_is_finite(one) for one in gradients if one is not None])

            def update():
                rule(gradients, variables)

            def remember():
                guard.bad_step.assign(guard.step)

            tf.cond(fine, update, remember)

        guard, rule = self, before or types.MethodType(type(optimizer)._backend_apply_gradients, optimizer)
        return types.MethodType(apply, optimizer)


def _is_finite(gradient):
    """Whether all of it is: a sum is not finite if any summand is not."""
    import tensorflow as tf

    values = gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient
    return tf.math.is_finite(tf.reduce_sum(values))
