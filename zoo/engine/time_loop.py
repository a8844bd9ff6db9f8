"""A loop over the time steps of sequences, as each back end runs one best.

Shapes:
    T  time steps
    B  batch size
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops


def over_time(
    step: Callable[[list[Any], list[Any]], tuple[list[Any], list[Any]]],
    states: Sequence[Any],
    sequences: Sequence[Any],
    widths: Sequence[int],
    backwards: bool = False,
) -> tuple[list[Any], list[Any]]:
    """Takes one step after the other, and collects what the steps give.

        states_t, given_t = step(states_{t-1}, sequences[t])

    Args:
        step: called with the states, and a slice `(B, ...)` of each sequence; gives as many states of the same shapes,
            and tensors `(B, width)`.
        states: those before the first step.
        sequences: tensors `(T, B, ...)`.
        widths: of the tensors that a step gives.
        backwards: whether to begin at the last step; what is collected stays in the order of time.

    Returns:
        The last states, and tensors `(T, B, width)`.

    Example:
        >>> def add(states, now):
        ...     total = states[0] + now[0]
        ...     return [total], [total]
        >>> last, sums = over_time(add, [ops.zeros((1, 1))], [ops.reshape(ops.arange(4.0), (4, 1, 1))], [1])
        >>> ops.convert_to_numpy(sums[0]).ravel().tolist()
        [0.0, 1.0, 3.0, 6.0]
    """
    states, sequences = list(states), list(sequences)
    if keras.backend.backend() == "tensorflow":
        return _in_tensorflow(step, states, sequences, widths, backwards)
    if keras.backend.backend() == "jax":
        import jax

        return jax.lax.scan(step, states, sequences, reverse=backwards)
    steps = len(sequences[0])
    collected: list[Any] = [None] * steps
    for t in reversed(range(steps)) if backwards else range(steps):
        states, collected[t] = step(states, [sequence[t] for sequence in sequences])
    return states, [ops.stack(given) for given in zip(*collected, strict=True)]


def _in_tensorflow(step, states, sequences, widths, backwards):
    import tensorflow as tf

    first = sequences[0]
    length = first.shape[0] if first.shape[0] is not None else tf.shape(first)[0]
    arrays = [tf.TensorArray(one.dtype, length, element_shape=one.shape[1:]).unstack(one) for one in sequences]
    batch = first.shape[1]
    collected = [tf.TensorArray(first.dtype, length, element_shape=(batch, width)) for width in widths]

    def body(count, states, collected):
        t = length - 1 - count if backwards else count
        states, given = step(states, [array.read(t) for array in arrays])
        return count + 1, states, [array.write(t, value) for array, value in zip(collected, given, strict=True)]

    shapes = tf.TensorShape([]), [state.shape for state in states], [tf.TensorShape(None) for _ in collected]
    start = tf.constant(0), states, collected
    end = tf.while_loop(lambda count, *_: count < length, body, start, shapes, 32, maximum_iterations=length)
    return end[1], [array.stack() for array in end[2]]


def with_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose gradient is written by hand, for back ends whose own would take longer.

    Args:
        function: takes tensors; gives its result and a function from the result's gradients to its arguments'.

    Returns:
        A function that gives the result; on PyTorch with the gradient that PyTorch finds.
    """
    back_end = keras.backend.backend()
    if back_end == "torch":
        return lambda *arguments: function(*arguments)[0]
    if back_end == "jax":

        def with_gradients_together(*arguments):
            result, back = function(*arguments)
            return result, lambda gradients: back(*gradients)

        return ops.custom_gradient(with_gradients_together)

    import tensorflow as tf

    of_tensors = tf.custom_gradient(function)
    return lambda *arguments: of_tensors(
        *map(tf.convert_to_tensor, arguments)
    )  # it would look for variables' gradients
