"""`use_engine`: a user's own Keras model trained by this engine; zoo models are from the start."""

from collections.abc import Callable
from typing import Any

import keras


def use_engine(model: keras.Model) -> keras.Model:
    """Lets `fit`, `evaluate` and `predict` of a Keras model run through the engine, with the arguments they have.

    What changes: many steps run in one call; under a `tf.distribute` strategy the result is that of one device; a fit
    with `zoo.Checkpoints` among its callbacks can be resumed; arrays come in a new order every epoch, where Keras on
    TensorFlow repeats one after `set_random_seed`; a data set that ends before `steps_per_epoch` begins again. What
    stays: the model's own `train_step` and `compute_loss`.

    Random layers of Keras draw the same numbers on one device as ever; on several replicas no two share their numbers,
    but they are not those of one device: use `zoo.Dropout` where that matters. A `compute_loss` of your own should use
    Keras's losses, or `zoo.batch_mean` in place of `keras.ops.mean`.

    Args:
        model: any `keras.Model`, compiled or not. To train on several devices, make it in `strategy.scope()`.

    Returns:
        The same model.

    Raises:
        ValueError: if it is none.

    Example:
        >>> model = use_engine(keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]))
        >>> import numpy as np
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(np.ones((8, 4), "float32"), np.ones((8, 1), "float32"), epochs=2, verbose=0)
        >>> len(history.history["loss"])
        2
    """
    if not isinstance(model, keras.Model):
        raise ValueError(f"use_engine takes a keras.Model; got {model!r}. zoo.create_model makes one of the zoo's.")
    for name in ("fit", "evaluate", "predict"):
        model.__dict__[name] = _through_engine(model, name)
    return model


def _through_engine(model, name: str) -> Callable[..., Any]:
    def method(*args, **kwargs):
        return through_engine(model, name, getattr(type(model), name), args, kwargs)

    method.__doc__ = getattr(type(model), name).__doc__
    return method


def through_engine(model: keras.Model, name: str, keras_method: Callable[..., Any], args, kwargs):
    """Runs "fit", "evaluate" or "predict" by the engine, or by Keras where only Keras can.

    Raises:
        ValueError: if the model was made for several replicas and only the engine would do.
    """
    if keras.backend.backend() != "tensorflow":
        return keras_method(model, *args, **kwargs)
    from . import inference, training
    from .inputs import NotForTheEngineError

    why = None
    if name != "predict":
        model._assert_compile_called(name)
    if model.run_eagerly and model.compiled:
        why = "run_eagerly=True"
    elif "_use_cached_eval_dataset" in kwargs:
        why = "Keras's own fit"
    else:
        try:
            module = training if name == "fit" else inference
            return getattr(module, name)(model, *args, **kwargs)
        except NotForTheEngineError as error:
            why = str(error)
    if model.distribute_strategy.num_replicas_in_sync > 1:
        raise ValueError(
            f"on several replicas, gradschool trains from arrays or a tf.data.Dataset, and compiled; this was {why}. "
            "Keras's own loop would give another result than one device."
        )
    return keras_method(model, *args, **kwargs)
