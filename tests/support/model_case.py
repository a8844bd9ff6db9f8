"""How each model of the zoo is tried: in which small size, on which samples, with which loss.

The first row of a family in `zoo/registry.py` is tried without a word here, as a classifier of images. What needs
another size or other samples gets an entry in `FAMILIES` (by family, or by name). Every further row of a family is
counted, but tried only if it has an entry by its own name: most differ in a number alone. A model that is made of the
parts of another one, its `kin`, is tried in fewer precisions. A part that does not apply to a model is declared by the
model, in `does_not_apply`, with its reason; `CLAIMS` holds what must be true then.
"""

import functools
import inspect
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from gradschool.zoo.data.tokenizer import BEGIN, END
from gradschool.zoo.layers.losses import get_loss
from gradschool.zoo.registry import create_model, list_models, model_class, model_entry

POLICIES = ("float32", "float64", "mixed_bfloat16", "mixed_float16", "bfloat16", "float16")
FEW_POLICIES = ("float64", "mixed_float16")  # of kin, and of the quick tests
# Those that CI lets learn on every back end: dense, convolutional, with random draws, with a loss of its own.
LEARN_EVERYWHERE = ("mlp", "lenet5", "variational_autoencoder", "dcgan")


# === Samples ===
def images_and_labels(model, count: int, seed: int = 0):
    """Random inputs in [0, 1] in the model's shape; every class in turn."""
    rng = np.random.default_rng(seed)
    return rng.random((count, *model.input_shape[1:]), "float32"), np.arange(count) % model.output_shape[-1]


def images_and_values(model, count: int, seed: int = 0):
    """Random inputs in [0, 1] in the model's shape; random targets."""
    rng = np.random.default_rng(seed)
    inputs = rng.random((count, *model.input_shape[1:]), "float32")
    return inputs, rng.normal(size=(count, model.output_shape[-1])).astype("float32")


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


