"""Which layers consist of units that can be dead or saturated, and where no such thing can be seen.

    kind         activation a(x)                                                  a unit fires      limits
    rectifying   relu, relu6, leaky_relu, prelu, elu, selu, celu, gelu, silu,     where a(x) > 0
                 hard_silu, mish, sparse_plus
    saturating   sigmoid, hard_sigmoid, sparse_sigmoid                                              0 and 1
                 tanh, hard_tanh, softsign                                                          -1 and 1

All of the rectifying ones have the sign of x, but for three: ReLU with a threshold above 0 and sparse_plus fire from
their threshold on; and PReLU with a learned slope below 0 is positive on both sides, so its x is looked at.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from ..keras_internals import Node, channel_axis, is_written_in_keras, names_in_call

RECTIFIER = "rectifier"
Kind = str | tuple[float, float]  # RECTIFIER, or the limits

_RECTIFIERS = (
    "relu", "relu6", "leakyrelu", "prelu", "elu", "selu", "celu", "gelu", "silu", "swish", "hardsilu", "hardswish",
    "mish", "sparseplus",
)  # fmt: skip
_LIMITS = {
    **dict.fromkeys(("sigmoid", "hardsigmoid", "sparsesigmoid"), (0.0, 1.0)),
    **dict.fromkeys(("tanh", "hardtanh", "softsign"), (-1.0, 1.0)),
}
_LIBRARIES = ("keras", "tensorflow", "jax", "torch")
# Keras layers that give activation(something), and nothing else.
_ACTIVATED = (
    "Activation", "Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose",
    "Conv3DTranspose", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D",
)  # fmt: skip
_ACTIVATION_LAYERS = ("ReLU", "LeakyReLU", "PReLU", "ELU")
_FOREIGN = ("TorchModuleWrapper", "JaxLayer", "FlaxLayer", "TFSMLayer")  # Keras layers around something else


def check_activations(activations: Mapping[Any, Kind]) -> dict[Any, Kind]:
    """What a user says of functions and layer classes.

    Raises:
        ValueError: if that is not `RECTIFIER` or two limits.

    Example:
        >>> check_activations({print: (0.0, 2.0)}) == {print: (0.0, 2.0)}
        True
    """
    for function, kind in activations.items():
        if not callable(function):
            raise ValueError(f"activations are given by function or layer class; got {function!r}.")
        pair = isinstance(kind, tuple | list) and len(kind) == 2 and all(isinstance(one, int | float) for one in kind)
        if kind != RECTIFIER and not (pair and kind[0] < kind[1]):  # type: ignore[operator]
            raise ValueError(f'activations: give "{RECTIFIER}" or the limits (low, high); got {kind!r}.')
    return dict(activations)


@dataclass(frozen=True, eq=False)
class UnitLayer:
    """A layer at its place in a model, whose outputs are those of units.

    Args:
        node: the layer.
        activation: name of its activation.
        limits: between which a saturating activation lies; None for a rectifying one.
        axis: along which the units lie; None for the last, or for images the one of Keras's configuration.
        by_inputs: whether it is the inputs that say whether a unit fires.
    """

    node: Node
    activation: str
    limits: tuple[float, float] | None
    axis: int | None
    by_inputs: bool = False


@dataclass(frozen=True)
class Seen:
    """What there is to see in a model.

    Args:
        layers: whose units can be watched.
        unseen: by path, why something that may contain units cannot.
        suspects: by path, names of activations in code whose results cannot be seen.
        others: by path, layers that are known to do neither.
    """

    layers: list[UnitLayer]
    unseen: dict[str, str]
    suspects: dict[str, list[str]]
    others: dict[str, str]


def find_unit_layers(tree: list[Node], activations: Mapping[Any, Kind]) -> Seen:
    """Tells the layers of a model apart.

    Args:
        tree: of the model.
        activations: what the user says of functions and layer classes: `RECTIFIER`, or the limits of a saturating one.
    """
    seen = Seen([], {}, {}, {})
    for node in tree:
        found = _look_at(node, activations)
        if isinstance(found, UnitLayer) and node.hidden is None:
            seen.layers.append(found)
        elif isinstance(found, UnitLayer):
            seen.unseen[node.path] = f"its {found.activation} is not seen, since {node.hidden}"
        elif found is not None:
            words, is_seen = found
            (seen.others if is_seen else seen.unseen)[node.path] = words
            names = sorted(_activations_in_code(node)) if not is_seen else []
            if names and node.hidden is None:
                seen.suspects[node.path] = names
    mapped = [one.node.path for one in seen.layers if isinstance(one.node.operation, keras.layers.TimeDistributed)]
    for path in mapped:  # what is in there is seen at its outputs
        for inner in [one for one in seen.unseen if one.startswith(f"{path}/")]:
            del seen.unseen[inner]
    return seen


def _look_at(node: Node, activations: Mapping[Any, Kind]) -> UnitLayer | tuple[str, bool] | None:
    """A layer of units; or words on why it is none, and whether all of it can be seen; or None for nothing to say."""
    one = node.operation
    kinds = [kind for owner, kind in activations.items() if inspect.isclass(owner) and isinstance(one, owner)]
    if kinds:
        return _units(node, type(one).__name__, kinds[-1])
    if isinstance(one, keras.layers.RNN):
        return "a recurrent layer, whose activations are within its loop over time", False
    if isinstance(one, keras.layers.Lambda):
        return "a function in a Lambda", False
    if not is_written_in_keras(one):
        return f"whatever functions {type(one).__name__}.call applies by itself", False
    if isinstance(one, keras.layers.TimeDistributed):
        inner = _look_at(node._replace(operation=one.layer), activations)
        if not isinstance(inner, UnitLayer):
            return None  # its layers speak for themselves
        axis = inner.axis if inner.axis in (None, -1) else inner.axis + 1
        return UnitLayer(node, inner.activation, inner.limits, axis, inner.by_inputs)
    if not isinstance(one, keras.layers.Layer):
        kind = _kind_of_name(type(one).__name__)
        return None if kind is None else _units(node, type(one).__name__, kind)
    if isinstance(one, _classes(_FOREIGN)):
        return f"whatever is within a {type(one).__name__}", False
    if isinstance(one, _classes(_ACTIVATION_LAYERS)):
        by_inputs = isinstance(one, keras.layers.PReLU)
        return UnitLayer(node, type(one).__name__, None, channel_axis(one), by_inputs)
    function = getattr(one, "activation", None)
    if function is None or isinstance(function, keras.layers.Layer):  # which speaks for itself
        return None
    if not isinstance(one, _classes(_ACTIVATED)):
        return f"what {type(one).__name__} does with its {_name(function)}", False
    return _by_function(node, function, activations)


def _by_function(node: Node, function: Any, activations: Mapping[Any, Kind]) -> UnitLayer | tuple[str, bool]:
    name = _name(function)
    said = [kind for known, kind in activations.items() if known is function]
    is_known = (getattr(function, "__module__", None) or "").split(".")[0] in _LIBRARIES
    kind = said[0] if said else _kind_of_name(name) if is_known else None
    if kind is not None:
        return _units(node, name, kind)
    if is_known:
        return name, True
    words = f"its activation {name} is not known to rectify or to saturate"
    return f'{words}: say activations={{{name}: "{RECTIFIER}"}} or {{{name}: (low, high)}}', False


def _classes(names: tuple[str, ...]) -> tuple[type, ...]:
    """Those of Keras's layer classes that this version has."""
    return tuple(getattr(keras.layers, name) for name in names if hasattr(keras.layers, name))


def _units(node: Node, activation: str, kind: Kind) -> UnitLayer:
    limits = None if isinstance(kind, str) else (float(kind[0]), float(kind[1]))
    return UnitLayer(node, activation, limits, channel_axis(node.operation))


def _kind_of_name(name: str) -> Kind | None:
    plain = name.lower().replace("_", "")
    return RECTIFIER if plain in _RECTIFIERS else _LIMITS.get(plain)


def _name(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _activations_in_code(node: Node) -> set[str]:
    """Names of activations in the code of a layer's `call`, unless they are those of layers that it has."""
    own = node.operation
    return {name for name in names_in_call(own) if _kind_of_name(name) is not None and not hasattr(own, name)}
