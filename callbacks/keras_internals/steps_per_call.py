"""Several training steps in one call of Keras's loop (on TensorFlow), which waits for Python between any two calls."""

from typing import Any

import keras

from .fit_session import FitSession, replaced

_AT_MOST = 32
_HOOKS = [f"on_{kind}batch_{moment}" for kind in ("", "train_", "test_") for moment in ("begin", "end")]


def make_several_steps_a_call(fit: FitSession, iterator: Any) -> None:
    """Lets every call of a fit's compiled function make as many steps as divide an epoch evenly, up to 32.

    Nothing is changed where anybody could tell: a callback that looks at batches, another `steps_per_execution` than 1,
    several replicas, an epoch of unknown length.

    Args:
        fit: that is about to begin.
        iterator: Keras's, over its data; None if another loop runs the steps.
    """
    model = fit.model
    if keras.backend.backend() != "tensorflow" or iterator is None or model.run_eagerly:
        return
    steps = iterator.steps_per_epoch or iterator.num_batches
    if not steps or model.steps_per_execution != 1 or model.distribute_strategy.num_replicas_in_sync > 1:
        return
    if any(map(_looks_at_batches, fit.callbacks)):
        return
    several = max(number for number in range(1, _AT_MOST + 1) if steps % number == 0)
    fit.enter(replaced(iterator, "steps_per_execution", several))
    fit.enter(replaced(model, "steps_per_execution", several))
    fit.rebuild()


def _looks_at_batches(callback) -> bool:
    if isinstance(callback, keras.callbacks.ProgbarLogger):
        return False
    return not all(getattr(getattr(callback, hook), "_is_default", False) for hook in _HOOKS)