def black_and_white(model, count: int, seed: int = 0):
    """Random squares of black and white, images that are their own targets: their cross-entropy can be zero."""
    height, width, channels = model.input_shape[1:]
    squares = np.random.default_rng(seed).random((count, -(-height // 4), -(-width // 4), channels)) < 0.5
    images = squares.repeat(4, axis=1).repeat(4, axis=2)[:, :height, :width].astype("float32")
    return images, images


def one_image(model, count: int, seed: int = 0):
    """The same image, half black, half white, over and over, a little spoilt; the targets are never looked at."""
    image = np.zeros(model.input_shape[1:], "float32")
    image[: len(image) // 2] = 1
    noise = np.random.default_rng(seed).normal(scale=0.02, size=(count, *image.shape))
    return (image + noise).astype("float32").clip(0, 1), np.zeros(count, "int32")


def bits(model, count: int, seed: int = 0):
    """Every combination of zeros and ones, over and over; the targets are never looked at."""
    rows = list(itertools.islice(itertools.cycle(itertools.product((0, 1), repeat=model.input_shape[-1])), count))
    return np.array(rows, "float32"), np.zeros((count, 1), "float32")


STEPS = 11  # of the longest sequence


def _lengths(count: int, rng) -> np.ndarray:
    """Lengths from 1 to `STEPS`, both of which are there if there are two sequences or more."""
    lengths = rng.integers(1, STEPS + 1, count)
    lengths[:2] = (STEPS, 1)[:count]
    return lengths


def _tokens(model, count: int, rng) -> np.ndarray:
    """Random tokens other than 0, which pads sequences of unequal lengths; int32, shape `(count, STEPS)`."""
    tokens = rng.integers(1, model.tokens, (count, STEPS))
    return (tokens * (np.arange(STEPS) < _lengths(count, rng)[:, None])).astype("int32")


def tokens_and_labels(model, count: int, seed: int = 0):
    """Random sequences of tokens, padded with 0; every class in turn."""
    tokens = _tokens(model, count, np.random.default_rng(seed))
    return tokens, np.arange(count) % model.output_shape[-1]


def tokens_and_tags(model, count: int, seed: int = 0):
    """Random sequences of tokens, padded with 0; for each the class that is its number, modulo the classes but 0."""
    tokens = _tokens(model, count, np.random.default_rng(seed))
    return tokens, np.where(tokens, 1 + tokens % (model.output_shape[-1] - 1), 0)


def vectors_and_values(model, count: int, seed: int = 0):
    """Random sequences of vectors, padded with zeros; random targets."""
    rng = np.random.default_rng(seed)
    present = np.arange(STEPS) < _lengths(count, rng)[:, None]
    vectors = rng.normal(size=(count, STEPS, model.input_shape[-1])) * present[..., None]
    return vectors.astype("float32"), rng.normal(size=(count, model.output_shape[-1])).astype("float32")


def copying(model, count: int, seed: int = 0):
    """Random sequences of tokens, padded with 0, to be written again; of the source every token but the first four."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(4, min(model.source_tokens, model.target_tokens), (count, STEPS))
    source = (tokens * (np.arange(STEPS) < _lengths(count, rng)[:, None])).astype("int32")
    ends = np.pad(source, ((0, 0), (0, 1)))
    ends[np.arange(count), (source != 0).sum(axis=1)] = END
    begun = np.concatenate([np.full((count, 1), BEGIN, "int32"), source], axis=1)
    return {"source": source, "target": begun}, ends


def many_times(data, times: int):
    """The samples of an array, or of each array of a dict, over and over."""
    return keras.tree.map_structure(lambda array: np.concatenate([array] * times), data)


# === Cases ===
@dataclass(frozen=True)
class ModelCase:
    """One model and how it is tried.

    Args:
        name: in the registry.
        small: constructor arguments of a cheap size, in distinct primes: swapped axes cannot pass unnoticed.
        answers: shape of the answer to one sample in that size; None for steps, where sequences are of any length.
        samples: from model, count and seed to inputs, an array or a dict of arrays, and targets.
        loss: of `layers/losses.py`.
        optimizer: that learns one batch by heart,
        steps: in so many steps,
        solved: so well: from targets and answers to whether all are right; None where no answer is right for good, and
            `learned` alone can tell.
        learned: from the model, its inputs and its losses before and after to whether it has learned anything.
        training: whether gradients are those of training, because some weights have none otherwise.
        options: values for the other constructor arguments, which must survive a save.
        kin: a model with the same layers that is tried in every precision, so that this one need not be.
    """

    name: str
    small: Mapping[str, Any] = field(default_factory=lambda: {"input_shape": (13, 17, 3), "classes": 7})
    answers: tuple[int | None, ...] = (7,)
    samples: Callable = images_and_labels
    loss: str = "cross_entropy"
    optimizer: Callable = lambda: keras.optimizers.Adam(3e-3)
    steps: int = 150
    solved: Callable | None = lambda targets, logits: logits.argmax(-1) == targets
    learned: Callable = lambda model, inputs, before, after: after < 0.1 * before
    training: bool = False
    options: Mapping[str, Any] = field(default_factory=lambda: {"activation": "parametric_relu", "dropout": 0.2})
    kin: str = ""

    def is_slow_in(self, dtype: str) -> bool:
        """Whether a test in a dtype policy is one of the slow tests: each policy is compiled anew."""
        return bool(self.kin) or dtype not in FEW_POLICIES

    @property
    def policies(self) -> tuple[str, ...]:
        """Dtype policies that it is tried in."""
        return FEW_POLICIES if self.kin else POLICIES

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
_IMAGES = {
    "answers": (13, 11, 3),
    "samples": black_and_white,
    "loss": "pixel_cross_entropy",
    "optimizer": lambda: keras.optimizers.Adam(1e-2),
    "steps": 300,
    "solved": lambda images, logits: ((logits > 0) == images).mean(axis=(1, 2, 3)) > 0.95,
}

_VALUES = {
    "samples": images_and_values,
    "loss": "l2",
    "solved": lambda targets, answers: np.abs(answers - targets) < 0.1,
}
_ALEXNET = {"input_shape": (67, 71, 3), "classes": 7, "width": 6, "dropout": 0.0}
_RESNET = {"input_shape": (19, 23, 3), "classes": 7, "width": 3, "blocks": (1, 1, 1, 1)}
_VISION = {"activation": "parametric_relu", "dropout": 0.2, "normalization": "group", "input_scaling": "imagenet"}

_RECURRENT = {
    "layers": 2, "bidirectional": True, "dropout": 0.2, "recurrent_dropout": 0.3, "memory": 50,
    "layer_normalization": True,
}  # fmt: skip
_READER = {
    "small": {"tokens": 13, "classes": 7, "embedding": 5, "units": 17},
    "samples": tokens_and_labels,
    "optimizer": lambda: keras.optimizers.Adam(0.03),
    "options": _RECURRENT,
}

_TRANSLATOR = {
    "small": {"source_tokens": 13, "target_tokens": 11, "embedding": 5, "units": 17},
    "answers": (None, 11),
    "samples": copying,
    "solved": lambda targets, logits: (logits.argmax(-1) == targets) | (targets == 0),  # padding has no right answer
    "optimizer": lambda: keras.optimizers.Adam(0.03),
    "options": {"layers": 2, "dropout": 0.2},
}

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
    "alexnet": {"small": _ALEXNET, "options": _VISION},
    "alexnet_two_tower": {
        "kin": "alexnet",
        "small": {**_ALEXNET, "kernel_initializer": "he_normal"},  # the paper's small weights take long to grow
        "options": {"activation": "parametric_relu"},
    },
    "vgg": {
        "kin": "alexnet",
        "small": {"input_shape": (32, 37, 3), "classes": 7, "width": 3, "dropout": 0.0},
        "options": _VISION,
    },
    "resnet": {"small": _RESNET, "options": _VISION},
    "resnet50": {
        "kin": "resnet18",
        "small": {**_RESNET, "width": 2},
        "options": {"stride_on": "conv1", "normalization": "layer"},
    },
    "resnet50_v2": {"kin": "resnet18", "small": {**_RESNET, "width": 2}, "options": {"dropout": 0.2}},
    "cifar_resnet": {
        "kin": "resnet18",
        "small": {"input_shape": (13, 17, 3), "classes": 7, "depth": 8, "width": 5},
        "options": _VISION,
    },
    "pilotnet": {
        "kin": "alexnet",
        "small": {"input_shape": (61, 67, 3), "width": 5, "units": 2},
        "answers": (2,),
        "samples": images_and_values,
        "loss": "l2",
        "solved": lambda targets, answers: np.abs(answers - targets) < 0.1,
        "options": _VISION,
    },
    "cnn_lstm": {
        "kin": "alexnet",
        "small": {"input_shape": (3, 61, 67, 3), "width": 5, "hidden": 7, "units": 2},
        "answers": (2,),
        **_VALUES,
    },
    "conv3d": {
        "kin": "alexnet",
        "small": {"input_shape": (11, 61, 67, 3), "width": 3, "units": 2, "normalization": "batch"},
        "answers": (2,),
        **_VALUES,
    },
    "feature_lstm": {
        "kin": "mlp",
        "small": {"input_shape": (5, 13), "hidden": 7, "units": 2},
        "answers": (2,),
        **_VALUES,
    },
    "autoencoder": {"small": {"input_shape": (13, 11, 3), "hidden": (23, 17), "code_size": 7}, **_IMAGES},
    "conv_autoencoder": {
        "kin": "autoencoder",
        "small": {"input_shape": (13, 11, 3), "filters": (11, 7), "code_size": 17},
        **_IMAGES,
    },
    "denoising_autoencoder": {
        "kin": "autoencoder",
        "small": {"input_shape": (13, 11, 3), "code_size": 23},
        **_IMAGES,
        "options": {"activation": "parametric_relu", "corruption": "gaussian", "strength": 0.5},
    },
    "variational_autoencoder": {
        "small": {"input_shape": (13, 11, 3), "hidden": (23, 17), "code_size": 7},
        **_IMAGES,
        "options": {"activation": "parametric_relu", "beta": 0.5},
    },
    "rbf_network": {"options": {"learn_centres": False, "kernel_initializer": "he_normal"}},
    "stacked_autoencoder": {
        "kin": "mlp",
        "small": {"input_shape": (13, 17, 3), "classes": 7, "hidden": (23, 19, 17)},
        "steps": 600,
    },
    "dcgan": {
        "small": {"input_shape": (13, 11, 3), "latent_size": 7, "width": 5},
        "answers": (3,),
        "samples": one_image,
        "loss": "adversarial",
        "optimizer": lambda: keras.optimizers.Adam(5e-3, beta_1=0.5),
        "steps": 300,
        "solved": None,  # neither player is right for good: `learned` looks at what is made
        "learned": lambda model, inputs, before, after: (
            np.abs(model.generate(11) - inputs[0]).mean() < 0.2 < np.abs(0.5 - inputs[0]).mean()
        ),
        "training": True,  # latent vectors are zero otherwise
    },
    "lstm_classifier": _READER,
    "gru_classifier": {"kin": "lstm_classifier", **_READER},
    "rnn_classifier": {  # without gates that could be opened for a memory
        "kin": "lstm_classifier",
        **_READER,
        "options": {key: value for key, value in _RECURRENT.items() if key != "memory"},
    },
    "seq2seq": _TRANSLATOR,
    "seq2seq_luong": {"kin": "seq2seq", **_TRANSLATOR},
    "seq2seq_plain": {"kin": "seq2seq", **_TRANSLATOR},
    "sequence_regressor": {
        "kin": "lstm_classifier",
        "small": {"input_shape": (None, 3), "outputs": 2, "units": 17},
        "answers": (2,),
        "samples": vectors_and_values,
        "loss": "l2",
        "solved": lambda targets, answers: np.abs(answers - targets) < 0.2,
        "optimizer": lambda: keras.optimizers.Adam(0.03),
        "steps": 200,
        "options": _RECURRENT,
    },
    "language_model": {
        "kin": "lstm_classifier",
        "small": {"tokens": 13, "embedding": 5, "units": 17},
        "answers": (None, 13),
        "samples": tokens_and_tags,
        "solved": lambda tags, logits: (logits.argmax(-1) == tags) | (tags == 0),
        "optimizer": lambda: keras.optimizers.Adam(0.02),
        "options": {key: value for key, value in _RECURRENT.items() if key != "bidirectional"},
    },
    "sequence_tagger": {
        "kin": "lstm_classifier",
        "small": {"tokens": 13, "classes": 7, "embedding": 5, "units": 17},
        "answers": (None, 7),
        "samples": tokens_and_tags,
        "solved": lambda tags, logits: (logits.argmax(-1) == tags) | (tags == 0),  # padding has no right answer
        "optimizer": lambda: keras.optimizers.Adam(0.02),
        "options": _RECURRENT,
    },
}


def model_case(name: str) -> ModelCase:
    """The case of a registered model."""
    overrides = FAMILIES.get(name) or FAMILIES.get(model_entry(name).family) or {}
    return ModelCase(name, **overrides)


@functools.cache
def ready_model(name: str) -> keras.Model:
    """What `build` gives, made once: for tests that only look at it."""
    return model_case(name).build()


def accepted(options: Mapping[str, Any], case: ModelCase) -> dict[str, Any]:
    """Those of the options that the model takes: not every model has dropout."""
    known = inspect.signature(case.model_class.__init__).parameters
    return {key: value for key, value in options.items() if key in known}


# === Parts that do not apply ===
CLAIMS: dict[str, Callable[[keras.Model], bool]] = {
    "gradients": lambda model: not model.trainable_variables,
    "training": lambda model: not model.differentiable and not model.trainable_variables,
}


def tried_models() -> list[str]:
    """The first model of every family, and those with an entry of their own."""
    first = {model_entry(name).family: name for name in reversed(list_models())}
    return [name for name in list_models() if name in FAMILIES or name in first.values()]


def cases(part: str | None = None) -> list[ModelCase]:
    """Every model that is tried, or those that a part applies to."""
    return [model_case(name) for name in tried_models() if part not in model_class(name).does_not_apply]


def left_out() -> list[tuple[ModelCase, str, str]]:
    """Every model and part that does not apply to it, with the reason that the model gives."""
    return [
        (model_case(name), part, reason)
        for name in tried_models()
        for part, reason in model_class(name).does_not_apply.items()
    ]
