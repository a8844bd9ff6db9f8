"""The compiled loop: many training steps in one call, with Python out of the way.

    while step < last and nothing has gone wrong:
        batch = the feed's batch of this step
        model.train_step(batch)                  on every replica, as `replicas.py` has it
    return the metrics

The step is the model's own `train_step`, or whatever was put on the instance in its place; only the loop around it is
ours. Keras calls a compiled function once for every batch and reads the metrics every time, which for a small model
takes longer than the step.
"""

import contextlib
import functools
from typing import Any

import keras

from ...callbacks.keras_internals import session_of, stages_of
from ..layers.global_batch import holding
from .choices import Pace
from .faster_layers import faster_layers
from .feeds import ResidentFeed, StreamedFeed, take_part
from .guard import Guard
from .replicas import add_up, same_as_one_device
from .tensorflow_internals import has_workers

_LOOPS = "_gradschool_loops"  # where a model keeps what was compiled for it, beside Keras's own functions


class Loop:
    """A model's training or evaluation steps, compiled for one feed's kind.

    Args:
        model: compiled and built.
        strategy: the `tf.distribute.Strategy` it was made under.
        kind: "train" or "test": which of the model's steps.
        xla: whether XLA compiles the steps (for one replica).
        guard: what watches over the gradients in training.
    """

    def __init__(self, model: keras.Model, strategy, kind: str, xla: bool, guard: Guard | None = None):
        self.model, self.strategy, self.kind, self.guard = model, strategy, kind, guard
        self._wants_xla = xla
        self._has_workers = has_workers(strategy)
        self.pace = Pace(self._has_workers)
        self.compiles = False  # whether the last call had to
        self.last_logs: dict[str, Any] = {}  # what a step logs beside the metrics; variables
        self._logged: dict[str, Any] = {}  # shape and dtype of all of these that were traced
        self._feed: Any = None
        self._kind: Any = None  # of the feeds it was compiled for
        self._counted = _what_counts(model)
        self.forget()

    def forget(self) -> None:
        """Lets the next call compile anew, since something about the model has changed."""
        self._compiled: dict[int, Any] = {}  # by the size of the batches

    def fits(self, model, strategy, xla: bool, feed: ResidentFeed | StreamedFeed) -> bool:
        """Whether this loop, compiled for an earlier call, does for another one."""
        if _what_counts(model) != self._counted:
            return False
        return (self.strategy, self._wants_xla, self._kind) == (strategy, xla, feed.kind)

    @property
    def xla(self) -> bool:
        """Whether XLA compiles the steps; a callback may have a better way."""
        session = session_of(self.model)
        return self._wants_xla and (session is None or session.rounds_as_ever)

    def use(self, feed: ResidentFeed | StreamedFeed) -> None:
        """Takes the next steps' batches from `feed`."""
        self._feed, self._kind = feed, feed.kind

    def let_go(self) -> None:
        """Lets the samples go, which the model would otherwise keep for as long as it lives."""
        self._feed = None
        if self.guard is not None:
            self.guard.let_go()

    def __call__(self, first: int, count: int) -> tuple[dict[str, Any], int]:
        """Runs steps of the current epoch.

        Args:
            first: number of the first step in its epoch.
            count: how many steps.

        Returns:
            The metrics so far, and how many steps were done: fewer than asked for at the end of a data set whose length
            was not known, or when the guard stopped them.
        """
        import tensorflow as tf

        done = 0
        self.compiles = False
        logs: dict[str, Any] = {}
        for begin, steps, size in self._feed.blocks(first, first + count):
            arguments = self._feed.arguments(), tf.constant(begin, tf.int64)
            run = functools.partial(self._compile(size, arguments), *arguments)
            if self.guard is not None:
                self.guard.keep()
            logs, ran = run(tf.constant(steps, tf.int64))
            if self.guard is not None and self.guard.has_to_roll_back():
                self.guard.roll_back(run, begin)
            done += int(ran)
            if int(ran) < steps:
                break
        return logs, done

    def _compile(self, size: int, arguments):
        """The compiled loop over batches of `size` samples (0: of any size)."""
        import tensorflow as tf

        while size not in self._compiled:
            self.compiles = True
            run = functools.partial(self._run_resident if self._feed.resident else self._run_streamed, size=size)
            jit = (self.xla and self._feed.resident) or None
            compiled = tf.function(run, autograph=False, jit_compile=jit)
            compiled.get_concrete_function(*arguments, tf.constant(1, tf.int64))
            if self._has_room_for_logs():
                self._compiled[size] = compiled
        return self._compiled[size]

    def _has_room_for_logs(self) -> bool:
        """Whether all that a step logs was kept when it was traced; makes the variables that were missing.

        A replica at work cannot make them.
        """
        import tensorflow as tf

        new = {name: value for name, value in self._logged.items() if name not in self.last_logs}
        with self.strategy.scope():
            for name, value in new.items():
                self.last_logs[name] = tf.Variable(
                    tf.zeros(*value),
                    trainable=False,
                    synchronization=tf.VariableSynchronization.ON_READ,  # every replica writes its own
                    aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
                )
        return not new

    def read_last_logs(self) -> dict[str, Any]:
        """What the last step logged beside the metrics."""
        return {name: variable.read_value().numpy() for name, variable in self.last_logs.items()}

    # === What is compiled ===
    def _run_resident(self, arguments, first, count, size: int):
        import tensorflow as tf

        feed, last = self._feed, first + count

        def one_step(step):
            def on_replica(arguments, step):
                batch, part = feed.batch(arguments, step, size)
                self._step(batch, part, step)

            self.strategy.run(on_replica, (arguments, step))
            return step + 1

        with self._tracing():
            end = tf.while_loop(
                lambda step: (step < last) & self._all_is_well(), one_step, [first], parallel_iterations=1
            )
        return self._logs(), end[0] - first

    def _run_streamed(self, arguments, first, count, size: int):
        import tensorflow as tf

        feed, last = self._feed, first + count
        (iterator,) = arguments

        def on_replica(batch, step):
            batch, part = take_part(batch, feed.replicas)
            self._step(batch, part, step)

        def one_step(step, more):
            element = iterator.get_next_as_optional()

            def go():
                self.strategy.run(on_replica, (element.get_value(), step))
                return step + 1, True

            return tf.cond(element.has_value(), go, lambda: (step, False))

        with self._tracing():
            end, _ = tf.while_loop(
                lambda step, more: (step < last) & more & self._all_is_well(),
                one_step,
                [first, True],
                parallel_iterations=1,
            )
        return self._logs(), end - first

    def _step(self, batch, part, step) -> None:
        """The model's step on this replica's part of a batch."""
        run = self.model.train_step if self.kind == "train" else self.model.test_step
        if self.xla and not self._feed.resident:
            import tensorflow as tf

            run = tf.function(run, autograph=False, jit_compile=True)
        with holding(part), contextlib.nullcontext() if self.guard is None else self.guard.step(step):
            logs = run(batch)
        for name, value in (logs or {}).items():
            if name not in self._metrics:
                self._keep(name, value if part is None else add_up(value) / self.strategy.num_replicas_in_sync)

    def _keep(self, name: str, value) -> None:
        import tensorflow as tf

        value = tf.convert_to_tensor(value)
        self._logged[name] = value.shape, value.dtype
        if name in self.last_logs:
            self.last_logs[name].assign(value)

    def _logs(self) -> dict[str, Any]:
        """The metrics of the epoch so far, and whatever else the last step logged; nothing with several workers.

        They would have to ask one another for their sums, and each takes as many steps at a time as its own clock says.
        """
        if self._has_workers:
            return {}
        return {
            **self.model.get_metrics_result(),
            **{name: variable.read_value() for name, variable in self.last_logs.items()},
        }

    def _all_is_well(self):
        return True if self.guard is None else self.guard.all_is_well()

    @contextlib.contextmanager
    def _tracing(self):
        self._metrics = set(self.model.get_metrics_result())
        with contextlib.ExitStack() as stack:
            stack.enter_context(same_as_one_device(self.model, self.strategy))
            if self.strategy.num_replicas_in_sync == 1 and not self.xla:
                stack.enter_context(faster_layers(self.model))
            if self.guard is not None:
                stack.enter_context(self.guard.watching())
            yield


def _what_counts(model) -> list[int]:
    """What a compiled step was made of, by identity: another after `compile`, or with other gradient stages."""
    parts = [model, model.optimizer, model._compile_loss, model._compile_metrics, *stages_of(model)]
    session = session_of(model)
    return [0 if session is None else session.number, *(id(one) for one in (*parts, *model.trainable_variables))]


def compiled_for(model: keras.Model) -> dict[str, Any]:
    """What was compiled for a model by earlier calls, by "train", "test" and "predict"."""
    return model.__dict__.setdefault(_LOOPS, {})


def reuse_loop(model, strategy, kind: str, xla: bool, feed: ResidentFeed | StreamedFeed) -> Loop:
    """The loop of an earlier call if nothing has changed since, so that nothing is compiled twice."""
    loops = compiled_for(model)
    loop = loops.get(kind)
    if loop is None or not loop.fits(model, strategy, xla, feed):
        rolls_back = feed.resident and strategy.num_replicas_in_sync == 1
        guard = Guard(model, strategy, rolls_back) if kind == "train" else None
        loop = loops[kind] = Loop(model, strategy, kind, xla, guard)
    loop.use(feed)
    return loop
