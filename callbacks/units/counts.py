"""How the outputs of units are counted: which have fired, how often, and how often they came near a limit.

    fired      any output > 0                                       of rectifying layers, over all outputs
    firings    number of outputs > 0                                of rectifying layers, where frequencies are wanted
    near       number of outputs within `margin` of a limit         of saturating layers

An output that is not a number is none of these. A dense layer gives a unit one output for each sample, a convolution
one for each sample and position, and so on: the axis of the units stays, all others are counted over.

Shapes:
    B  samples of a batch,   U  units,   ...  positions of a map or a sequence
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from ..keras_internals import add_to, tf

# Integers that count exactly. JAX has none of 64 bits by default: there a count is kept in two parts, high and low.
_DTYPE = "int32" if keras.backend.backend() == "jax" else "int64"
_IN_TWO_PARTS = keras.backend.backend() == "jax"
_HIGH = 2**30
_LARGE = 2**10  # outputs for each sample
_FEW = 2**20  # outputs of a unit, that float32 adds up exactly with those of one more sample


@dataclass(frozen=True)
class UnitCount:
    """What the units of one layer have done, over an epoch or over a probe set.

    Args:
        fired: whether each unit has, shape `(U,)`; None for a saturating layer.
        share: of the outputs that fired, or were near a limit, shape `(U,)`; None if these were not counted.
        outputs: how many there were for each unit; None if these were not counted.
    """

    fired: np.ndarray | None
    share: np.ndarray | None
    outputs: int | None


class Counter:
    """What is counted of one layer, and how one call's count joins the others'.

    Args:
        limits: of a saturating layer, low and high; None for a rectifying one.
        axis: of the units; None for the last, or for images the one of Keras's configuration.
        frequency: whether firings are counted, or units that have fired are only told from others, which costs less.
        margin: how near to a limit is near, as a share of the distance between the limits.
        most: of how many outputs for each unit, in each batch, a saturating layer's are counted, if all would be more:
            those of the first samples. None for all.
    """

    def __init__(
        self,
        limits: tuple[float, float] | None,
        axis: int | None = None,
        frequency: bool = False,
        margin: float = 0.02,
        most: int | None = None,
    ):
        self.limits, self.axis, self.margin, self.most = limits, axis, margin, most
        self.only_flags = limits is None and not frequency

    def units_of(self, outputs) -> int | None:
        """How many units give such outputs, U; None if they are no samples, or that is open."""
        return outputs.shape[self._axis(outputs)] if len(getattr(outputs, "shape", ())) > 1 else None

    def states(self, units: int) -> list[tuple[tuple[int, ...], str]]:
        """Shapes and dtypes of what is counted into."""
        if self.only_flags:
            return [((units,), "float32")]
        parts = (2,) if _IN_TWO_PARTS else ()
        return [((*parts, units), _DTYPE), (parts, _DTYPE)]

    # === In the compiled step ===
    def update(self, states: Sequence[Any], outputs) -> None:
        """Counts what one call gave.

        Args:
            states: `keras.Variable`s: flags, shape `(U,)`; or numbers, shape `(U,)`, and that of all units' outputs.
            outputs: of the layer.
        """
        axis = self._axis(outputs)
        outputs = ops.stop_gradient(outputs)
        if self.only_flags:
            states[0].assign(_flags(ops.convert_to_tensor(states[0]), outputs, axis))
            return
        if self.limits is None:
            found = outputs > 0
        else:
            outputs = self._some_of(outputs, axis)
            found = self._near_limits(outputs)
        _add(states[0], self._numbers(found, axis))
        _add(states[1], _size(outputs))

    # === Between steps ===
    def result(self, states: Sequence[np.ndarray]) -> UnitCount:
        """What states, or the sums of those of several replicas, say."""
        if self.only_flags:
            return UnitCount(states[0] > 0, None, None)
        wide = [one.astype("int64") for one in states]
        numbers, total = [one[0] * _HIGH + one[1] for one in wide] if _IN_TWO_PARTS else wide
        outputs = int(total) // len(numbers)  # of each unit
        return UnitCount(numbers > 0 if self.limits is None else None, numbers / max(outputs, 1), outputs)

    # === Parts ===
    def _axis(self, outputs) -> int:
        rank = len(outputs.shape)
        if self.axis is None:
            return 1 if rank in (4, 5) and keras.config.image_data_format() == "channels_first" else -1
        return self.axis if -rank <= self.axis < rank else -1

    def _near_limits(self, outputs):
        low, high = self.limits  # type: ignore[misc]
        margin = self.margin * (high - low)
        if keras.backend.standardize_dtype(outputs.dtype) in ("float16", "bfloat16"):
            outputs = ops.cast(outputs, "float32")  # their own digits could not tell the margin
        if low == -high:
            return ops.abs(outputs) > high - margin
        return ops.logical_or(outputs > high - margin, outputs < low + margin)

    def _numbers(self, found, axis: int):
        """How many are true, for each unit, shape `(U,)`.

        Exact, for batches of fewer than 2^24 samples: float32 counts to 2^24, integers what is more.
        """
        place = axis % len(found.shape)
        if self.most is not None and self.most < _FEW and place == len(found.shape) - 1:
            return _number_to_last_axis(found)  # of fewer than `most` and the positions of one sample
        numbers = ops.cast(ops.sum(ops.cast(found, "float32"), axis=0), _DTYPE)
        rest = _others(numbers, place - 1)
        return ops.sum(numbers, axis=rest) if rest else numbers

    def _some_of(self, outputs, axis: int):
        """As many of the first samples as give `most` outputs for each unit."""
        samples, positions = _samples_and_positions(outputs, axis)
        if self.most is None or _is_one(positions):
            return outputs
        enough = -(-self.most // positions)
        if isinstance(enough, int) and isinstance(samples, int) and enough >= samples:
            return outputs
        return outputs[:enough]


def _flags(before, outputs, axis: int):
    """Which units have fired so far, shape `(U,)`, those outputs included.

    Once all units of a layer have fired, nothing can change that, and large outputs are not looked at any more.
    """

    def after():
        # Floats, because TensorFlow takes several times as long over bools; first of all told from NaN.
        return ops.maximum(before, _over_others(ops.max, ops.cast(outputs > 0, "float32"), axis))

    _, positions = _samples_and_positions(outputs, axis)
    is_small = isinstance(positions, int) and positions * outputs.shape[axis] < _LARGE
    if is_small or keras.backend.backend() != "tensorflow" or tf.config.list_logical_devices("GPU"):
        return after()  # to choose takes as long as to look
    return tf.cond(tf.reduce_all(before > 0), lambda: before, after)


def _add(state, amount) -> None:
    """Adds integers to a variable of integers."""
    if not _IN_TWO_PARTS:
        add_to(state, amount)
        return
    high, low = ops.unstack(ops.convert_to_tensor(state), 2)
    low = low + amount
    carried = low // _HIGH
    state.assign(ops.stack([high + carried, low - carried * _HIGH]))


def _size(outputs):
    """How many values there are, as an integer scalar."""
    if keras.backend.backend() == "tensorflow":
        return tf.size(outputs, out_type=tf.as_dtype(_DTYPE))
    return ops.cast(ops.size(outputs), _DTYPE)


def _number_to_last_axis(found):
    """How many are true over all axes but the last, as integers of shape `(U,)`; float32 must be able to count them."""
    values = ops.cast(found, "float32")
    if keras.backend.backend() == "tensorflow":
        numbers = tf.raw_ops.BiasAddGrad(out_backprop=values)  # this very sum, which waits less for others than `Sum`
    else:
        numbers = ops.sum(values, axis=tuple(range(len(values.shape) - 1)))
    return ops.cast(numbers, _DTYPE)


def _samples_and_positions(outputs, axis: int) -> tuple[Any, Any]:
    """How many samples there are, and outputs of one unit for each: integers, or tensors where that is open."""
    sizes = [size for place, size in enumerate(ops.shape(outputs)) if place != axis % len(outputs.shape)]
    return sizes[0], math.prod(sizes[1:])


def _is_one(positions: Any) -> bool:
    return isinstance(positions, int) and positions == 1


def _over_others(reduce: Callable[..., Any], values, axis: int):
    """Reduces all axes but one. The samples go first: TensorFlow is several times as fast at it as at all at once."""
    axis = axis % len(values.shape) - 1
    values = reduce(values, axis=0)
    rest = _others(values, axis)
    return reduce(values, axis=rest) if rest else values


def _others(values, axis: int) -> tuple[int, ...]:
    return tuple(place for place in range(len(values.shape)) if place != axis)
