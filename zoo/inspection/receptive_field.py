"""The receptive field: which part of the input a unit of a layer can see at all.

A unit of the first convolution sees as much as its kernel covers; of each further layer, the kernel reaches over units
that see a patch themselves. `receptive_rules.py` has the arithmetic of one layer, `measured_field.py` what a unit makes
of its field.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import keras

from ...callbacks.keras_internals.fit_session import replaced
from ..errors import unknown_name
from .layer_access import has_channels_first
from .layer_table import symbolic_sample
from .receptive_rules import Axis, Seen, UnknownFieldError, seen_by


@dataclass(frozen=True)
class ReceptiveField:
    """What the units of one layer see, along each axis of the input: height and width of an image.

    Args:
        layer: its name; "outer/inner" within a nested model.
        axes: see `receptive_rules.Axis`; empty if nothing is known.
        pixels: size of the input along each axis.
        unknown: why nothing is known; empty otherwise.
        flat: whether the layer's units lie one behind another, as behind Flatten.
    """

    layer: str
    axes: tuple[Axis, ...]
    pixels: tuple[int, ...]
    unknown: str = ""
    flat: bool = False

    @property
    def size(self) -> tuple[int, ...]:
        """Pixels that a unit sees along each axis, padding counted in."""
        return tuple(axis.last - axis.first + 1 for axis in self.axes)

    @property
    def stride(self) -> tuple[int, ...]:
        """Pixels from what one unit sees to what the next one sees; 0 if all see the same."""
        return tuple(axis.step for axis in self.axes)

    @property
    def start(self) -> tuple[int, ...]:
        """The first pixel that the first unit sees; below zero where that is padding."""
        return tuple(axis.first for axis in self.axes)

    @property
    def whole_image(self) -> bool:
        """Whether every unit sees the whole input."""
        pairs = zip(self.axes, self.pixels, strict=False)
        covers = [one.first + one.step * (one.units - 1) <= 0 and one.last >= pixels - 1 for one, pixels in pairs]
        return bool(covers) and all(covers)

    @property
    def middle(self) -> tuple[int, ...]:
        """The unit in the middle of the layer's maps."""
        return tuple(axis.units // 2 for axis in self.axes)

    def box(self, unit: tuple[int, ...] | None = None) -> tuple[tuple[int, int], ...]:
        """The first and the last pixel that a unit sees along each axis, within the input.

        Args:
            unit: its place in the map; the middle one by default.

        Raises:
            ValueError: if nothing is known.
        """
        if self.unknown:
            raise ValueError(f"what the units of {self.layer} see is unknown: {self.unknown}.")
        places = zip(self.axes, self.pixels, unit or self.middle, strict=True)
        return tuple(
            (max(one.first + one.step * i, 0), min(one.last + one.step * i, pixels - 1)) for one, pixels, i in places
        )

    def __str__(self) -> str:
        if self.unknown:
            return "unknown"
        return "whole image" if self.whole_image else "x".join(map(str, self.size))


def receptive_fields(model: keras.Model) -> list[ReceptiveField]:
    """What a unit of each layer sees of the input, layer by layer, through all branches of the model.

        size_l  = size_{l-1} + stride_{l-1} d (k - 1)
        stride_l = stride_{l-1} s
        start_l = start_{l-1} - stride_{l-1} p

    for a layer with a kernel of k positions, d apart, moved by s, behind p zeros of padding. Where branches meet, the
    unit sees what any of them sees. Statistics that a layer takes from a batch in training do not count.

    Args:
        model: functional or sequential, with one input, an image `(H, W, channels)`, a sequence or a volume.

    Returns:
        One for each layer, in the model's order. A layer that is called several times has its largest field. A layer
        without a rule, and those behind it, say so in `unknown`.

    Raises:
        ValueError: if the model has several inputs, inputs of any size, or such without positions.

    Example:
        >>> convolution, pooling = keras.layers.Conv2D, keras.layers.MaxPooling2D
        >>> model = keras.Sequential([keras.Input((28, 28, 1)), convolution(6, 5, name="conv"),
        ...                           pooling(2, name="pool"), convolution(16, 5, name="conv2")])
        >>> [(one.layer, one.size, one.stride) for one in receptive_fields(model)]
        [('conv', (5, 5), (1, 1)), ('pool', (6, 6), (2, 2)), ('conv2', (14, 14), (2, 2))]

    Reference:
        Araujo, Norris & Sim (2019), "Computing Receptive Fields of Convolutional Neural Networks", Distill, equations
        2 to 6 and "Arbitrary computation graphs". Unlike there, fields are counted in whole pixels from the input's
        first one, and paths whose strides differ are reported as unknown.
    """
    operations = list(_operations(model))
    records = _Records(symbolic_sample(model), has_channels_first(model))
    with ExitStack() as stack:
        for name, operation in operations:
            stack.enter_context(replaced(operation, "compute_output_spec", records.answering(name, operation)))
        model.compute_output_spec(records.sample)
    return [records.fields[name] for name, operation in operations if isinstance(operation, keras.layers.Layer)]


def receptive_field(model: keras.Model, layer: str) -> ReceptiveField:
    """What a unit of one layer sees; see `receptive_fields`.

    Raises:
        ValueError: if there is no such layer, or nothing is known of it.
    """
    fields = {one.layer: one for one in receptive_fields(model)}
    if layer not in fields:
        raise unknown_name(f"layer of {model.name}", layer, fields)
    fields[layer].box()
    return fields[layer]


# === Through the graph ===
class _Records:
    """What is seen by the units of every tensor that a symbolic sample becomes on its way through the model."""

    def __init__(self, sample, channels_first: bool):
        if not isinstance(sample, keras.KerasTensor):
            raise ValueError(f"receptive fields are those in one input; the model takes {len(sample)}.")
        shape = tuple(sample.shape[1:])
        pixels = shape[1:] if channels_first else shape[:-1]
        if not pixels:
            raise ValueError(f"the model's inputs, of shape {shape}, have no places that a unit could see a part of.")
        axes = tuple(Axis(0, 0, 1, size) for size in pixels)
        self.sample, self.pixels = sample, pixels
        self.seen: dict[int, Seen | str] = {id(sample): Seen(axes, pixels, channels_first)}  # or why it is unknown
        self.kept = [sample]  # alive, so that no other tensor gets the same id
        self.fields: dict[str, ReceptiveField] = {}

    def answering(self, name: str, operation):
        """In place of the operation's `compute_output_spec`: notes what its units see."""
        asked = operation.compute_output_spec

        def answer(*args, **kwargs):
            outputs = asked(*args, **kwargs)
            inputs = [one for one in keras.tree.flatten((args, kwargs)) if id(one) in self.seen]
            outs = keras.tree.flatten(outputs)
            seen = self._behind(operation, inputs, outs[0])
            self.seen.update((id(one), seen if isinstance(seen, Seen) else f"it lies behind {name}") for one in outs)
            self.kept += outs
            self._note(name, seen)
            return outputs

        return answer

    def _behind(self, operation, inputs, output) -> Seen | str:
        before = [self.seen[id(one)] for one in inputs]
        unknown = [one for one in before if isinstance(one, str)]
        if unknown:
            return unknown[0]
        if not before:
            return "it does not depend on the input"
        try:
            known = [one for one in before if isinstance(one, Seen)]
            return seen_by(operation, known, tuple(inputs[0].shape[1:]), tuple(output.shape[1:]))
        except UnknownFieldError as error:
            return str(error)

    def _note(self, name: str, seen: Seen | str) -> None:
        if isinstance(seen, Seen):
            field = ReceptiveField(name, seen.axes, self.pixels, flat=seen.flat)
        else:
            field = ReceptiveField(name, (), self.pixels, seen)
        if name not in self.fields or field.size > self.fields[name].size:
            self.fields[name] = field


def _operations(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every layer that is not itself a model, and every operation of a functional model, with its name."""
    for one in getattr(model, "operations", None) or model.layers:
        if isinstance(one, keras.Model):
            yield from _operations(one, f"{prefix}{one.name}/")
        elif not isinstance(one, keras.layers.InputLayer):
            yield f"{prefix}{one.name}", one
