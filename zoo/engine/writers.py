"""Callbacks that write into the run folder while training goes on."""

import time
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from ..watching import write_results
from .run_folder import RunFolder


class HistoryWriter(keras.callbacks.Callback):
    """Writes `history.csv` anew after every epoch, and stops when the loss is no longer a number."""

    def __init__(self, folder: RunFolder):
        super().__init__()
        self.folder = folder
        self.rows: list[dict[str, float]] = []

    def on_epoch_end(self, epoch, logs=None):
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self.rows.append({"epoch": epoch + 1, **{k: float(v) for k, v in (logs or {}).items()}, "learning_rate": rate})
        self.folder.write_history(self.rows)
        if not np.isfinite(self.rows[-1]["loss"]):
            self.model.stop_training = True


class ResultsWriter(keras.callbacks.Callback):
    """Writes what other callbacks have measured while training goes on, now and then, to be looked at meanwhile.

    Args:
        folder: where to.
        callbacks: from `make_callbacks`.
    """

    SECONDS = 20.0  # from one time to the next, at least

    def __init__(self, folder: RunFolder, callbacks: Mapping[str, Any]):
        super().__init__()
        self.folder, self.callbacks = folder, callbacks
        self._written = time.monotonic()

    def get_state(self):
        """Nothing that a resumed fit goes on with."""
        return {}

    def set_state(self, state) -> None:
        """Nothing."""

    def on_epoch_end(self, epoch, logs=None):
        if time.monotonic() - self._written > self.SECONDS:
            write_results(self.folder, self.callbacks, pictures=False)
            self._written = time.monotonic()
