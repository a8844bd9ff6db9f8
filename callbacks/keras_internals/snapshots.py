"""All that training changes about a model, copied and put back bit for bit."""

from typing import Any

import keras
import numpy as np
from keras import ops

from .gradient_stages import stages_of
from .random_state import global_seed_state


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
        self._torch = _torch_generator()

    def put_back(self) -> None:
        """Gives every variable its value of then."""
        write_back_state(self._model)
        for variable, copies in self._kept:
            for part, value in zip(_parts(variable), copies, strict=True):
                part.assign(value)
        if self._torch is not None:
            import torch

            torch.set_rng_state(self._torch)


def write_back_state(model: keras.Model) -> None:
    """Lets a hook for batches read and change variables and metrics: JAX's loop holds their values apart from them."""
    if keras.backend.backend() == "jax":
        model.jax_state_sync()


def _torch_generator() -> Any:
    """The state of PyTorch's own generator, which Keras's dropout without a seed draws from."""
    if keras.backend.backend() != "torch":
        return None
    import torch

    return torch.get_rng_state()


def _parts(variable) -> tuple[Any, ...]:
    """A variable's copies on replicas, which may differ; or itself."""
    if keras.backend.backend() != "tensorflow":  # and JAX may have let go of the value
        return (variable,)
    native = variable.value
    return tuple(native.values) if isinstance(getattr(native, "values", None), tuple) else (variable,)


def _copies(variable) -> list[np.ndarray]:
    return [np.array(ops.convert_to_numpy(one), copy=True) for one in _parts(variable)]
