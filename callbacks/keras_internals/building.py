"""What a fit that is about to begin will do: which variables its first step would make, and how it takes its data."""

import sys
import types
from typing import Any

import keras

from .fit_session import FitSession


def build_all(fit: FitSession) -> Any:
    """Makes all variables of a model, its optimizer, its loss and its metrics. For `on_train_begin`.

    Nothing is taken from the data, whose order would change: their shapes and types are enough.

    Returns:
        Keras's iterator over the data of the fit; None if another loop runs the steps, which has built everything.

    Raises:
        ValueError: for a model that cannot be built from these.
    """
    model, iterator = fit.model, _epoch_iterator()
    if keras.backend.backend() == "tensorflow" and iterator is not None:
        try:
            with model.distribute_strategy.scope():
                model._symbolic_build(data_batch=_symbolic_batch(iterator))
        except (RuntimeError, TypeError, AttributeError, NotImplementedError) as error:
            raise ValueError(
                f"{type(model).__name__} has no weights, or no metrics, before its first step, and cannot be built "
                "from the shapes of its data: call model.train_on_batch(...) once before model.fit."
            ) from error
    if model.optimizer is not None and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return iterator


def shuffles_samples() -> bool:
    """Whether Keras's fit that is about to begin takes samples of arrays in a random order. For `on_train_begin`."""
    adapter = getattr(_epoch_iterator(), "data_adapter", None)
    return getattr(adapter, "_shuffle", False) is True  # "batch" is an order of batches


def _epoch_iterator() -> Any:
    """Keras's iterator over the data of the fit that is about to begin."""
    frame: types.FrameType | None = sys._getframe()
    while frame is not None and "epoch_iterator" not in frame.f_locals:
        frame = frame.f_back
    return None if frame is None else frame.f_locals["epoch_iterator"]


def _symbolic_batch(iterator):
    from keras.src.utils.module_utils import tensorflow as tf

    def symbolic(spec):
        if isinstance(spec, tf.OptionalSpec):  # what there is no such thing of
            return None
        spec = getattr(spec, "_value_specs", (spec,))[0]  # of the first replica
        return keras.KerasTensor(spec.shape, spec.dtype.name)

    return tf.nest.map_structure(symbolic, iterator._distributed_dataset.element_spec)
