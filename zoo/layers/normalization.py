"""Normalisation of maps, under the course's names; all of it is Keras's.

    name      mean and variance are taken over                             reference
    batch     a map's pixels in all samples of the batch                   Ioffe & Szegedy 2015
    layer     all maps of one sample                                       Ba et al. 2016
    group     groups of up to 32 maps of one sample                        Wu & He 2018
    none

Each scales and shifts every map by learned factors afterwards. "layer" and "group" do the same in training and in
inference, and each sample by itself; "batch" keeps running statistics for inference.
"""

from typing import Any

import keras

from ..errors import unknown_name

NORMALIZATIONS = ("batch", "layer", "group", "none")
_GROUPS = 32
_MOMENTUM = 0.9  # the running statistics take a tenth of each new batch: Keras's hundredth would need hundreds of steps
_EPSILON = 1e-5


def check_normalization(name: Any) -> str:
    """The name of a normalisation; None stands for "none".

    Raises:
        ValueError: if there is no such normalisation; names the nearest.

    Example:
        >>> check_normalization(None)
        'none'
    """
    name = "none" if name is None else name
    if name not in NORMALIZATIONS:
        raise unknown_name("normalization", name, NORMALIZATIONS)
    return name


def normalized(maps, kind: str, *, name: str, dtype: Any = None):
    """The maps normalised, by a layer named after its kind: `NAME_bn`, `NAME_ln` or `NAME_gn`; as they are for "none".

    Args:
        maps: Keras tensor, shape `(B, H, W, N)`.
        kind: one of `NORMALIZATIONS`.
        name: of the layer before.
        dtype: dtype or policy of the layer.

    Returns:
        Keras tensor of the same shape.

    Raises:
        ValueError: if there is no such normalisation.

    Example:
        >>> normalized(keras.Input((28, 28, 48)), "group", name="conv1").shape
        (None, 28, 28, 48)

    Reference:
        Ba et al. (2016), "Layer Normalization", normalise all units of a layer together, as here; Keras's
        `LayerNormalization` would take every pixel's maps by themselves. Wu & He (2018), "Group Normalization", take 32
        groups; where 32 does not divide the number of maps, the largest number below it that does is taken.
    """
    kind, channels = check_normalization(kind), maps.shape[-1]
    how = {"axis": -1, "epsilon": _EPSILON, "dtype": dtype}
    if kind == "batch":
        return keras.layers.BatchNormalization(momentum=_MOMENTUM, name=f"{name}_bn", **how)(maps)
    if kind == "layer":
        return keras.layers.GroupNormalization(1, name=f"{name}_ln", **how)(maps)
    if kind == "group":
        groups = max(number for number in range(1, _GROUPS + 1) if channels % number == 0)
        return keras.layers.GroupNormalization(groups, name=f"{name}_gn", **how)(maps)
    return maps
