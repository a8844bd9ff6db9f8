"""One function of tensors, compiled on whichever back end is at work: for what runs once for every token."""

import functools
import weakref
from collections.abc import Callable
from typing import Any

import keras

# By model and name of the method; a model that nobody uses any more is forgotten.
_methods: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that gives the same in less time: `tf.function`, `jax.jit`, or, on PyTorch, without gradients.

    It is compiled when it is first called, and again for tensors of other shapes. The method of a model or layer is
    compiled once, however often this is asked, and always computes with the weights as they are.

    Args:
        function: of positional tensors, or nested lists, tuples and dicts of tensors, to such; with no effect but its
            result. Whatever else it refers to, but for the weights of the layer that it is a method of, counts as it
            was when the function was compiled.

    Returns:
        A callable with the same arguments and results.

    Example:
        >>> layer = keras.layers.Dense(2, kernel_initializer="ones")
        >>> layer.build((None, 3))
        >>> call = compiled(layer.call)
        >>> keras.ops.convert_to_numpy(call(keras.ops.ones((1, 3)))).tolist()
        [[3.0, 3.0]]
    """
    owner, method = getattr(function, "__self__", None), getattr(function, "__func__", None)
    if not isinstance(owner, keras.layers.Layer) or method is None:
        return _compile(function)
    known = _methods.setdefault(owner, {})
    name = function.__name__
    if name not in known:
        known[name] = _compile_method(method, weakref.ref(owner))  # the layer itself would never go
    return functools.partial(_call_for, owner, known[name])


def _call_for(owner: keras.layers.Layer, call: Callable[..., Any], *arguments: Any) -> Any:
    """The call; whoever holds it holds the layer too."""
    return call(*arguments)


def _compile(function: Callable[..., Any]) -> Callable[..., Any]:
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        from ..engine.tensorflow_internals import without_tracing_warning

        return without_tracing_warning(tf.function(function, autograph=False, reduce_retracing=True))
    if backend == "jax":
        import jax

        return jax.jit(function)
    if backend == "torch":
        import torch

        return torch.no_grad()(function)
    return function


def _compile_method(method: Callable[..., Any], owner: Callable[[], Any]) -> Callable[..., Any]:
    if keras.backend.backend() != "jax":
        return _compile(lambda *arguments: method(owner(), *arguments))

    # JAX would take the weights for constants: they are arguments here.
    def with_weights(weights, arguments):
        layer = owner()
        with keras.StatelessScope(state_mapping=zip(layer.variables, weights, strict=True)):
            return method(layer, *arguments)

    call = _compile(with_weights)
    return lambda *arguments: call([variable.value for variable in owner().variables], arguments)
