"""Several training steps in one call of Keras's loop (on TensorFlow), for models whose step takes less than the loop.

Keras asks for the metrics and lets Python run between any two calls. The steps of a small network of dense layers take
so little that this is what a training waits for.
"""

import math
from typing import Any

import keras

from .fit_session import FitSession, replaced
from .model_parts import number_of_replicas

_OPERATIONS = 4e10  # in a call: between a tenth of a second and one on a CPU, so that bars move and Ctrl-C is heard
_AT_MOST = 100
_HOOKS = [f"on_{kind}batch_{moment}" for kind in ("", "train_", "test_") for moment in ("begin", "end")]
_NORMALIZATIONS = (keras.layers.BatchNormalization, keras.layers.LayerNormalization)


def make_several_steps_a_call(fit: FitSession, iterator: Any, trainings: int) -> None:
    """Lets every call of a fit's compiled function make as many steps as divide an epoch evenly and take no time.

    Nothing is changed where anybody could tell: a callback that looks at batches, another `steps_per_execution` than 1,
    several replicas, an epoch of unknown length, layers other than dense ones.

    Args:
        fit: that is about to begin.
        iterator: Keras's, over its data; None if another loop runs the steps.
        trainings: of the model in every step.
    """
    model = fit.model
    if keras.backend.backend() != "tensorflow" or iterator is None or model.run_eagerly:
        return
    steps, samples = iterator.steps_per_epoch or iterator.num_batches, iterator.data_adapter.batch_size
    if not steps or not samples or model.steps_per_execution != 1:
        return
    if number_of_replicas(model) > 1 or any(map(_looks_at_batches, fit.callbacks)):
        return
    operations = operations_of_step(model, int(samples)) * trainings
    limit = min(_AT_MOST, int(_OPERATIONS / max(operations, 1)))
    several = max(number for number in range(1, max(1, limit) + 1) if steps % number == 0)
    fit.enter(replaced(iterator, "steps_per_execution", several))
    fit.enter(replaced(model, "steps_per_execution", several))
    fit.rebuild()


def operations_of_step(model: keras.Model, samples: int) -> float:
    """About how many additions and multiplications a training step of dense layers takes; infinite with any others.

    Args:
        model: built.
        samples: of a batch.

    Example:
        >>> operations_of_step(keras.Sequential([keras.Input((10,)), keras.layers.Dense(3)]), 8)
        1440.0
    """
    total = 0.0
    for layer in model._flatten_layers():
        if not layer._trainable_variables and not layer._non_trainable_variables:
            continue
        shape = (layer.get_build_config() or {}).get("input_shape") if isinstance(layer, keras.layers.Dense) else None
        if shape is not None and None not in shape[1:]:
            total += 6.0 * samples * math.prod(shape[1:]) * layer.units
        elif not isinstance(layer, (*_NORMALIZATIONS, keras.Metric)):
            return math.inf
    return total


def _looks_at_batches(callback) -> bool:
    if isinstance(callback, keras.callbacks.ProgbarLogger):
        return False
    return not all(getattr(getattr(callback, hook), "_is_default", False) for hook in _HOOKS)
