"""What a step of each optimizer takes on its own.

It is measured in turns: everyone trains one epoch in every round, in an order that rotates, and the median over the
rounds is taken. A machine's speed changes from one second to the next, so only what lies in the same round can be
compared. What is timed is an epoch within `fit`, from its beginning to its end, without validation.
"""

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar

import keras

ROUNDS = 5
SETTLING = 2  # epochs before the clock counts: one that compiles, one in which everything is there

Name = TypeVar("Name", bound=Hashable)
EpochTimer = Callable[[], float]  # trains an epoch and gives its seconds


class EpochClock(keras.callbacks.Callback):
    """Times the epochs of a fit.

    Attributes:
        seconds: of the last epoch.
        steps: in it.
    """

    seconds = 0.0
    steps = 0
    _started = 0.0

    def on_train_begin(self, logs=None):
        self.steps = self.params.get("steps") or 0
        if not self.steps:  # Keras does not know. To look at batches where it does would make every call a single step.
            self.on_train_batch_end = self._count

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds = time.perf_counter() - self._started

    def _count(self, batch, logs=None) -> None:
        self.steps = max(self.steps, batch + 1)  # calls may overtake each other


def epoch_timer(model: keras.Model, callbacks: Sequence[Any] = (), **arguments: Any) -> EpochTimer:
    """A function that trains a compiled model for another epoch, and gives the seconds.

    Args:
        model: compiled.
        callbacks: that take part.
        **arguments: of `model.fit`.
    """
    clock = EpochClock()

    def run() -> float:
        model.fit(**arguments, epochs=1, callbacks=[*callbacks, clock], verbose=0)
        return clock.seconds

    return run


def take_turns(timers: Mapping[Name, EpochTimer], rounds: int = ROUNDS) -> dict[Name, list[float]]:
    """Seconds of an epoch of each, round by round.

    Example:
        >>> take_turns({"first": lambda: 1.0, "second": lambda: 2.0}, rounds=2)
        {'first': [1.0, 1.0], 'second': [2.0, 2.0]}
    """
    names = list(timers)
    seconds: dict[Name, list[float]] = {name: [] for name in names}
    for turn in range(-SETTLING, rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            taken = timers[name]()
            if turn >= 0:
                seconds[name].append(taken)
    return seconds
