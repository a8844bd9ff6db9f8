"""A model's optimizer, layers and weights: what is told apart by Keras's private parts."""

from collections.abc import Sequence
from typing import Any

import keras
from keras.src.utils.module_utils import tensorflow as tf  # imports TensorFlow when it is first used


def leaf_optimizer(optimizer):
    """The optimizer that holds the update rule, below any `LossScaleOptimizer`.

    Example:
        >>> type(leaf_optimizer(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()))).__name__
        'SGD'
    """
    while hasattr(optimizer, "inner_optimizer"):
        optimizer = optimizer.inner_optimizer
    return optimizer


def number_of_updates(optimizer) -> int:
    """How many updates an optimizer, or what stands in its place, has made."""
    counter = getattr(optimizer, "iterations", None)
    return 0 if counter is None else int(keras.ops.convert_to_numpy(counter))


def refuse_several_optimizers(optimizer, who: str) -> None:
    """Refuses a `MultiOptimizer`, whose parts update by themselves.

    Args:
        optimizer: the model's.
        who: asks.

    Raises:
        ValueError: if it is one.
    """
    kinds = tuple(getattr(keras.optimizers, name) for name in ("MultiOptimizer",) if hasattr(keras.optimizers, name))
    if kinds and isinstance(optimizer, kinds):
        raise ValueError(
            f"{who} works with one optimizer, and {type(optimizer).__name__} holds several, each of which sees the "
            "gradients of some variables only. Compile with one optimizer."
        )


def number_of_replicas(model: keras.Model) -> int:
    """Over how many replicas a model is trained."""
    return model.distribute_strategy.num_replicas_in_sync if keras.backend.backend() == "tensorflow" else 1


def parts_on_replicas(native) -> tuple[Any, ...]:
    """TensorFlow's variables of which one consists: one for each replica, whose values may differ, or itself."""
    return native.values if isinstance(native, tf.distribute.DistributedValues) else (native,)


def parts_of_update(model: keras.Model) -> int:
    """Of how many replicas' shares and accumulated micro-batches an update's gradient is the mean."""
    return number_of_replicas(model) * (leaf_optimizer(model.optimizer).gradient_accumulation_steps or 1)


def keras_variables(model: keras.Model, variables: Sequence[Any]) -> list[Any]:
    """The `keras.Variable`s, which have paths, of variables that may be the back end's own."""
    if all(isinstance(one, keras.Variable) for one in variables):
        return list(variables)
    known = {id(one.value): one for one in model.trainable_variables}
    return [known.get(id(one), one) for one in variables]


def axes_of_units(model: keras.Model) -> dict[int, tuple[int, ...]]:
    """By the variable's `id`, the axes over which a unit's weights extend, where these are not all but the last.

    A depthwise convolution has a kernel for each of its input channels, of shape `(H, W, channels, multiplier)`; a
    transposed one has kernels of shape `(H, W, filters, channels)`; an `EinsumDense`, as in attention layers, sums over
    the axes of its kernel that its outputs lack.
    """
    axes = {}
    for layer in model._flatten_layers():
        for variable in layer._trainable_variables:
            found = _axes_of_unit(layer, variable.name, len(variable.shape))
            if found is not None:
                axes[id(variable)] = found
    return axes


_DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
_SEPARABLE = (keras.layers.SeparableConv1D, keras.layers.SeparableConv2D)
_TRANSPOSED = (keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose, keras.layers.Conv3DTranspose)


def _axes_of_unit(layer, name: str, rank: int) -> tuple[int, ...] | None:
    """The axes over which a unit's share of one of a layer's own weights extends; None for all but the last."""
    if (isinstance(layer, _DEPTHWISE) and name == "kernel") or (
        isinstance(layer, _SEPARABLE) and name == "depthwise_kernel"
    ):
        return tuple(range(rank - 2))
    if isinstance(layer, _TRANSPOSED) and name == "kernel":
        return (*range(rank - 2), rank - 1)
    if isinstance(layer, keras.layers.EinsumDense) and name in ("kernel", "bias"):
        kernel, outputs = layer.equation.partition(",")[2].split("->")
        summed = [axis for axis, letter in enumerate(kernel) if letter not in outputs] if name == "kernel" else []
        return tuple(summed or range(rank))  # a bias, and a scale without a sum, count as a whole
    return None
