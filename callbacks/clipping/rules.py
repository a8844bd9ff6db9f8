"""Six ways to make gradients smaller, each as its paper has it.

Notation:
    g    the gradients of all variables, g_i that of one, G_u that of one unit of a layer
    |x|  the Euclidean norm: the square root of the sum of squares
    c    the limit, a positive number

Every rule takes gradients, dense or sparse, their variables and |g|; it gives the gradients to go on with, and whether
it has changed any. A gradient below its limit is multiplied by exactly 1, so that not a bit of it changes; where |g| is
not finite, everything is 0.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from ..keras_internals import gradient_values, half_sum_of_squares, multiply_or_zero, with_values

Rule = Callable[[Sequence[Any], Sequence[Any], Any], tuple[list[Any], Any]]


# === Norms ===
def half_square(gradient):
    """|g_i|^2 / 2 of one variable's gradient, in float32 at least.

    Example:
        >>> float(half_square(ops.convert_to_tensor([3.0, 4.0])))
        12.5
    """
    return half_sum_of_squares(_at_least_float32(gradient_values(gradient)))


def global_norm(gradients: Sequence[Any]):
    """|g| of all gradients together.

    Example:
        >>> float(global_norm([ops.convert_to_tensor([3.0]), ops.convert_to_tensor([[4.0]])]))
        5.0
    """
    return ops.sqrt(2.0 * ops.sum(stacked([half_square(one) for one in gradients])))


def stacked(values: Sequence[Any]):
    """Scalars of one or several dtypes as a vector of the widest, shape `(N,)`."""
    dtypes = {keras.backend.standardize_dtype(one.dtype) for one in values}
    if len(dtypes) > 1:
        values = [ops.cast(one, keras.backend.result_type(*dtypes)) for one in values]
    return ops.stack(values)


def unit_norm(values, axes: Sequence[int] | None = None):
    """The norm of what belongs to each unit; that of the whole for a bias or a scale.

    Args:
        values: of a weight or a gradient; the last axis counts the units, as in Keras's kernels.
        axes: those to sum over; all but the last by default.

    Returns:
        The norms, of a shape that broadcasts against the values.

    Example:
        >>> ops.convert_to_numpy(unit_norm(ops.convert_to_tensor([[3.0, 1.0], [4.0, 0.0]]))).tolist()
        [[5.0, 1.0]]
    """
    if axes is None:
        axes = range(len(values.shape) - (len(values.shape) > 1))
    return ops.sqrt(ops.sum(ops.square(_at_least_float32(values)), axis=tuple(axes), keepdims=True))


# === Rules ===
def by_global_norm(limit: float) -> Rule:
    """All gradients by one factor: g <- g * min(1, c / |g|).

    Pascanu et al. 2013, "On the difficulty of training recurrent neural networks", algorithm 1.
    """

    def rule(gradients, variables, norm):
        return scaled(gradients, ops.minimum(limit / norm, 1.0), norm), norm > limit

    return rule


def by_norm(limit: float) -> Rule:
    """Every variable by itself: g_i <- g_i * min(1, c / |g_i|)."""

    def rule(gradients, variables, norm):
        norms = [ops.sqrt(2.0 * half_square(one)) for one in gradients]
        clipped = [
            scaled([one], ops.minimum(limit / its, 1.0), norm)[0] for one, its in zip(gradients, norms, strict=True)
        ]
        return clipped, ops.any(stacked(norms) > limit)

    return rule


def by_value(limit: float) -> Rule:
    """Every value of g to the interval [-c, c]."""

    def rule(gradients, variables, norm):
        largest = stacked([ops.max(ops.abs(gradient_values(one))) for one in gradients])
        clipped = [with_values(one, ops.clip(gradient_values(one), -limit, limit)) for one in gradients]
        return scaled(clipped, ops.ones_like(norm), norm), ops.any(largest > limit)

    return rule


def to_constant_norm(length: float) -> Rule:
    """One length for all: g <- c * g / |g|; only the direction is left, and the learning rate is a step's length."""

    def rule(gradients, variables, norm):
        return scaled(gradients, ops.where(norm > 0, length / norm, 1.0), norm), norm > 0

    return rule


def adaptive(factor: float, epsilon: float, exempt: Callable[[Any], bool], axes_of: Callable[[Any], Any]) -> Rule:
    """Every unit u of a layer with the weights W: G_u <- G_u * min(1, c * max(|W_u|, epsilon) / |G_u|).

    Brock et al. 2021, "High-Performance Large-Scale Image Recognition Without Normalization", equation 3.

    Args:
        factor: c, the largest gradient of a unit in proportion to its weights.
        epsilon: takes the place of smaller norms of weights, so that what starts at zero can grow.
        exempt: whether a variable is left as it is (the paper leaves out the last layer).
        axes_of: the axes of a variable that a unit's norm sums over; None for all but the last.
    """

    def rule(gradients, variables, norm):
        results, changed = [], []
        for gradient, variable in zip(gradients, variables, strict=True):
            if exempt(variable):
                results += scaled([gradient], ops.ones_like(norm), norm)
                continue
            axes = axes_of(variable)
            most = factor * ops.maximum(unit_norm(ops.convert_to_tensor(variable), axes), epsilon)
            norms = unit_norm(gradient_values(gradient), axes)
            results += scaled([gradient], ops.minimum(most / norms, 1.0), norm)
            changed.append(ops.any(norms > most))
        return results, ops.any(ops.stack(changed)) if changed else norm < 0

    return rule


def scaled(gradients: Sequence[Any], factor, norm) -> list[Any]:
    """The gradients times a factor that broadcasts against each; zeros where |g| is not finite."""
    factor = multiply_or_zero(factor, ops.cast(ops.isfinite(norm), factor.dtype))
    return [
        with_values(one, multiply_or_zero(values, ops.cast(factor, values.dtype)))
        for one in gradients
        for values in (gradient_values(one),)
    ]


def _at_least_float32(values):
    return ops.cast(values, "float32") if keras.backend.standardize_dtype(values.dtype) in _HALF else values


_HALF = ("float16", "bfloat16")
