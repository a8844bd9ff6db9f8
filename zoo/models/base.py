"""What every zoo model shares: one functional base class, presets, and the part of the configuration that is common."""

import inspect
import math
from collections.abc import Mapping
from typing import Any, ClassVar

import keras
import numpy as np

from ...callbacks.keras_internals import mask_of, put_mask_on
from ...callbacks.near_names import what_there_is
from ..engine import layer_rates, schedules, weight_decay  # noqa: F401  what a model in a file may have been compiled with
from ..engine.use import through_engine
from ..layers import losses, metrics  # noqa: F401
from ..layers.policies import get_policy
from ..presets import list_presets, load_preset
from ..quiet import start_xla

WITHOUT_LABELS = ("reconstruction", "generation")  # tasks of models that any images are for, and answer with some
_AT_ONCE = 256  # samples
_KEPT_AS = {"input_shape": "sample_shape", "layers": "depth", "outputs": "values"}  # names that Keras has taken


class classproperty:
    """A property of the class itself: `LeNet5.presets`."""

    def __init__(self, method):
        self.method = method

    def __get__(self, instance, owner):
        return self.method(owner)


class ZooModel(keras.Model):
    """A plain `keras.Model`, built functionally, that knows its presets.

    A subclass makes its layers and calls `super().__init__(inputs, outputs, dtype=policy, **kwargs)`; the layers
    themselves must be given the policy. Then it keeps each of its arguments as an attribute of that name, in a form
    that fits into JSON: `get_config` reads them. (Keras has an `input_shape`, `layers` and `outputs` of its own, so
    these are `sample_shape`, `depth` and `values`.)

    Every zoo model is functional: Keras rewrites the bases of a functional subclass, and a subclassed sibling under the
    same base would no longer build.

    Args:
        inputs: the model's `keras.Input`.
        outputs: what it computes.
        dtype: the dtype policy that the hidden layers were given, kept for `get_config`.
        **kwargs: `name` and `trainable`.

    Arguments of many models, which mean the same in each:
        activation: of the hidden layers: a name, a function or a layer; see `layers/activations.py`.
        kernel_initializer: of every kernel; see `layers/initializers.py`.
        normalization: of the convolutions: "batch", "layer", "group" or "none"; see `layers/normalization.py`.
        input_scaling: of the pixels: "none", "symmetric", "imagenet" or "caffe"; see `layers/input_scaling.py`.
        dtype: dtype or policy of the hidden layers ("mixed_bfloat16", ...). Defaults to Keras's global policy.

    Raises:
        TypeError: for an argument that the model does not take; names the nearest.
    """

    differentiable = True  # False: a model with no weights to learn, such as a threshold neuron
    does_not_apply: ClassVar[Mapping[str, str]] = {}  # parts of the shared model test case left out: {part: reason}
    # One of `data.description.TASKS`, or "reconstruction" (targets are the inputs), or "generation" (no targets).
    task = "classification"

    def __init__(self, inputs, outputs, dtype=None, **kwargs):
        start_xla()
        if unknown := kwargs.keys() - {"name", "trainable"}:  # a functional model would swallow them
            raise _unknown_argument(type(self), min(unknown))
        super().__init__(inputs, outputs, **kwargs)
        self.dtype_policy = get_policy(dtype)

    # === Training: Keras's methods, run by the engine ===
    def fit(self, *args, **kwargs):
        """Trains the model: `keras.Model.fit`, in a compiled loop, on one device or under a strategy."""
        return through_engine(self, "fit", keras.Model.fit, args, kwargs)

    def evaluate(self, *args, **kwargs):
        """Measures the model: `keras.Model.evaluate`, in a compiled loop."""
        return through_engine(self, "evaluate", keras.Model.evaluate, args, kwargs)

    def predict(self, *args, **kwargs):
        """The model's answers: `keras.Model.predict`, compiled."""
        return through_engine(self, "predict", keras.Model.predict, args, kwargs)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Keras's, on answers with their mask, which is lost where JAX hands them out of the gradient's computation."""
        if mask_of(y_pred) is None and (mask := self.padding_mask(x)) is not None:
            put_mask_on(y_pred, mask)
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def padding_mask(self, inputs):
        """Which steps of the answers are no padding: bool tensor, shape `(B, T)`; None of answers without steps."""
        return None

    # === Description ===
    def summary(self, line_length=None, positions=None, **kwargs):
        """`keras.Model.summary`, with room for the layers' names, which say stage, block and place."""
        longest = max(len(layer.name) for layer in self.layers)
        if positions is None and any(isinstance(layer.input, list) for layer in self.layers):  # it names what is joined
            positions = [0.4, 0.68, 0.82, 1.0]
        if line_length is None and kwargs.get("print_fn"):  # which is not bound to a terminal's width
            line_length = max(108, math.ceil((longest + 10) / 0.4))
        return super().summary(line_length, positions, **kwargs)

    @classmethod
    def config_for(cls, description, **overrides) -> dict[str, object]:
        """The constructor arguments that suit a data set, given its description.

        Args:
            description: of the data.
            **overrides: arguments that the user chose.

        Raises:
            ValueError: if the data are for another task, or the overrides do not suit them.
        """
        if cls.task in WITHOUT_LABELS:
            if len(description.input_shape) != 3:
                raise ValueError(
                    f"{cls.__name__} is for images; {description.name} has inputs {description.input_shape}."
                )
            return {"input_shape": description.input_shape, **overrides}
        cls.check_task(description)
        if description.input_tokens is not None or None in description.input_shape:
            raise ValueError(
                f"{cls.__name__} is for inputs of one size; those of {description.name} are sequences: take a model "
                "such as lstm_classifier."
            )
        return {"input_shape": description.input_shape, "classes": description.classes, **overrides}

    @classmethod
    def check_task(cls, description) -> None:
        """Refuses data for another task.

        Raises:
            ValueError: names both tasks.
        """
        if description.task != cls.task:
            ours, theirs = (task.replace("_", " ") for task in (cls.task, description.task))
            raise ValueError(f"{cls.__name__} is for {ours}; {description.name} is for {theirs}.")

    @classproperty
    def presets(cls) -> dict[str, dict]:
        """The names of the trained weights shipped for this class, each with its card."""
        return list_presets(cls.__name__)

    @classmethod
    def from_preset(cls, name: str, **overrides) -> "ZooModel":
        """The model with trained weights, such as `LeNet5.from_preset("lenet5_mnist")`.

        Args:
            name: one of `cls.presets`.
            **overrides: constructor arguments that leave the weights' shapes as they are, such as `dtype`.

        Raises:
            ValueError: if this class has no such preset, or if the file is not the one its card describes.
        """
        return load_preset(cls, name, **overrides)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes the same model of, but for its weights: the constructor's arguments, by name.

        Raises:
            AttributeError: if a subclass does not keep one of its arguments.
        """
        config = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
        }
        frozen = [layer.name for layer in self.layers if not layer.trainable]
        if frozen and self.trainable:
            config["frozen"] = frozen
        return config | {name: self._kept(name) for name in own_arguments(type(self))}

    def _kept(self, argument: str) -> Any:
        attribute = _KEPT_AS.get(argument, argument)
        if not hasattr(self, attribute):
            raise AttributeError(
                f"{type(self).__name__} does not keep its argument {argument}: set self.{attribute} in __init__, or "
                "write a get_config of its own."
            )
        return getattr(self, attribute)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        frozen = config.get("frozen", ())
        model = super().from_config({key: value for key, value in config.items() if key != "frozen"}, custom_objects)
        for name in frozen:
            model.get_layer(name).trainable = False
        return model


def own_arguments(cls: type[ZooModel]) -> list[str]:
    """The constructor's arguments that one model class has, beside those of every model.

    Those of a zoo model that it is made from are its own too, if its constructor hands them on by `**kwargs`.

    Example:
        >>> from .mcculloch_pitts import McCullochPitts
        >>> own_arguments(McCullochPitts)
        ['input_shape', 'inhibitory', 'threshold']
    """
    found: dict[str, None] = {}
    for level in cls.__mro__:
        if level is ZooModel:
            break
        if "__init__" in vars(level):
            parameters = inspect.signature(vars(level)["__init__"]).parameters.values()
            found |= {one.name: None for one in parameters if one.kind is not one.VAR_POSITIONAL}
            if all(one.kind is not one.VAR_KEYWORD for one in parameters):
                break  # it hands nothing on to the class that it is made from
    of_every_model = {"self", "dtype", "kwargs"} | ({"inputs", "outputs"} if "inputs" in found else set())
    return [name for name in found if name not in of_every_model]


def _unknown_argument(cls: type[Any], name: str) -> TypeError:
    known = [*own_arguments(cls), "dtype", "name", "trainable"]
    return TypeError(f"{cls.__name__} takes no argument {name!r}; {what_there_is(name, known)}")


def answers(model, inputs) -> np.ndarray:
    """A model's answers to all inputs, some hundreds at a time; also where the model was trained on many devices."""
    parts = [inputs[first : first + _AT_ONCE] for first in range(0, len(inputs), _AT_ONCE)]
    return np.concatenate([keras.ops.convert_to_numpy(model(part, training=False)) for part in parts])
