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
        multiply_adds: multiplications that are added up for one sample, forward; for one step, if it takes sequences of
            any length.
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
_KRIZHEVSKY = "Krizhevsky et al. 2012, ImageNet Classification with Deep Convolutional Neural Networks"
_SIMONYAN = "Simonyan & Zisserman 2015, Very Deep Convolutional Networks for Large-Scale Image Recognition"
_HE = "He et al. 2016, Deep Residual Learning for Image Recognition"
_HE_2 = "He et al. 2016b, Identity Mappings in Deep Residual Networks"
_BOJARSKI = "Bojarski et al. 2016, End to End Learning for Self-Driving Cars"
_BENGIO = "Bengio et al. 2007, Greedy Layer-Wise Training of Deep Networks"
_BROOMHEAD = "Broomhead & Lowe 1988, Multivariable Functional Interpolation and Adaptive Networks"
_HINTON = "Hinton & Salakhutdinov 2006, Reducing the Dimensionality of Data with Neural Networks"
_MASCI = "Masci et al. 2011, Stacked Convolutional Auto-Encoders for Hierarchical Feature Extraction"
_VINCENT = "Vincent et al. 2008, Extracting and Composing Robust Features with Denoising Autoencoders"
_RADFORD = "Radford et al. 2016, Unsupervised Representation Learning with Deep Convolutional GANs"
_GRAVES = "Graves 2013, Generating Sequences With Recurrent Neural Networks"
_KINGMA = "Kingma & Welling 2014, Auto-Encoding Variational Bayes"
_ELMAN = "Elman 1990, Finding Structure in Time"
_HOCHREITER = "Hochreiter & Schmidhuber 1997, Long Short-Term Memory"
_CHO = "Cho et al. 2014, Learning Phrase Representations using RNN Encoder-Decoder"

# As the paper begins: weights from N(0, 0.01^2), and biases of one where ReLUs shall have something to learn from.
_TWO_TOWERS: dict[str, Any] = {
    "towers": 2,
    "normalization": "local_response",
    "kernel_initializer": {"class_name": "RandomNormal", "config": {"mean": 0.0, "stddev": 0.01, "seed": None}},
    "bias_initializer": "ones",
}


def _vgg(depth: int, parameters: int, multiply_adds: int) -> ModelEntry:
    return ModelEntry(f"vgg{depth}", "vgg", "vgg:VGG", parameters, multiply_adds, _SIMONYAN, {"depth": depth})


def _resnet(depth: int, parameters: int, multiply_adds: int, version: int = 1) -> ModelEntry:
    name, paper = (f"resnet{depth}", _HE) if version == 1 else (f"resnet{depth}_v2", _HE_2)
    config = {"depth": depth} if version == 1 else {"depth": depth, "preactivation": True}
    return ModelEntry(name, "resnet", "resnet:ResNet", parameters, multiply_adds, paper, config)


def _cifar_resnet(
    depth: int, parameters: int, multiply_adds: int, plain: bool = False, presets: tuple[str, ...] = ()
) -> ModelEntry:
    name, shortcut = (f"plain{depth}", {"shortcut": "none"}) if plain else (f"resnet{depth}", {})
    config = {"depth": depth, **shortcut}
    return ModelEntry(name, "cifar_resnet", "cifar_resnet:CIFARResNet", parameters, multiply_adds, _HE, config, presets)


def _recurrent(task: str, cell: str, parameters: int, multiply_adds: int) -> ModelEntry:
    paper = {"rnn": _ELMAN, "lstm": _HOCHREITER, "gru": _CHO}[cell]
    target = f"sequence_{task}:Sequence{task.capitalize()}"
    return ModelEntry(f"{cell}_{task}", f"sequence_{task}", target, parameters, multiply_adds, paper, {"cell": cell})


