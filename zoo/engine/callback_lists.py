"""Callbacks as the engine handles them: their list, which hooks they have, the logs they get."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np


def callback_list(
    callbacks, model, verbose, epochs: int = 1, steps: int | None = None, add_history: bool = False
) -> keras.callbacks.CallbackList:
    """What was given as a list that also has Keras's history (for `fit`) and, if wanted, its progress bar."""
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks
    return keras.callbacks.CallbackList(
        callbacks,
        add_history=add_history,
        add_progbar=verbose != 0,
        verbose=verbose,
        epochs=epochs,
        steps=steps,
        model=model,
    )


def flat(callbacks) -> Sequence[keras.callbacks.Callback]:
    """The callbacks themselves, however they were nested."""
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks.callbacks
    return keras.tree.flatten(callbacks) if callbacks else []


def looks_at_batches(callback, kind: str) -> bool:
    """Whether a callback has a hook for batches that has to see every one of them."""
    if getattr(callback, "async_safe", False) or isinstance(callback, keras.callbacks.ProgbarLogger):
        return False
    hooks = [f"on_{kind}_batch_begin", f"on_{kind}_batch_end"]
    hooks += ["on_batch_begin", "on_batch_end"] if kind == "train" else []
    return not all(getattr(getattr(callback, hook), "_is_default", False) for hook in hooks)


def floats(logs) -> dict[str, Any]:
    """Logs as Keras's callbacks get them: numbers, by name."""
    values = {name: np.asarray(value) for name, value in sorted(logs.items())}
    return {name: value.item() if value.ndim == 0 else value for name, value in values.items()}
