"""How much of its own input one unit of a layer sees: a rule for each of Keras's layers.

Along each axis of an image (or a sequence), unit i of a layer sees the pixels from `first + step * i` to
`last + step * i` of the model's input. A layer whose units are computed from a window of `size` positions, one window
every `stride` positions, the first one beginning `before` positions outside, turns that into

    first' = first - step * before
    last'  = last + step * (size - 1 - before)
    step'  = step * stride

A layer of ours says by a method `window()`, which gives `(size, stride)`, that its units see such windows without
padding; `(1, 1)` is a layer that works on each position by itself. What there is no rule for is unknown, never guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import NamedTuple

import keras
from keras import layers


class Axis(NamedTuple):
    """What a layer's units see along one axis: unit i sees the pixels first + step i to last + step i.

    Args:
        first: of unit 0; below zero if that is padding.
        last: of unit 0.
        step: pixels from a unit to the next (the layer's whole stride); 0 if all units see the same.
        units: how many there are.
    """

    first: int
    last: int
    step: int
    units: int


@dataclass(frozen=True)
class Seen:
    """What the units of one tensor see.

    Args:
        axes: one for each spatial axis of the model's input.
        pixels: size of the input along each axis.
        channels_first: whether the channels come before the positions.
        flat: whether the positions lie one behind another along one axis.
    """

    axes: tuple[Axis, ...]
    pixels: tuple[int, ...]
    channels_first: bool
    flat: bool = False

    @property
    def everywhere_the_same(self) -> bool:
        """Whether all units see the same."""
        return all(axis.step == 0 for axis in self.axes)

    def positions(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The sizes of the spatial axes in a sample's shape."""
        return tuple(shape[1:]) if self.channels_first else tuple(shape[:-1])

    def all_together(self) -> "Seen":
        """What a unit sees that is computed from all of these."""
        joined = (Axis(one.first, one.last + one.step * (one.units - 1), 0, 1) for one in self.axes)
        return replace(self, axes=tuple(joined))

    def through(self, windows: Sequence[tuple[int, int, int]], shape: Sequence[int]) -> "Seen":
        """What units see that are computed from windows (size, stride, before) of these."""
        if self.flat:
            raise UnknownFieldError("the positions lie one behind another")
        axes = [
            Axis(
                axis.first - axis.step * before, axis.last + axis.step * (size - 1 - before), axis.step * stride, units
            )
            for axis, (size, stride, before), units in zip(self.axes, windows, self.positions(shape), strict=True)
        ]
        return replace(self, axes=tuple(axes))


class UnknownFieldError(Exception):
    """Nothing is known of what a layer's units see; says why."""


def seen_by(operation, inputs: Sequence[Seen], input_shape: Sequence[int], output_shape: Sequence[int]) -> Seen:
    """What the units of a layer see, by its own method or a rule here.

    Args:
        operation: the layer, or an operation of a functional model.
        inputs: what the units of each of its inputs see.
        input_shape: of one sample of the first of them.
        output_shape: of one sample.

    Raises:
        UnknownFieldError: if there is no rule.
    """
    if all(one.everywhere_the_same for one in inputs):
        return together(inputs)  # whatever is done with them
    if hasattr(operation, "window"):
        size, stride = operation.window()
        return together(inputs).through([(size, stride, 0)] * len(inputs[0].axes), output_shape)
    if not isinstance(operation, keras.layers.Layer) and type(operation).__name__ in _OPERATIONS:
        return together(inputs)
    return _rule(operation, inputs, input_shape, output_shape)


def together(inputs: Sequence[Seen]) -> Seen:
    """What a unit sees that is computed from the units at its own place in several inputs: the largest of them.

    Raises:
        UnknownFieldError: if their units are not at the same places of the image.
    """
    if len({one.flat for one in inputs if not one.everywhere_the_same}) > 1:
        raise UnknownFieldError("maps and vectors meet")
    axes = [
        _widest(axes, pixels) for *axes, pixels in zip(*(one.axes for one in inputs), inputs[0].pixels, strict=True)
    ]
    return replace(inputs[0], axes=tuple(axes), flat=any(one.flat for one in inputs))


def _widest(axes: Sequence[Axis], pixels: int) -> Axis:
    steps = {axis.step for axis in axes}
    first, last = min(axis.first for axis in axes), max(axis.last for axis in axes)
    if len(steps) == 1:
        return Axis(first, last, steps.pop(), max(axis.units for axis in axes))
    whole = [axis for axis in axes if axis.step == 0 and axis.first <= 0 and axis.last >= pixels - 1]
    if whole:  # as where a gate computed from the whole image is multiplied with every position
        return whole[0]._replace(units=max(axis.units for axis in axes))
    raise UnknownFieldError(f"paths of different strides meet: {', '.join(map(str, sorted(steps)))} pixels")


# Operations of functional models, such as `x + y`, that work on each position by itself.
_OPERATIONS = {
    *("Absolute", "Add", "Clip", "Divide", "Exp", "Log", "Maximum", "Minimum", "Multiply", "Negative", "Power"),
    *("Elu", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Relu", "Relu6", "Selu", "Sigmoid", "Silu", "Softplus"),
    *("Sqrt", "Square", "StopGradient", "Subtract", "Tanh", "TrueDivide", "Cast"),
}


# === Rules ===
@singledispatch
def _rule(layer, inputs, input_shape, output_shape) -> Seen:
    raise UnknownFieldError(f"there is no rule for {type(layer).__name__}")


def _for(*kinds):
    """Registers one rule for several classes."""

    def register(rule):
        for kind in kinds:
            _rule.register(kind)(rule)
        return rule

    return register


@_for(
    *(layers.Activation, layers.ReLU, layers.LeakyReLU, layers.ELU, layers.PReLU, layers.ActivityRegularization),
    *(layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D, layers.AlphaDropout),
    *(layers.GaussianNoise, layers.GaussianDropout, layers.BatchNormalization, layers.Rescaling, layers.Normalization),
    *(layers.Add, layers.Subtract, layers.Multiply, layers.Average, layers.Maximum, layers.Minimum, layers.Identity),
)
def _each_position_by_itself(layer, inputs, input_shape, output_shape) -> Seen:
    return together(inputs)


@_for(layers.Softmax, layers.UnitNormalization, layers.LayerNormalization, layers.Concatenate)
def _along_axes(layer, inputs, input_shape, output_shape) -> Seen:
    seen, rank = together(inputs), len(input_shape) + 1
    axes = {axis % rank for axis in ([layer.axis] if isinstance(layer.axis, int) else layer.axis)}
    if axes == {1 if seen.channels_first or seen.flat else rank - 1}:
        return seen
    positions = set(range(2, rank)) if seen.channels_first else set(range(1, rank - 1))
    if positions <= axes and not isinstance(layer, layers.Concatenate):
        return seen.all_together()
    raise UnknownFieldError(f"{type(layer).__name__} works along the axis {layer.axis}, which holds positions")


@_for(
    *(layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D),
    *(layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalMaxPooling3D, layers.GroupNormalization),
)
def _all_positions(layer, inputs, input_shape, output_shape) -> Seen:
    return together(inputs).all_together()


@_rule.register
def _flattened(layer: layers.Flatten, inputs, input_shape, output_shape) -> Seen:
    return replace(together(inputs), flat=True)


@_rule.register
def _dense(layer: layers.Dense, inputs, input_shape, output_shape) -> Seen:
    seen = together(inputs)
    if seen.flat:
        return replace(seen.all_together(), flat=False)
    if seen.channels_first:
        raise UnknownFieldError("Dense works along the last axis, which holds positions")
    return seen


@_for(
    *(layers.Conv1D, layers.Conv2D, layers.Conv3D, layers.DepthwiseConv1D, layers.DepthwiseConv2D),
    *(layers.SeparableConv1D, layers.SeparableConv2D),
)
def _convolution(layer, inputs, input_shape, output_shape) -> Seen:
    return _windows(layer, inputs, input_shape, output_shape, layer.kernel_size, layer.dilation_rate)


@_for(
    *(layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D),
    *(layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D),
)
def _pooling(layer, inputs, input_shape, output_shape) -> Seen:
    return _windows(layer, inputs, input_shape, output_shape, layer.pool_size, 1)


def _windows(layer, inputs, input_shape, output_shape, sizes, dilations) -> Seen:
    seen = together(inputs)
    _check_format(layer, seen)
    if seen.flat:
        raise UnknownFieldError("the positions lie one behind another")
    count = len(seen.axes)
    sizes, strides, dilations = (_per_axis(one, count) for one in (sizes, layer.strides, dilations))
    windows = []
    for size, stride, dilation, length in zip(sizes, strides, dilations, seen.positions(input_shape), strict=True):
        extent = dilation * (size - 1) + 1
        windows.append((extent, stride, _padding(layer.padding, extent, stride, length)))
    return seen.through(windows, output_shape)


def _padding(padding: str, extent: int, stride: int, length: int) -> int:
    """The zeros before the first position."""
    if padding == "causal":
        return extent - 1
    # "same" pads so that ceil(length / stride) windows fit, with the odd zero at the end
    return max(extent - 1 - (length - 1) % stride, 0) // 2 if padding == "same" else 0


@_for(layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D)
def _zero_padding(layer, inputs, input_shape, output_shape) -> Seen:
    return _moved(layer, inputs, output_shape, layer.padding, sign=1)


@_for(layers.Cropping1D, layers.Cropping2D, layers.Cropping3D)
def _cropping(layer, inputs, input_shape, output_shape) -> Seen:
    return _moved(layer, inputs, output_shape, layer.cropping, sign=-1)


def _moved(layer, inputs, output_shape, amounts, sign: int) -> Seen:
    seen = together(inputs)
    _check_format(layer, seen)
    pairs = [amounts] if len(seen.axes) == 1 else amounts
    return seen.through([(1, 1, sign * before) for before, _ in pairs], output_shape)


def _check_format(layer, seen: Seen) -> None:
    if getattr(layer, "data_format", None) not in (None, "channels_first" if seen.channels_first else "channels_last"):
        raise UnknownFieldError(f"its data_format is {layer.data_format}, and the layers before have the other")


def _per_axis(value, count: int) -> tuple[int, ...]:
    return (value,) * count if isinstance(value, int) else tuple(value)
