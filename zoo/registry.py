"""Every model of the zoo by name.

The table is plain data, so that listing it imports neither Keras nor the models. The counts stand in it for the same
reason; a test compares each with the model as built.
"""

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .errors import unknown_name


@dataclass(frozen=True)
class ModelEntry:
    """One named variant of a model class.

    Args:
        name: as `create_model` takes it.
        family: the group that the table shows it in; the name of the file in `models/`.
        target: "file:Class" within `models/`.
        parameters: number of weights, trainable or not.
        multiply_adds: multiplications that are added up for one sample, forward.
        paper: authors, year and title.
        config: constructor arguments that make this variant.
        presets: names of the trained weights shipped for it.
    """

    name: str
    family: str
    target: str
    parameters: int
    multiply_adds: int
    paper: str
    config: Mapping[str, Any] = field(default_factory=dict)
    presets: tuple[str, ...] = ()


_MCCULLOCH = "McCulloch & Pitts 1943, A Logical Calculus of the Ideas Immanent in Nervous Activity"
_ROSENBLATT = "Rosenblatt 1958, The Perceptron: A Probabilistic Model for Information Storage"
_WIDROW = "Widrow & Hoff 1960, Adaptive Switching Circuits"
_YULE = "Yule 1927, On a Method of Investigating Periodicities in Disturbed Series"
_RUMELHART = "Rumelhart et al. 1986, Learning representations by back-propagating errors"
_LECUN = "LeCun et al. 1998, Gradient-Based Learning Applied to Document Recognition"
_HE = "He et al. 2016, Deep Residual Learning for Image Recognition"

_ENTRIES = (
    ModelEntry("mcculloch_pitts", "mcculloch_pitts", "mcculloch_pitts:McCullochPitts", 0, 0, _MCCULLOCH),
    ModelEntry("perceptron", "perceptron", "perceptron:Perceptron", 3, 2, _ROSENBLATT),
    ModelEntry("adaline", "adaline", "adaline:ADALINE", 3, 2, _WIDROW),
    ModelEntry("linear_regression", "linear_regression", "linear_regression:LinearRegression", 29, 28, _YULE),
    ModelEntry("mlp", "mlp", "mlp:MLP", 104_938, 104_768, _RUMELHART, presets=("mlp_mnist",)),
    ModelEntry("mlp_16_16", "mlp", "mlp:MLP", 13_002, 12_960, _RUMELHART, config={"hidden": (16, 16)}),
    ModelEntry("lenet5", "lenet", "lenet:LeNet5", 61_706, 416_520, _LECUN, presets=("lenet5_mnist",)),
    ModelEntry("lenet5_1998", "lenet_1998", "lenet_1998:LeNet5In1998", 60_840, 328_096, _LECUN),
    ModelEntry("resnet20", "cifar_resnet", "cifar_resnet:CIFARResNet", 271_098, 40_551_040, _HE, config={"depth": 20}),
)
_MODELS = {entry.name: entry for entry in _ENTRIES}


def list_models(pattern: str = "*") -> list[str]:
    """The names of the models that fit a shell pattern, in the table's order.

    Example:
        >>> list_models("lenet5")
        ['lenet5']
    """
    return [name for name in _MODELS if fnmatchcase(name, pattern)]


def model_entry(name: str) -> ModelEntry:
    """The table's row for a model.

    Raises:
        ValueError: if there is none; names the nearest.
    """
    if name not in _MODELS:
        raise unknown_name("model", name, _MODELS)
    return _MODELS[name]


def model_class(name: str) -> type[Any]:
    """The class behind a name; imports Keras."""
    module, _, class_name = model_entry(name).target.partition(":")
    return getattr(importlib.import_module(f".models.{module}", __package__), class_name)


def create_model(name: str, /, **overrides):
    """A new model with random weights, as `create_model("mlp", classes=26)`.

    Args:
        name: one of `list_models()`.
        **overrides: constructor arguments in place of the variant's own.

    Returns:
        A `keras.Model`, built, not compiled.

    Raises:
        ValueError: if there is no such model, or an argument that the model does not take.

    Example:
        >>> create_model("lenet5", classes=26).output_shape
        (None, 26)
    """
    entry, cls = model_entry(name), model_class(name)
    accepted = [p for p in inspect.signature(cls.__init__).parameters if p not in ("self", "kwargs")]
    accepted += ["name", "trainable"]
    for argument in overrides:
        if argument not in accepted:
            raise unknown_name(f"argument of {name}", argument, accepted)
    return cls(**{"name": name, **entry.config, **overrides})
