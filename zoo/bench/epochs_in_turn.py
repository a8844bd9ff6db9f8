"""Several fits that stay under way together and train an epoch each in turn.

So all are timed at the same speed of the machine, and none is compiled more than once. Each fit has a thread of its
own, which waits at the beginning of every epoch until it is its turn; only one runs at a time. While it waits, its
iterator of the data lives on: it should be an untuned one (`engine/untuned_iterators.py`).
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import keras


class EpochInTurn(keras.callbacks.Callback):
    """Takes part in one fit, and lets its epochs wait. As a context, it lets the fit end with the block.

    Attributes:
        seconds: of the last epoch, from its beginning to that of the next, with everything that callbacks do.
    """

    def __init__(self):
        super().__init__()
        self.seconds = 0.0
        self._turn, self._waits = threading.Semaphore(0), threading.Semaphore(0)
        self._fit: Future[Any] | None = None
        self._started = 0.0

    def start(self, fit: Callable[["EpochInTurn"], Any]) -> None:
        """Begins `fit(self)` on a thread of its own, up to its first epoch."""
        thread = ThreadPoolExecutor(1)
        self._fit = thread.submit(fit, self)
        self._fit.add_done_callback(lambda _: self._waits.release())
        thread.shutdown(wait=False)
        self._wait()

    def take(self) -> float:
        """Lets the fit train one epoch, and gives its seconds."""
        self._turn.release()
        self._wait()
        return self.seconds

    def stop(self) -> None:
        """Lets the fit end, after the epoch that it waits to begin."""
        if self._fit is not None and not self._fit.done():
            self.model.stop_training = True
            self._turn.release()
            self._fit.exception()  # returns when it has ended

    def __enter__(self) -> "EpochInTurn":
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def _wait(self) -> None:
        self._waits.acquire()
        if self._fit is not None and self._fit.done():
            self._fit.result()  # raises what ended it

    def on_epoch_begin(self, epoch, logs=None):
        if epoch:
            self.seconds = time.perf_counter() - self._started
        self._waits.release()
        self._turn.acquire()
        self._started = time.perf_counter()
