"""All that training changes about a model, copied and put back bit for bit."""

from typing import Any

import keras
import numpy as np
from keras import ops

from .gradient_stages import stages_of
from .model_parts import parts_on_replicas
from .random_state import global_seed_state, read_torch_random, write_torch_random


class Snapshot:
    """The values of a model's weights, seeds and optimizer state, and of the global seeds, at this moment.

    Args:
        model: compiled and built, as its optimizer is.
    """

    def __init__(self, model: keras.Model):
        self._model = model
        write_back_state(model)
        found = [*model.variables, *model.optimizer.variables, *global_seed_state()]
        counted = {id(one) for stage in stages_of(model) for one in stage.state.values()}  # JAX has them in there
        kept = {id(one): one for one in found if id(one) not in counted}
        self._kept = [(one, _copies(one)) for one in kept.values()]
        self._torch = read_torch_random()

    def put_back(self) -> None:
        """Gives every variable its value of then."""
        write_back_state(self._model)
        for variable, copies in self._kept:
            for part, value in zip(_parts(variable), copies, strict=True):
                part.assign(value)
        write_torch_random(self._torch)


def write_back_state(model: keras.Model) -> None:
    """Lets a hook for batches read and change variables and metrics: JAX's loop holds their values apart from them."""
    if keras.backend.backend() == "jax":
        model.jax_state_sync()


def _parts(variable) -> tuple[Any, ...]:
    if keras.backend.backend() != "tensorflow":  # JAX may have let go of the value
        return (variable,)
    return parts_on_replicas(variable._value)


def _copies(variable) -> list[np.ndarray]:
    return [np.array(ops.convert_to_numpy(one), copy=True) for one in _parts(variable)]
