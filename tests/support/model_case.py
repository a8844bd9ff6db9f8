"""How each model of the zoo is tried: in which small size, on which samples, with which loss.

A row added to `zoo/registry.py` is tried without a word here, as a classifier of images. What needs another size or
other samples gets an entry in `FAMILIES` (by family, or by name). A part that does not apply to a model is declared by
the model, in `does_not_apply`, with its reason; `CLAIMS` holds what must be true then.
"""

import inspect
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from gradschool.zoo.layers.losses import get_loss
from gradschool.zoo.registry import create_model, list_models, model_class, model_entry

POLICIES = ("float32", "float64", "mixed_bfloat16", "mixed_float16", "bfloat16", "float16")


# === Samples ===
def images_and_labels(model, count: int, seed: int = 0):
    """Random inputs in [0, 1] in the model's shape; every class in turn."""
    rng = np.random.default_rng(seed)
    return rng.random((count, *model.input_shape[1:]), "float32"), np.arange(count) % model.output_shape[-1]


def teacher(decide: Callable[[np.ndarray], np.ndarray]):
    """Samples with the targets of another neuron, whose weights are random; with a margin, to be learned soon."""

    def samples(model, count: int, seed: int = 0):
        rng = np.random.default_rng(seed)
        weights = rng.normal(size=(model.input_shape[-1], model.output_shape[-1]))
        inputs = rng.uniform(-1, 1, size=(20 * count, model.input_shape[-1]))
        clear = np.abs(inputs @ weights).min(axis=-1) > 0.2
        inputs = inputs[clear][:count]
        return inputs.astype("float32"), decide(inputs @ weights).astype("float32")

    return samples


def bits(model, count: int, seed: int = 0):
    """Every combination of zeros and ones, over and over; the targets are never looked at."""
    rows = list(itertools.islice(itertools.cycle(itertools.product((0, 1), repeat=model.input_shape[-1])), count))
    return np.array(rows, "float32"), np.zeros((count, 1), "float32")


# === Cases ===
@dataclass(frozen=True)
class ModelCase:
    """One model and how it is tried.

    Args:
        name: in the registry.
        small: constructor arguments of a cheap size, in distinct primes: swapped axes cannot pass unnoticed.
        answers: shape of the answer to one sample in that size.
        samples: from model, count and seed to inputs and targets.
        loss: of `layers/losses.py`.
        optimizer: that learns one batch by heart,
        steps: in so many steps,
        solved: so well: from targets and answers to whether all are right.
        options: values for the other constructor arguments, which must survive a save.
    """

    name: str
    small: Mapping[str, Any] = field(default_factory=lambda: {"input_shape": (13, 17, 3), "classes": 7})
    answers: tuple[int, ...] = (7,)
    samples: Callable = images_and_labels
    loss: str = "cross_entropy"
    optimizer: Callable = lambda: keras.optimizers.Adam(3e-3)
    steps: int = 150
    solved: Callable = lambda targets, logits: logits.argmax(-1) == targets
    options: Mapping[str, Any] = field(default_factory=lambda: {"activation": "parametric_relu", "dropout": 0.2})

    @property
    def entry(self):
        return model_entry(self.name)

    @property
    def model_class(self):
        return model_class(self.name)

    def build(self, **overrides) -> keras.Model:
        """The model in its small size, with every weight away from its initial value (zeros hide mistakes)."""
        model = create_model(self.name, **{**self.small, **overrides})
        rng = np.random.default_rng(1)
        for weight in model.weights:
            value = keras.ops.convert_to_numpy(keras.ops.cast(weight, "float32"))
            weight.assign(value + rng.normal(scale=0.05, size=value.shape))
        return model

    def loss_function(self):
        return get_loss(self.loss)


_SGD = {"optimizer": lambda: keras.optimizers.SGD(0.05), "options": {"kernel_initializer": "he_normal"}}

# What differs from an image classifier of any size, by family or by name.
FAMILIES: dict[str, dict[str, Any]] = {
    "mcculloch_pitts": {
        "small": {"input_shape": (5,), "threshold": 2},
        "answers": (1,),
        "samples": bits,
        "options": {"inhibitory": (1, 3)},
    },
    "perceptron": {
        "small": {"input_shape": (5,), "units": 3},
        "answers": (3,),
        "samples": teacher(lambda sums: sums >= 0),
        "loss": "half_squared_error",
        "solved": lambda targets, answers: answers == targets,
        **_SGD,
    },
    "adaline": {
        "small": {"input_shape": (5,), "units": 3},
        "answers": (3,),
        "samples": teacher(lambda sums: sums),
        "loss": "half_squared_error",
        "solved": lambda targets, answers: np.abs(answers - targets) < 0.01,
        **_SGD,
    },
    "linear_regression": {
        "small": {"input_shape": (5,)},
        "answers": (1,),
        "samples": teacher(lambda sums: sums + 0.5),
        "loss": "l2",
        "solved": lambda targets, answers: np.abs(answers - targets) < 0.01,
        **_SGD,
        "optimizer": lambda: keras.optimizers.SGD(0.3),
    },
    "lenet_1998": {  # its table of connections fixes the field at 32x32
        "small": {"input_shape": (32, 32, 3), "classes": 7},
        "options": {"activation": "noisy_relu", "kernel_initializer": "he_normal"},
    },
    "cifar_resnet": {"small": {"input_shape": (13, 17, 3), "classes": 7, "depth": 8, "width": 5}},
}


def model_case(name: str) -> ModelCase:
    """The case of a registered model."""
    overrides = FAMILIES.get(name) or FAMILIES.get(model_entry(name).family) or {}
    return ModelCase(name, **overrides)


def accepted(options: Mapping[str, Any], case: ModelCase) -> dict[str, Any]:
    """Those of the options that the model takes: not every model has dropout."""
    known = inspect.signature(case.model_class.__init__).parameters
    return {key: value for key, value in options.items() if key in known}


# === Parts that do not apply ===
CLAIMS: dict[str, Callable[[keras.Model], bool]] = {
    "gradients": lambda model: not model.trainable_variables,
    "training": lambda model: not model.differentiable and not model.trainable_variables,
}


def cases(part: str | None = None) -> list[ModelCase]:
    """Every model of the zoo, or those that a part applies to."""
    return [model_case(name) for name in list_models() if part not in model_class(name).does_not_apply]


def left_out() -> list[tuple[ModelCase, str, str]]:
    """Every model and part that does not apply to it, with the reason that the model gives."""
    return [
        (model_case(name), part, reason)
        for name in list_models()
        for part, reason in model_class(name).does_not_apply.items()
    ]
