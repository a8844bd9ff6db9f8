"""Several fits that stay under way together and train a few steps each in turn.

A machine's speed wanders: two neighbouring half-seconds of one training differ by a tenth, and two neighbouring
steps by no less, but there are many more of those to take the mean of. So a turn is short. No fit is compiled more than
once: each has a thread of its own, which waits between two calls of the model until it is its turn; only one runs at a
time. While it waits, its iterator of the data lives on: it should be an untuned one (`engine/untuned_iterators.py`).
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import keras

TURN = 0.02  # seconds


class FitInTurn(keras.callbacks.Callback):
    """Takes part in one fit, and lets it wait. As a context, it lets the fit end with the block.

    A turn ends with the first call of the model to end after `TURN` seconds, and with an epoch. Only with an epoch it
    ends where a call may return before its work is done, which another's turn would pay for: on a GPU, and on other
    back ends than TensorFlow.

    Args:
        whole_epochs: end turns with epochs alone, for a fit that trains otherwise if a callback looks at its batches.

    Attributes:
        seconds: of the turns since the epoch began, with everything that callbacks do; at its end, of the epoch.
        epoch_has_ended: whether the last turn ended an epoch.
    """

    async_safe = True  # the zoo's fit need not call for every batch: a call of several steps belongs to one turn

    def __init__(self, whole_epochs: bool = False):
        super().__init__()
        self._shortest = TURN
        if not whole_epochs and _calls_return_when_done():
            self.on_train_batch_begin = self._hand_on_if_it_is_time
        self.seconds = 0.0
        self.epoch_has_ended = False
        self._turn, self._waits = threading.Semaphore(0), threading.Semaphore(0)
        self._fit: Future[Any] | None = None
        self._started = 0.0

    def start(self, fit: Callable[["FitInTurn"], Any]) -> None:
        """Begins `fit(self)` on a thread of its own, up to its first epoch."""
        thread = ThreadPoolExecutor(1)
        self._fit = thread.submit(fit, self)
        self._fit.add_done_callback(lambda _: self._waits.release())
        thread.shutdown(wait=False)
        self._wait()

    def take(self) -> None:
        """Lets the fit train for a turn."""
        self._turn.release()
        self._wait()

    def stop(self) -> None:
        """Lets the fit end, after the epoch or the call that it waits to begin."""
        if self._fit is not None and not self._fit.done():
            self.model.stop_training = True
            self._shortest = math.inf
            self._turn.release()
            self._fit.exception()  # returns when it has ended

    def __enter__(self) -> "FitInTurn":
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def _wait(self) -> None:
        self._waits.acquire()
        if self._fit is not None and self._fit.done():
            self._fit.result()  # raises what ended it

    def _hand_on(self) -> None:
        self._waits.release()
        self._turn.acquire()
        if self.epoch_has_ended:
            self.seconds, self.epoch_has_ended = 0.0, False
        self._started = time.perf_counter()

    def on_train_begin(self, logs=None):
        self.seconds, self.epoch_has_ended = 0.0, False

    def on_epoch_begin(self, epoch, logs=None):
        if epoch:
            self.seconds += time.perf_counter() - self._started
            self.epoch_has_ended = True
        self._hand_on()

    def _hand_on_if_it_is_time(self, batch, logs=None) -> None:
        taken = time.perf_counter() - self._started
        if batch and taken >= self._shortest:
            self.seconds += taken
            self._hand_on()


def train_in_turns(fits: Sequence[FitInTurn]) -> list[float]:
    """Trains an epoch of each: a turn of every fit, then of every fit in the opposite order, and so on.

    Returns:
        The seconds of each epoch.
    """
    waiting = list(fits)
    while waiting:
        for one in waiting:
            one.take()
        waiting = [one for one in reversed(waiting) if not one.epoch_has_ended]
    return [one.seconds for one in fits]


def _calls_return_when_done() -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.list_logical_devices("GPU")
