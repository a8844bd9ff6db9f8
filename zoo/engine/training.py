"""`fit` through the compiled loop, as Keras's users know it.

Arguments, callbacks, logs and history are Keras's. What differs: batches are made on the device, many steps run in one
call, every strategy gives one device's result, arrays are shuffled anew in every epoch, and a fit with `Checkpoints`
among its callbacks can be killed and resumed.
"""

import contextlib
from typing import Any

import keras

from ...callbacks.keras_internals import close_session
from .callback_lists import callback_list, flat, floats, looks_at_batches
from .checkpoints import Checkpoints
from .inference import run_evaluation
from .inputs import build, hold_out, make_evaluation_feed, make_feed, make_source
from .loop import Loop, reuse_loop
from .replicas import replaced
from .state import read_callback, read_random, read_variables, write_callback, write_random, write_variables
from .strategies import is_chief
from .tensorflow_internals import has_workers
from .trouble import NotFiniteError, first_trouble


def fit(
    model: keras.Model,
    x=None,
    y=None,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: Any = "auto",
    callbacks: Any = None,
    validation_split: float = 0.0,
    validation_data: Any = None,
    shuffle: bool = True,
    class_weight: Any = None,
    sample_weight: Any = None,
    initial_epoch: int = 0,
    steps_per_epoch: int | None = None,
    validation_steps: int | None = None,
    validation_batch_size: int | None = None,
    validation_freq: Any = 1,
) -> keras.callbacks.History:
    """Trains a compiled model. The arguments are those of `keras.Model.fit`.

    Raises:
        NotForTheEngineError: for data that only Keras's own loop takes.
        NotFiniteError: at the step whose gradients are not finite; the weights are those before it.
        ValueError: if arguments contradict each other, or there is no sample.
    """
    strategy = model.distribute_strategy
    if validation_split and validation_data is None:
        (x, y, sample_weight), validation_data = hold_out((x, y, sample_weight), validation_split)
    checkpoints = next((one for one in flat(callbacks) if isinstance(one, Checkpoints)), None)
    saved = _open(checkpoints, strategy)
    seed = saved["shuffle"] if saved else None
    source = make_source(x, y, sample_weight, batch_size, shuffle, class_weight, seed)
    feed, choice = make_feed(source, model, strategy, steps_per_epoch, saved and saved["choice"])
    build(model, feed, strategy)
    validation = None
    if validation_data is not None:
        x_held, y_held, weight_held = keras.utils.unpack_x_y_sample_weight(validation_data)
        validation_source = make_source(x_held, y_held, weight_held, validation_batch_size or batch_size)
        validation, _ = make_evaluation_feed(validation_source, model, strategy, validation_steps, choice.settings())
    if checkpoints is not None:
        checkpoints.choices = choice.settings()
    run = Run(model, strategy, feed, choice.xla, validation, checkpoints, initial_epoch)
    run.shuffle = getattr(source, "seed", None)
    run.callbacks = callback_list(callbacks, model, verbose, epochs, feed.steps, add_history=True)
    run.every_batch = any(looks_at_batches(one, "train") for one in flat(callbacks))
    with _own_train_function(model, run.loop):
        try:
            return run(epochs, validation_freq, saved)
        finally:
            close_session(model)
            run.loop.let_go()


_POSITION = ("epoch", "step", "steps_before", "order", "passes", "validations")


