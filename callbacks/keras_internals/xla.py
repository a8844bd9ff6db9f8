"""Which models XLA compiles into something faster than TensorFlow's own operations on a CPU.

It takes away the time between operations, which is most of a small model's step, but makes convolutions and recurrence
slower. Where anything is random it would draw other numbers than TensorFlow does.
"""

import keras
from keras.src.trainers.trainer import model_supports_jit

_DENSE = (
    "InputLayer", "Flatten", "Reshape", "Permute", "Dense", "Activation", "ReLU", "LeakyReLU", "ELU", "PReLU",
    "Softmax", "Add", "Multiply", "Concatenate", "LayerNormalization", "BatchNormalization", "Rescaling",
    "Functional", "Sequential",
)  # fmt: skip


def is_dense(model: keras.Model) -> bool:
    """Whether a model consists of matrix products and element-wise functions alone.

    Example:
        >>> is_dense(keras.Sequential([keras.layers.Dense(3), keras.layers.ReLU()]))
        True
        >>> is_dense(keras.Sequential([keras.layers.Conv2D(3, 3)]))
        False
    """
    layers = [layer for layer in model._flatten_layers() if layer is not model and not _is_bookkeeping(layer)]
    return bool(layers) and all(_kind(layer) in _DENSE for layer in layers)


def is_random(layer: keras.Layer) -> bool:
    """Whether a layer draws random numbers."""
    return bool(getattr(layer, "_seed_generators", ()))


def gains_from_xla(model: keras.Model) -> bool:
    """Whether XLA makes the steps of a model faster that Keras would not have compiled by it.

    That is on a CPU, with one replica, where model, loss, metrics and step consist of Keras's own parts: others might
    use operations that XLA does not know.
    """
    if keras.backend.backend() != "tensorflow" or model.run_eagerly or model.jit_compile:
        return False
    import tensorflow as tf

    if model.distribute_strategy.num_replicas_in_sync > 1 or tf.config.list_logical_devices("GPU"):
        return False
    own = (type(model).train_step, type(model).test_step, type(model).compute_loss, type(model).compute_metrics)
    parts = [*_parts_of(model._compile_loss), *_parts_of(model._compile_metrics)]
    are_kerass = all(_is_kerass(one) for one in (*own, *parts))
    return (
        are_kerass
        and is_dense(model)
        and not any(map(is_random, model._flatten_layers()))
        and model_supports_jit(model)
    )


def _is_bookkeeping(layer) -> bool:
    return isinstance(layer, keras.Metric | keras.Loss)


def _kind(layer) -> str:
    """The name of the Keras class that a layer is or derives from."""
    return next((kind.__name__ for kind in type(layer).__mro__ if kind.__module__.startswith("keras.")), "")


def _parts_of(compiled) -> list:
    """The losses or metrics that a model was compiled with, as they were given."""
    given = (
        []
        if compiled is None
        else [getattr(compiled, name, None) for name in ("_user_loss", "_user_metrics", "_user_weighted_metrics")]
    )
    return [one for one in keras.tree.flatten(given) if one is not None and not isinstance(one, str)]


def _is_kerass(one) -> bool:
    home = one if isinstance(one, type) or hasattr(one, "__code__") else type(one)
    return getattr(home, "__module__", "").startswith("keras.")
