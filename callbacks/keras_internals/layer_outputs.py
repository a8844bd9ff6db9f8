"""Watching what layers give while a training step runs, and nowhere else.

Keras has no hooks for layers, so `call` is replaced on the instance. In a compiled step it runs once, when the step is
traced, and whoever watches adds operations to it:

    train_step              the model's, wrapped: from here on, in this thread, calls are told
      container.call        wrapped: its layers' calls are numbered from 0
        layer.call          wrapped: tells inputs and outputs

Validation and prediction run through the same layers, and are not told of. Neither are the calls in which Keras, on the
way, finds out about shapes; nor, on JAX, those that a container's `call` makes within a transformation of its own
(`cond`, `scan`, `vmap`, `remat`), whose values must not leave it.
"""

import collections
import contextlib
import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import keras
from keras.src import backend
from keras.src.backend.common.symbolic_scope import in_symbolic_scope
from keras.src.utils.module_utils import tensorflow as tf  # imports TensorFlow when it is first used

from .fit_session import FitSession, refuse_tf_function, replaced


class LayerCall(NamedTuple):
    """One call of a watched layer.

    Args:
        operation: the layer, or an operation of a functional model.
        container: the innermost of the watched containers that were at work, or None.
        number: how often this call of the container had called the layer before.
        inputs: the layer's first argument.
        outputs: what it gave.
    """

    operation: Any
    container: Any
    number: int
    inputs: Any
    outputs: Any


See = Callable[[LayerCall], None]


class LayerWatch:
    """Tells of the calls of some layers, for the time of a fit.

    Args:
        fit: in which they are watched.
        operations: the layers, or operations of functional models.
        containers: the layers and models that call them.
    """

    def __init__(self, fit: FitSession, operations: Iterable[Any], containers: Iterable[Any]):
        self._model = fit.model
        self._here = threading.local()  # replicas are traced in threads of their own
        for wrap, owners in ((self._numbering, containers), (self._telling, operations)):
            for owner in {id(one): one for one in owners}.values():
                fit.enter(replaced(owner, "call", wrap(owner, owner.call)))

    # === When they are told ===
    def in_training(self, fit: FitSession, see: See) -> None:
        """Tells `see` of the calls in training steps, until the fit ends. Compiled steps are made anew.

        In a TensorFlow graph it is told when the step is complete, and what it adds waits for the step's logs, which
        are there when gradients begin. Beside the forward pass it would have the next layer wait for a thread to wake
        up, every time: on LeNet-5 that took twice as long as to count.
        """
        refuse_tf_function(f"{type(fit.model).__name__}.train_step", type(fit.model).train_step)
        own = fit.model.train_step

        @functools.wraps(own)
        def train_step(*args, **kwargs):
            graph = _graph()
            later: list[LayerCall] = []

            def hear(call: LayerCall) -> None:
                if in_symbolic_scope():
                    return
                if graph is not None and graph is _graph():  # not within a function in it, whose values stay there
                    later.append(call)
                else:
                    see(call)

            with self._seen_by(hear):
                logs = own(*args, **kwargs)
            if later:
                with tf.control_dependencies([one for one in keras.tree.flatten(logs) if tf.is_tensor(one)]):
                    for call in later:  # in one node for each, so that nothing it leads to begins earlier
                        inputs, outputs = keras.tree.map_structure(_identity, (call.inputs, call.outputs))
                        see(call._replace(inputs=inputs, outputs=outputs))
            return logs

        fit.override("train_step", train_step)
        fit.rebuild()

    def symbolically(self, see: See) -> None:
        """Tells `see` of the calls that the model makes, without computing anything: outputs have shapes alone.

        Not if the model cannot be called like this, by what is known of its inputs.
        """
        inputs = _symbolic_inputs(self._model)
        if inputs is not None:
            with contextlib.suppress(*_errors_of_a_call()), self._seen_by(see):
                backend.compute_output_spec(functools.partial(_call, self._model, training=True), inputs)

    def in_inference(self, inputs: Any, see: See) -> None:
        """Calls the model on a batch, as in prediction but not compiled, and tells `see` of its calls."""
        with self._seen_by(see), _without_gradients():
            _call(self._model, inputs, training=False)

    @contextlib.contextmanager
    def _seen_by(self, see: See, container: Any = None, level: Any = None) -> Iterator[None]:
        before = dict(self._here.__dict__)
        self._here.__dict__.update(see=see, container=container, level=level, numbers=collections.Counter())
        try:
            yield
        finally:
            self._here.__dict__.clear()
            self._here.__dict__.update(before)

    # === In place of `call` ===
    def _numbering(self, container, own):
        @functools.wraps(own)
        def call(*args, **kwargs):
            see = self._here.__dict__.get("see")
            if see is None:
                return own(*args, **kwargs)
            level = self._here.__dict__.get("level") or _level_of_tracing()  # that of the outermost container
            with self._seen_by(see, container, level):
                return own(*args, **kwargs)

        return call

    def _telling(self, operation, own):
        @functools.wraps(own)
        def call(*args, **kwargs):
            outputs = own(*args, **kwargs)
            see, level = self._here.__dict__.get("see"), self._here.__dict__.get("level")
            if see is not None and level in (None, _level_of_tracing()):
                number = self._here.numbers[id(operation)]
                self._here.numbers[id(operation)] += 1
                inputs = args[0] if args else next(iter(kwargs.values()))
                see(LayerCall(operation, self._here.container, number, inputs, outputs))
            return outputs

        return call


def _identity(value: Any) -> Any:
    return tf.identity(value) if tf.is_tensor(value) else value


def _graph() -> Any:
    """The TensorFlow graph that is being made, if one is."""
    if keras.backend.backend() != "tensorflow" or tf.executing_eagerly():
        return None
    return tf.compat.v1.get_default_graph()


def _level_of_tracing() -> Any:
    """On JAX, which of the transformations that lie within each other is being traced."""
    if keras.backend.backend() != "jax":
        return None
    import jax.core
    import jax.extend.core

    has_moved = hasattr(jax.extend.core, "get_opaque_trace_state")
    return (jax.extend.core if has_moved else jax.core).get_opaque_trace_state(convention="keras")


def _call(model, inputs, training: bool):
    return model(inputs, training=training) if model._call_has_training_arg else model(inputs)


def _symbolic_inputs(model) -> Any:
    """What a model takes, without values; None if nothing is known of it."""
    functional = getattr(model, "_functional", None) or model
    if hasattr(functional, "_inputs_struct"):
        return functional._inputs_struct
    shapes = getattr(model, "_build_shapes_dict", None)
    if not model.built or not shapes:
        return None
    return keras.tree.map_shape_structure(keras.KerasTensor, next(iter(shapes.values())))


def _errors_of_a_call() -> tuple[type[Exception], ...]:
    """What a user's `call` may raise where it is given symbols, or other types than it expects."""
    errors = (ValueError, TypeError, RuntimeError, AttributeError, NotImplementedError, LookupError)
    return (*errors, tf.errors.OpError) if keras.backend.backend() == "tensorflow" else errors


def _without_gradients() -> contextlib.AbstractContextManager:
    if keras.backend.backend() != "torch":
        return contextlib.nullcontext()
    import torch

    return torch.no_grad()