_ENTRIES = (
    ModelEntry("mcculloch_pitts", "mcculloch_pitts", "mcculloch_pitts:McCullochPitts", 0, 0, _MCCULLOCH),
    ModelEntry("perceptron", "perceptron", "perceptron:Perceptron", 3, 2, _ROSENBLATT),
    ModelEntry("adaline", "adaline", "adaline:ADALINE", 3, 2, _WIDROW),
    ModelEntry("linear_regression", "linear_regression", "linear_regression:LinearRegression", 29, 28, _YULE),
    ModelEntry("mlp", "mlp", "mlp:MLP", 104_938, 104_768, _RUMELHART, presets=("mlp_mnist",)),
    ModelEntry("mlp_16_16", "mlp", "mlp:MLP", 13_002, 12_960, _RUMELHART, config={"hidden": (16, 16)}),
    ModelEntry(
        "lenet5", "lenet", "lenet:LeNet5", 61_706, 416_520, _LECUN, presets=("lenet5_mnist", "lenet5_fashion_mnist")
    ),
    ModelEntry("lenet5_1998", "lenet_1998", "lenet_1998:LeNet5In1998", 60_840, 328_096, _LECUN),
    ModelEntry("alexnet", "alexnet", "alexnet:AlexNet", 62_378_344, 1_135_256_096, _KRIZHEVSKY),
    ModelEntry("alexnet_two_tower", "alexnet", "alexnet:AlexNet", 60_965_224, 724_406_816, _KRIZHEVSKY, _TWO_TOWERS),
    _vgg(11, 132_863_336, 7_609_090_048),
    _vgg(13, 133_047_848, 11_308_466_176),
    _vgg(16, 138_357_544, 15_470_264_320),
    _vgg(19, 143_667_240, 19_632_062_464),
    _resnet(18, 11_699_112, 1_814_073_344),
    _resnet(34, 21_814_696, 3_663_761_408),
    _resnet(50, 25_610_152, 4_089_184_256),
    _resnet(101, 44_654_504, 7_801_405_440),
    _resnet(152, 60_344_232, 11_513_626_624),
    _resnet(18, 11_695_528, 1_814_073_344, version=2),
    _resnet(34, 21_811_112, 3_663_761_408, version=2),
    _resnet(50, 25_594_792, 4_089_184_256, version=2),
    _resnet(101, 44_639_144, 7_801_405_440, version=2),
    _resnet(152, 60_328_872, 11_513_626_624, version=2),
    _cifar_resnet(20, 271_098, 40_551_040, presets=("resnet20_fashion_mnist",)),
    _cifar_resnet(32, 466_426, 68_862_592),
    _cifar_resnet(44, 661_754, 97_174_144),
    _cifar_resnet(56, 857_082, 125_485_696),
    _cifar_resnet(110, 1_736_058, 252_887_680),
    _cifar_resnet(20, 271_098, 40_551_040, plain=True),
    _cifar_resnet(32, 466_426, 68_862_592, plain=True),
    _cifar_resnet(44, 661_754, 97_174_144, plain=True),
    _cifar_resnet(56, 857_082, 125_485_696, plain=True),
    _cifar_resnet(110, 1_736_058, 252_887_680, plain=True),
    ModelEntry("pilotnet", "pilotnet", "pilotnet:PilotNet", 252_219, 26_876_342, _BOJARSKI),
    ModelEntry("rbf_network", "rbf_network", "rbf_network:RBFNetwork", 159_010, 158_800, _BROOMHEAD),
    ModelEntry(
        "stacked_autoencoder", "mlp", "mlp:MLP", 440_410, 438_800, _BENGIO,
        config={"hidden": (200,) * 8, "activation": "logistic"},
    ),
    ModelEntry("autoencoder", "autoencoder", "autoencoder:Autoencoder", 209_968, 208_896, _HINTON),
    ModelEntry("conv_autoencoder", "conv_autoencoder", "conv_autoencoder:ConvAutoencoder", 111_521, 608_384, _MASCI),
    ModelEntry(
        "denoising_autoencoder", "denoising_autoencoder", "denoising_autoencoder:DenoisingAutoencoder",
        1_569_784, 1_568_000, _VINCENT,
    ),
    ModelEntry(
        "variational_autoencoder", "variational_autoencoder", "variational_autoencoder:VariationalAutoencoder",
        408_864, 407_552, _KINGMA,
    ),
    ModelEntry("char_lstm", "language_model", "language_model:RecurrentLanguageModel", 1_220_932, 1_214_464, _GRAVES),
    ModelEntry("dcgan", "dcgan", "dcgan:DCGAN", 271_074, 7_034_048, _RADFORD),
    _recurrent("classifier", "lstm", 739_074, 98_560),
    _recurrent("classifier", "gru", 714_754, 73_984),
    _recurrent("classifier", "rnn", 664_962, 24_832),
    _recurrent("regressor", "lstm", 66_689, 1_585_280),
    _recurrent("regressor", "gru", 50_433, 1_188_992),
    _recurrent("regressor", "rnn", 16_769, 396_416),
    _recurrent("tagger", "lstm", 741_009, 100_480),
    _recurrent("tagger", "gru", 716_689, 75_904),
    _recurrent("tagger", "rnn", 666_897, 26_752),
)  # fmt: skip
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