class Run:
    """One fit: epochs, validation, checkpoints, in the order that callbacks expect."""

    every_batch = False
    shuffle: int | None = None  # the seed of the order of arrays

    def __init__(self, model, strategy, feed, xla: bool, validation, checkpoints: Checkpoints | None, epoch: int):
        self.model, self.strategy, self.feed, self.xla = model, strategy, feed, xla
        self.validation, self.checkpoints = validation, checkpoints
        self.epoch, self.step, self.steps_before = epoch, 0, 0
        self.passes = self.validations = 0  # over the data sets so far
        self.order = int(feed.source.next_epoch) if feed.source is not None else epoch
        self.callbacks: Any = None
        self.loop = reuse_loop(model, strategy, "train", xla, feed)
        self.chief = is_chief(strategy)

    def __call__(self, epochs: int, validation_freq, saved) -> keras.callbacks.History:
        model = self.model
        model.stop_training = False
        self.callbacks.on_train_begin()
        if saved:
            self.resume(saved)
        logs: dict[str, Any] = {}
        while self.epoch < epochs and not model.stop_training:
            if self.step == 0:
                model.reset_metrics()
                self.callbacks.on_epoch_begin(self.epoch)
            self.train_epoch()
            logs = floats(model.get_metrics_result()) | floats(self.loop.read_last_logs())
            if self.validation is not None and _is_time(self.epoch, validation_freq):
                results = run_evaluation(model, self.validation, self.strategy, self.xla, self.callbacks)
                self.validations += 1
                logs |= {f"val_{name}": value for name, value in results.items()}
            self.callbacks.on_epoch_end(self.epoch, logs)
            self.epoch, self.step = self.epoch + 1, 0
            self.order += 1
            self.passes += 1
            if self.checkpoints is not None:
                self.save(self.checkpoints)
        if isinstance(model.optimizer, keras.optimizers.Optimizer) and epochs > 0:
            model.optimizer.finalize_variable_values(model.trainable_weights)
        self.callbacks.on_train_end(logs)
        return model.history

    def train_epoch(self) -> None:
        """The rest of the current epoch, from `self.step` on."""
        feed, model = self.feed, self.model
        if feed.resident:
            feed.begin_epoch(self.order)
        else:
            feed.begin_epoch(skip=self.step)
        if feed.source is not None:
            feed.source.next_epoch.assign(self.order + 1)
        pace = self.loop.pace
        pace.every_step = self.every_batch
        while (feed.steps is None or self.step < feed.steps) and not model.stop_training:
            wanted = pace.start()
            if feed.steps is not None:
                wanted = min(wanted, feed.steps - self.step)
            if self.checkpoints is not None and (due := self.checkpoints.next_stop(self.steps_before + self.step)):
                wanted = min(wanted, due - self.steps_before - self.step)
            self.callbacks.on_train_batch_begin(self.step)
            logs, done = self.loop(self.step, wanted)
            self.stop_if_not_finite()
            self.step += done
            pace.stop(done, self.loop.compiles)
            if done:
                self.callbacks.on_train_batch_end(self.step - 1, logs)
            if done < wanted:  # a stream whose length was not known has ended
                if feed.steps is None:
                    feed.steps = self.step
                    self.callbacks.set_params({**self.callbacks.params, "steps": self.step})
                break
            within = self.step != feed.steps and not model.stop_training
            if self.checkpoints is not None and within and self.checkpoints.is_due(self.steps_before + self.step):
                self.save(self.checkpoints)
        if not self.step:
            raise ValueError("there is nothing to train on: the data set has no batch.")
        self.steps_before += self.step

    def stop_if_not_finite(self) -> None:
        """Ends the fit if the guard has stopped the loop; says at which step, and which layer is concerned first."""
        guard = self.loop.guard
        bad = None if guard is None else guard.bad_step_number()
        if bad is not None:
            kept = self.checkpoints and self.checkpoints.files()
            try:
                batch = self.feed.whole_batch(self.order, bad, self.steps_before + bad)
                where = first_trouble(self.model, batch, self.strategy)
            except Exception as error:  # a model with a step of its own need not have a loss, or call its layers
                where = f"which layer comes first cannot be said, since the step cannot be repeated ({error})"
                raise NotFiniteError(self.epoch + 1, bad + 1, where, kept) from error
            raise NotFiniteError(self.epoch + 1, bad + 1, where, kept)

    # === Checkpoints ===
    def save(self, checkpoints: Checkpoints) -> None:
        """Writes a checkpoint of this very moment. Every worker takes part; the first one writes."""
        content = {
            "position": {name: getattr(self, name) for name in _POSITION},
            "shuffle": self.shuffle,
            "stopped": bool(self.model.stop_training),
            "choice": checkpoints.choices,
            "variables": read_variables(self.model, self.strategy),
            "random": read_random(),
            "callbacks": [[type(one).__name__, read_callback(one)] for one in self.kept_callbacks],
        }
        if self.chief:
            checkpoints.write(self.steps_before + self.step, content)

    @property
    def kept_callbacks(self) -> list[keras.callbacks.Callback]:
        """Those with a state to keep: all but Keras's own bar."""
        return [one for one in self.callbacks.callbacks if not isinstance(one, keras.callbacks.ProgbarLogger)]

    def resume(self, saved: dict[str, Any]) -> None:
        """Puts everything back to where a checkpoint was written."""
        kinds = [type(one).__name__ for one in self.kept_callbacks]
        if kinds != [kind for kind, _ in saved["callbacks"]]:
            raise ValueError(
                f"the checkpoint was written with the callbacks {[kind for kind, _ in saved['callbacks']]}; these are "
                f"{kinds}. Resume with the same, in the same order."
            )
        write_variables(self.model, self.strategy, saved["variables"])
        write_random(saved["random"])
        for callback, (_, state) in zip(self.kept_callbacks, saved["callbacks"], strict=True):
            write_callback(callback, state)
        for name in _POSITION:
            setattr(self, name, saved["position"][name])
        self.model.stop_training = saved["stopped"]
        if not self.feed.resident:
            self.feed.catch_up(self.passes)
        if self.validation is not None and not self.validation.resident:
            self.validation.catch_up(self.validations)


@contextlib.contextmanager
def _own_train_function(model, loop: Loop):
    """For the time of the block, asking for a new train function lets the loop compile anew (`fit_session.py`)."""

    def make_train_function(force=False):
        if force:
            loop.forget()

    with replaced(model, "make_train_function", make_train_function):
        yield


def _open(checkpoints: Checkpoints | None, strategy) -> dict[str, Any] | None:
    if checkpoints is None:
        return None
    checkpoints.driven = True
    if checkpoints.every_minutes is not None and has_workers(strategy):
        raise ValueError("every_minutes: several workers' clocks differ; say every_steps (--checkpoint-every) instead.")
    if is_chief(strategy):
        checkpoints.prepare()
    return checkpoints.newest() if checkpoints.resume else None


def _is_time(epoch: int, frequency) -> bool:
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    return epoch + 1 in frequency
