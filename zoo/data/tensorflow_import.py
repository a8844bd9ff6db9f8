"""TensorFlow where it is installed, imported quietly; the rest of the data code works without it."""

import contextlib
import importlib.util

from ..quiet import import_keras, without_log_lines


def tensorflow_is_installed() -> bool:
    """Whether there is a TensorFlow to import; does not import it."""
    return importlib.util.find_spec("tensorflow") is not None


def import_tensorflow():
    """The module `tensorflow`, or None if it is not installed.

    Where Keras runs on JAX or PyTorch, TensorFlow only prepares batches: a GPU is left to them.
    """
    if not tensorflow_is_installed():
        return None
    import_keras()
    with without_log_lines():
        import keras
        import tensorflow as tf
    if keras.backend.backend() != "tensorflow":
        with contextlib.suppress(RuntimeError):  # the program used TensorFlow before: its choice stands
            tf.config.set_visible_devices([], "GPU")
    return tf
