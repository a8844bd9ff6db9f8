"""All that training changes about a model, copied and put back bit for bit."""

import contextlib
import sys
import types
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


def build_for_fit(model: keras.Model) -> None:
    """Makes the variables of a model and its optimizer that only the first step would, from within `on_train_begin`.

    Raises:
        ValueError: for a model that cannot be built from the shapes of its data alone.
    """
    if not all(layer.built for layer in model._flatten_layers()):
        iterator = _epoch_iterator()
        try:
            model._symbolic_build(iterator=iterator)
        except (RuntimeError, TypeError, AttributeError) as error:
            raise ValueError(
                f"{type(model).__name__} has no weights before its first step: call it on a batch before model.fit."
            ) from error
        iterator.reset()
    if not model.optimizer.built:
        with _scope(model):
            model.optimizer.build(model.trainable_variables)


def _torch_generator() -> Any:
    """The state of PyTorch's own generator, which Keras's dropout without a seed draws from."""
    if keras.backend.backend() != "torch":
        return None
    import torch

    return torch.get_rng_state()


def _scope(model) -> contextlib.AbstractContextManager:
    return model.distribute_strategy.scope() if keras.backend.backend() == "tensorflow" else contextlib.nullcontext()


def _epoch_iterator() -> Any:
    """Keras's iterator over the data of the fit that is about to begin."""
    frame: types.FrameType | None = sys._getframe()
    while frame is not None and "epoch_iterator" not in frame.f_locals:
        frame = frame.f_back
    return None if frame is None else frame.f_locals["epoch_iterator"]


def _parts(variable) -> tuple[Any, ...]:
    """A variable's copies on replicas, which may differ; or itself."""
    if keras.backend.backend() != "tensorflow":  # and JAX may have let go of the value
        return (variable,)
    native = variable.value
    return tuple(native.values) if isinstance(getattr(native, "values", None), tuple) else (variable,)


def _copies(variable) -> list[np.ndarray]:
    return [np.array(ops.convert_to_numpy(one), copy=True) for one in _parts(variable)]
