"""How a model's steps are run: compiled by XLA or not, samples on the device or streamed, how many steps at a time.

The first two are chosen by rule and recorded, because XLA rounds differently: a repeated or resumed run uses the
recorded choice. How many steps one call takes changes no figure, and follows the clock.

XLA: for one replica, and where nothing is random: it would draw other numbers than TensorFlow does, so that one device
and several would differ. On a CPU, for samples on the device and layers that are matrix products and what lies between
them, our recurrent layers' steps among them: it takes away the time between operations, but makes convolutions and
Keras's recurrence slower. On a GPU, as Keras itself decides.

Resident: where the samples take at most a quarter of the memory. A batch is then a slice, instead of a queue's element.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import keras

# Keras's layers that XLA compiles into something faster than TensorFlow's own operations on a CPU; for a wrapper, what
# is in it counts as well.
_DENSE = (
    "InputLayer", "Flatten", "Reshape", "Permute", "Dense", "Activation", "ReLU", "LeakyReLU", "ELU", "PReLU",
    "Softmax", "Add", "Multiply", "Concatenate", "LayerNormalization", "BatchNormalization", "Rescaling", "Embedding",
    "Bidirectional", "Functional", "Sequential",
)  # fmt: skip
SECONDS_PER_CALL = 0.25  # long enough for the call to cost nothing, short enough for Ctrl-C and a progress bar
STEPS_WITH_WORKERS = 8  # the same number everywhere
_GPU_LIMIT = 2**31  # bytes


@dataclass(frozen=True)
class Choice:
    """What was chosen for a fit.

    Args:
        xla: whether XLA compiles the steps.
        resident: whether the samples lie on the device.
    """

    xla: bool
    resident: bool

    def settings(self) -> dict[str, Any]:
        """As plain values, for `config.json` and checkpoints."""
        return asdict(self)


def choose(
    model: keras.Model,
    strategy,
    bytes_of_samples: int | None,
    augmented: bool = False,
    recorded: Mapping[str, Any] | None = None,
) -> Choice:
    """The choice for a model and its samples.

    Args:
        model: compiled.
        strategy: a `tf.distribute.Strategy`.
        bytes_of_samples: their size in memory; None if they are only known as a stream.
        augmented: whether they are changed at random.
        recorded: an earlier choice to use again, as far as the samples allow.

    Returns:
        `Choice`.
    """
    import tensorflow as tf

    on_gpu = bool(tf.config.list_logical_devices("GPU"))
    limit = _GPU_LIMIT if on_gpu else _memory() // 4
    if bytes_of_samples is not None:
        copies = 1 if on_gpu else strategy.num_replicas_in_sync
        resident = bytes_of_samples * copies <= limit
    else:
        resident = False
    if recorded:
        return Choice(bool(recorded["xla"]), resident and bool(recorded["resident"]))
    if strategy.num_replicas_in_sync > 1 or augmented or any(map(_is_random, model._flatten_layers())):
        return Choice(False, resident)
    return Choice(bool(model.jit_compile) or (not on_gpu and resident and is_dense(model)), resident)


def is_dense(model: keras.Model) -> bool:
    """Whether a model consists of matrix products, look-ups and element-wise functions alone.

    A layer of ours may say for itself whether XLA makes it faster, in an attribute `suits_xla`.

    Example:
        >>> is_dense(keras.Sequential([keras.layers.Dense(3), keras.layers.ReLU()]))
        True
        >>> is_dense(keras.Sequential([keras.layers.Conv2D(3, 3)]))
        False
    """
    layers = [layer for layer in model._flatten_layers() if layer is not model and not _is_bookkeeping(layer)]
    return bool(layers) and all(getattr(layer, "suits_xla", _kind(layer) in _DENSE) for layer in layers)


def _is_bookkeeping(layer) -> bool:
    return isinstance(layer, keras.Metric | keras.Loss)


def _kind(layer) -> str:
    """The name of the Keras class that a layer is or derives from."""
    return next((kind.__name__ for kind in type(layer).__mro__ if kind.__module__.startswith("keras.")), "")


def _is_random(layer) -> bool:
    return bool(getattr(layer, "_seed_generators", ())) and getattr(layer, "draws", True)


def _memory() -> int:
    """Bytes of main memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


class Pace:
    """How many steps the next call takes: about as many as `SECONDS_PER_CALL` allows, from what the last ones took.

    Args:
        has_workers: whether other processes have to take as many steps at a time (a collective operation finds its
            counterpart by the iteration it stands in); no clock is asked then.

    Attributes:
        every_step: whether to take one at a time, because a callback looks at every batch.
    """

    def __init__(self, has_workers: bool = False):
        self.has_workers = has_workers
        self.every_step = False
        self._steps = 1
        self._started = 0.0

    def start(self) -> int:
        """Begins a call; gives its number of steps."""
        self._started = time.perf_counter()
        if self.every_step:
            return 1
        return STEPS_WITH_WORKERS if self.has_workers else self._steps

    def stop(self, steps: int, compiled: bool) -> None:
        """Ends a call of `steps` steps; one that had to compile first says nothing of them."""
        if not steps or self.every_step:
            return
        seconds = time.perf_counter() - self._started
        if compiled:
            self._steps = max(4, self._steps)
            return
        wanted = int(SECONDS_PER_CALL * steps / max(seconds, 1e-9))
        self._steps = max(1, min(wanted, 8 * max(steps, self._steps)))
