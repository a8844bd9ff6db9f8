"""What each layer of a model holds and does: output shape, parameters, multiply-adds.

A multiply-add is one product of a weight with an input that goes into a sum, counted for one sample, forward. Biases,
activations, pooling, normalisation (at inference a scale and a shift, which the layer before can take over) and
look-ups count as none. Of sequences whose length the model leaves open, it is one step that is counted. A layer of ours
that knows better has a method `multiply_adds(input_shape, output_shape)`, with the shapes of one sample.
"""

import contextlib
import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch
from typing import cast

import keras
from keras import layers

from .layer_kinds import layer_kind

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class LayerRow:
    """One layer of a model.

    Args:
        name: of the layer; "outer/inner" within a nested model.
        type: its class.
        output_shape: of one sample, such as (28, 28, 6).
        parameters: number of weights, trainable or not.
        multiply_adds: for one sample, forward, over all calls of the layer.
        kind: "dense", "convolution", "recurrent" or "other".
        calls: how often the model calls it for one sample; its multiply-adds are those of all of them.
    """

    name: str
    type: str
    output_shape: Shape
    parameters: int
    multiply_adds: int
    kind: str
    calls: int = 1


def layer_table(model: keras.Model, steps: int | None = 1) -> list[LayerRow]:
    """The layers of a functional or sequential model, in order, without its inputs.

    A layer that the model calls several times has one row: its weights once, its multiply-adds for every call.

    Args:
        model: built.
        steps: length of the sequences, where the model leaves it open; by default the figures are those of one step.
            None refuses such a model.

    Raises:
        ValueError: if nobody said how many multiply-adds a layer with weights does, or if the model takes images of any
            size.

    Example:
        >>> model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(6, 5, padding="same", name="conv")])
        >>> layer_table(model)[0]
        LayerRow(name='conv', type='Conv2D', output_shape=(28, 28, 6), parameters=156, multiply_adds=117600,
                 kind='convolution', calls=1)
    """
    named = dict(leaves(model))
    with recorded_calls(named.values()) as calls:
        model.compute_output_spec(symbolic_sample(model, steps))
    return [
        LayerRow(
            name=name,
            type=type(layer).__name__,
            output_shape=calls[id(layer)][0][1],
            parameters=layer.count_params(),
            multiply_adds=sum(multiply_adds(layer, *shapes) for shapes in calls[id(layer)]),
            kind=layer_kind(layer),
            calls=len(calls[id(layer)]),
        )
        for name, layer in named.items()
    ]


def part_of(name: str) -> str:
    """The part of a model that a layer's name says it belongs to: a block, or a model within it; "" for none.

    Example:
        >>> part_of("stage2_block1_conv1"), part_of("generator/dense"), part_of("conv1")
        ('stage2_block1', 'generator', '')
    """
    found = re.match(r"(.*block\d+)_|(.+)/", name)
    return (found[1] or found[2]) if found else ""


def by_block(rows: Sequence[LayerRow]) -> list[LayerRow]:
    """A layer table with one row for all layers of a block; what it gives is what its last layer gives.

    Example:
        >>> conv, act = (LayerRow(f"block1_{name}", name, (8, 8, 4), 36, 288, "other") for name in ("conv", "act"))
        >>> by_block([conv, act])
        [LayerRow(name='block1', type='2 layers', output_shape=(8, 8, 4), parameters=72, multiply_adds=576,
                 kind='other', calls=1)]
    """
    parts = itertools.groupby(rows, lambda row: part_of(row.name) or row.name)
    return [_one_row(name, list(together)) for name, together in parts]


def _one_row(name: str, rows: list[LayerRow]) -> LayerRow:
    if len(rows) == 1:
        return rows[0]
    parameters, work = total(rows)
    words = f"{len(rows)} layers"
    return replace(rows[-1], name=name, type=words, parameters=parameters, multiply_adds=work, kind="other")


def output_shapes(model: keras.Model) -> dict[str, tuple[int, ...]]:
    """The shape of what each layer gives for one sample, by its name; of its first call if there are several.

    Raises:
        ValueError: if the model was not built, or takes inputs of any size.
    """
    named = dict(leaves(model))
    with recorded_calls(named.values()) as calls:
        model.compute_output_spec(symbolic_sample(model))
    return {name: cast(tuple[int, ...], calls[id(layer)][0][1]) for name, layer in named.items()}


def total(rows: Sequence[LayerRow]) -> tuple[int, int]:
    """Parameters and multiply-adds of all the rows."""
    return sum(row.parameters for row in rows), sum(row.multiply_adds for row in rows)


def is_open(model: keras.Model) -> bool:
    """Whether a model takes sequences, of tokens or of vectors, and leaves their length open."""
    sizes = [tuple(x.shape[1:]) for x in getattr(model, "inputs", None) or []]
    return any(len(size) in (1, 2) and size[0] is None for size in sizes)


