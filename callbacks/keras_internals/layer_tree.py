"""What a model consists of: its layers, theirs, and the operations of functional models."""

import inspect
import types
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
from keras.src.ops.function import Function


class Node(NamedTuple):
    """A layer or an operation, at its place in a model.

    Args:
        operation: the `keras.Operation`; every layer is one.
        path: names from the model's own layers down to it, such as "encoder/dense"; the model's name for itself.
        container: the layer or model that it lies in; None for the model itself.
        hidden: why the calls of it cannot be watched from outside; None if they can.
    """

    operation: Any
    path: str
    container: Any
    hidden: str | None


def layer_tree(model: keras.Model) -> list[Node]:
    """The model, all layers at every place where they lie, and the operations of its functional parts."""
    return [Node(model, model.name, None, None), *_below(model, "", None)]


def _below(container, path: str, hidden: str | None) -> Iterator[Node]:
    """The nodes in a layer; `hidden` says why calls in there are not seen."""
    hidden = hidden or _hides(container, path or container.name)
    if isinstance(container, keras.layers.RNN):
        return
    operations = container.operations if isinstance(container, Function) else ()
    for one in (*container._layers, *(one for one in operations if not isinstance(one, keras.layers.Layer))):
        if isinstance(one, keras.layers.InputLayer):
            continue
        own = f"{path}/{one.name}" if path else one.name
        why = hidden or _is_hidden(one)
        yield Node(one, own, container, why)
        if isinstance(one, keras.layers.Layer):
            yield from _below(one, own, why)


def _hides(container, path: str) -> str | None:
    """Why what happens in a layer's `call` is not seen, if it is not."""
    if isinstance(container, keras.layers.TimeDistributed):
        return f"{path} maps it over time as a whole"
    if hasattr(type(container).call, "get_concrete_function"):
        return f"{path}.call is a tf.function of its own, which is not traced anew"
    return None


def _is_hidden(operation) -> str | None:
    """Why the calls of one layer are not seen as they are, if they are not."""
    remat = getattr(operation, "_remat_mode", None)
    return "it is computed a second time on the way back (remat)" if getattr(remat, "mode", None) else None


def is_built(model: keras.Model) -> bool:
    """Whether all layers of a model have made what they consist of."""
    return all(layer.built for layer in model._flatten_layers())


def is_written_in_keras(operation) -> bool:
    """Whether the `call` of a layer is one of Keras's."""
    return getattr(type(operation).call, "__module__", "").split(".")[0] == "keras"


def names_in_call(operation) -> set[str]:
    """The names of functions and attributes in the code of a layer's `call`, or of a `Lambda`'s function."""
    function = operation.function if isinstance(operation, keras.layers.Lambda) else type(operation).call
    code = getattr(inspect.unwrap(function), "__code__", None)
    return set(_names(code)) if code else set()


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    yield from code.co_freevars
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def channel_axis(operation) -> int | None:
    """Along which axis the channels lie that a layer gives, if it or what comes before it in the graph says so."""
    seen, permuted = set(), []
    while operation is not None and id(operation) not in seen:
        seen.add(id(operation))
        if isinstance(operation, keras.layers.Reshape):
            return None
        if isinstance(operation, keras.layers.Permute):
            permuted.append(operation.dims)
        axis = _own_channel_axis(operation)
        if axis is not None:
            return _after(permuted, axis)
        nodes = getattr(operation, "_inbound_nodes", ())
        before = nodes[0].parent_nodes if nodes else ()
        operation = before[0].operation if before else None
    return None


def _own_channel_axis(operation) -> int | None:
    """Along which axis the channels lie that a layer gives, if it says so itself."""
    if isinstance(operation, keras.layers.Dense | keras.layers.EinsumDense):
        return -1
    data_format = getattr(operation, "data_format", None)
    if data_format is not None:
        return 1 if data_format == "channels_first" else -1
    axis = getattr(operation, "axis", None)
    return axis if isinstance(operation, keras.layers.BatchNormalization) and isinstance(axis, int) else None


def _after(permuted: list[tuple[int, ...]], axis: int) -> int:
    """Where an axis lies after permutations, the last one first.

    Example:
        >>> _after([(3, 1, 2)], -1)
        1
    """
    for dims in reversed(permuted):
        axis = dims.index(axis % (len(dims) + 1)) + 1
    return axis
