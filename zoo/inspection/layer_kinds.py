"""Which layers are dense, which are convolutions, which recurrent, and what each kind holds and does in a model.

In most convolutional networks for classification, the dense layers hold most of the parameters, and the convolutions do
most of the computation (Krizhevsky 2014, "One Weird Trick for Parallelizing Convolutional Neural Networks", section 1).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import keras
from keras import layers

KINDS = ("dense", "convolution", "recurrent", "other")


def layer_kind(layer: keras.layers.Layer) -> str:
    """One of `KINDS`: what the layer's class says in an attribute `layer_kind`, or what is known of Keras's own.

    Raises:
        ValueError: if the class says anything else.

    Example:
        >>> layer_kind(keras.layers.DepthwiseConv2D(3)), layer_kind(keras.layers.ReLU())
        ('convolution', 'other')
    """
    kind = getattr(layer, "layer_kind", None) or _kind(layer)
    if kind not in KINDS:
        raise ValueError(f"{type(layer).__name__}.layer_kind must be one of {', '.join(KINDS)}; got {kind!r}.")
    return kind


@singledispatch
def _kind(layer) -> str:
    return "other"


@_kind.register(layers.Dense)
@_kind.register(layers.EinsumDense)
def _dense(layer) -> str:
    return "dense"


@_kind.register(layers.Conv1D)
@_kind.register(layers.Conv2D)
@_kind.register(layers.Conv3D)
@_kind.register(layers.Conv1DTranspose)
@_kind.register(layers.Conv2DTranspose)
@_kind.register(layers.Conv3DTranspose)
@_kind.register(layers.DepthwiseConv1D)
@_kind.register(layers.DepthwiseConv2D)
@_kind.register(layers.SeparableConv1D)
@_kind.register(layers.SeparableConv2D)
def _convolution(layer) -> str:
    return "convolution"


@_kind.register(layers.RNN)
def _recurrent(layer) -> str:
    return "recurrent"


@_kind.register(layers.Wrapper)
def _wrapped(layer) -> str:
    return layer_kind(layer.layer)


# === Sums ===
@dataclass(frozen=True)
class KindRow:
    """All layers of one kind together.

    Args:
        kind: one of `KINDS`.
        layers: how many there are with parameters or multiply-adds.
        parameters: of all of them.
        multiply_adds: of all of them, for one sample, forward.
        parameter_share: of the model's parameters, in [0, 1]; 0 if it has none.
        multiply_add_share: of the model's multiply-adds, in [0, 1]; 0 if it does none.
    """

    kind: str
    layers: int
    parameters: int
    multiply_adds: int
    parameter_share: float
    multiply_add_share: float


def layers_by_kind(rows: Iterable[Any]) -> list[KindRow]:
    """The sums of a layer table's rows by kind, in the order of `KINDS`; a kind that is not there has no row.

    Args:
        rows: as `layer_table` gives them.

    Example:
        >>> from .layer_table import layer_table
        >>> model = keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Conv2D(6, 5), keras.layers.Flatten(),
        ...                           keras.layers.Dense(10)])
        >>> [(row.kind, row.parameters, f"{row.parameter_share:.0%}") for row in layers_by_kind(layer_table(model))]
        [('dense', 34570, '100%'), ('convolution', 156, '0%')]
    """
    rows = list(rows)
    all_parameters, all_work = sum(row.parameters for row in rows), sum(row.multiply_adds for row in rows)
    sums = []
    for kind in KINDS:
        counted = [row for row in rows if row.kind == kind and (row.parameters or row.multiply_adds)]
        if not counted:
            continue
        parameters, work = sum(row.parameters for row in counted), sum(row.multiply_adds for row in counted)
        shares = share(parameters, all_parameters), share(work, all_work)
        sums.append(KindRow(kind, len(counted), parameters, work, *shares))
    return sums


def share(part: int, whole: int) -> float:
    """A part as a share of the whole, 0 of nothing."""
    return part / whole if whole else 0.0