def symbolic_sample(model: keras.Model, steps: int | None = None):
    """One sample without values, as `model.compute_output_spec` takes it to ask all layers for their shapes.

    Args:
        model: built.
        steps: length of the sequences, where the model leaves it open; None refuses such a model.

    Raises:
        ValueError: if the model was not built, or takes inputs of any size.
    """
    if getattr(model, "inputs", None) is None:
        raise ValueError(f"{model.name} has no graph of layers to be looked at: build it with keras.Input first.")
    sizes = [tuple(x.shape[1:]) for x in model.inputs]
    if steps is not None:
        sizes = [(steps, *size[1:]) if len(size) in (1, 2) and size[0] is None else size for size in sizes]
    if any(None in size for size in sizes):
        raise ValueError(
            f"{model.name} takes inputs of shape {', '.join(map(str, sizes))}, where None is any size, and what its "
            "layers do depends on it: make the model with a fixed input shape."
        )
    # A batch of one, not of None: for the very inputs it was built with, a model answers without asking its layers.
    samples = [keras.KerasTensor((1, *size), x.dtype) for size, x in zip(sizes, model.inputs, strict=True)]
    return keras.tree.pack_sequence_as(model.input, samples) if len(samples) > 1 else samples[0]


def leaves(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, keras.layers.Layer]]:
    """Every layer that is not itself a model, with its name."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from leaves(layer, f"{prefix}{layer.name}/")
        elif not isinstance(layer, layers.InputLayer):
            yield f"{prefix}{layer.name}", layer


@contextlib.contextmanager
def recorded_calls(watched) -> Iterator[dict[int, list[tuple[Shape, Shape]]]]:
    """Within the block, notes the shapes of one sample that each layer is asked about: {id: [(input, output), ...]}."""
    calls: dict[int, list[tuple[Shape, Shape]]] = {}

    def watch(layer):
        asked = layer.compute_output_spec

        def answer(inputs, *args, **kwargs):
            outputs = asked(inputs, *args, **kwargs)
            calls.setdefault(id(layer), []).append((sample_shape(inputs), sample_shape(outputs)))
            return outputs

        layer.compute_output_spec = answer

    watched = list(watched)
    try:
        for layer in watched:
            watch(layer)
        yield calls
    finally:
        for layer in watched:
            vars(layer).pop("compute_output_spec", None)


def sample_shape(tensors) -> Shape:
    """The shape of the first of the tensors, without the batch."""
    return tuple(keras.tree.flatten(tensors)[0].shape[1:])


# === Rules ===


def multiply_adds(layer: keras.layers.Layer, input_shape: Shape, output_shape: Shape) -> int:
    """The multiply-adds of one call of `layer` on one sample: by the layer's own method, or by a rule here.

    Args:
        layer: built.
        input_shape: of one sample.
        output_shape: of one sample.

    Raises:
        ValueError: if the layer has weights, and neither a method nor a rule.
    """
    own = getattr(layer, "multiply_adds", None)
    return own(input_shape, output_shape) if own else _rule(layer, input_shape, output_shape)


@singledispatch
def _rule(layer, input_shape, output_shape):
    if layer.count_params():
        raise ValueError(
            f"how many multiply-adds a {type(layer).__name__} does is not known (layer {layer.name!r}): "
            "give its class a method multiply_adds(input_shape, output_shape)."
        )
    return 0


@_rule.register(layers.BatchNormalization)
@_rule.register(layers.Embedding)
@_rule.register(layers.GroupNormalization)
@_rule.register(layers.LayerNormalization)
@_rule.register(layers.PReLU)
def _none(layer, input_shape, output_shape):
    return 0


@_rule.register
def _dense(layer: layers.Dense, input_shape, output_shape):
    return math.prod(output_shape) * input_shape[-1]


@_rule.register(layers.Conv1D)
@_rule.register(layers.Conv2D)
@_rule.register(layers.Conv3D)
def _convolution(layer, input_shape, output_shape):
    # The kernel's shape is (..., inputs / groups, filters), so groups are in it already.
    return math.prod(output_shape) // layer.filters * math.prod(layer.kernel.shape)


@_rule.register(layers.Conv1DTranspose)
@_rule.register(layers.Conv2DTranspose)
@_rule.register(layers.Conv3DTranspose)
def _transposed_convolution(layer, input_shape, output_shape):
    # Every input value is spread by the whole kernel, of shape (..., filters, inputs); what falls off the edge counts.
    return math.prod(input_shape) * math.prod(layer.kernel.shape[:-1])


@_rule.register(layers.DepthwiseConv1D)
@_rule.register(layers.DepthwiseConv2D)
def _depthwise_convolution(layer, input_shape, output_shape):
    return math.prod(output_shape) * math.prod(layer.kernel_size)


@_rule.register(layers.SeparableConv1D)
@_rule.register(layers.SeparableConv2D)
def _separable_convolution(layer, input_shape, output_shape):
    each = math.prod(layer.depthwise_kernel.shape) + math.prod(layer.pointwise_kernel.shape)
    return math.prod(output_shape) // layer.filters * each


@_rule.register
def _recurrent(layer: layers.RNN, input_shape, output_shape):
    weights = layer.cell.trainable_variables + layer.cell.non_trainable_variables
    shapes = [tuple(weight.shape) for weight in weights if "kernel" in weight.name]  # a GRU's biases are a matrix
    if any(len(shape) > 2 for shape in shapes):  # a convolution in the cell
        return _rule.dispatch(object)(layer, input_shape, output_shape)
    return input_shape[0] * sum(math.prod(shape) for shape in shapes if len(shape) == 2)  # W x_t and U h_{t-1}


@_rule.register
def _both_ways(layer: layers.Bidirectional, input_shape, output_shape):
    both = layer.forward_layer, layer.backward_layer
    return sum(multiply_adds(one, input_shape, output_shape) for one in both)


@_rule.register
def _per_step(layer: layers.TimeDistributed, input_shape, output_shape):
    return input_shape[0] * multiply_adds(layer.layer, input_shape[1:], output_shape[1:])
