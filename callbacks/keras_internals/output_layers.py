"""Which layers give a model's outputs."""

from typing import Any

import keras
from keras.src.ops.function import Function

# What only gives another form to what the layer before it has computed.
_FORMS = (keras.layers.Reshape, keras.layers.Flatten, keras.layers.Permute, keras.layers.Activation)


def output_layers(model: keras.Model) -> set[str]:
    """The paths of the layers that compute the outputs, as in `layer_tree`; none for a model with a `call` of its own.

    Example:
        >>> last, form = keras.layers.Dense(2, name="last"), keras.layers.Activation("tanh", name="form")
        >>> sorted(output_layers(keras.Sequential([keras.Input((3,)), last, form])))
        ['form', 'last']
    """
    return _of(model, "")


def _of(model: Any, before: str) -> set[str]:
    if isinstance(model, keras.Sequential):
        model = getattr(model, "_functional", None)
    if not isinstance(model, Function):
        return set()
    found: set[str] = set()
    operations = [tensor._keras_history.operation for tensor in model.outputs]
    while operations:
        one = operations.pop()
        found |= {before + one.name} | _of(one, f"{before}{one.name}/")
        if isinstance(one, _FORMS) or not isinstance(one, keras.layers.Layer):
            parents = [node.operation for node in one._inbound_nodes[0].parent_nodes] if one._inbound_nodes else []
            operations += parents
    return found
