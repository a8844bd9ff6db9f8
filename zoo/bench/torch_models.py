"""The bench's models in PyTorch: the zoo's architectures, written as one writes PyTorch.

A module goes by the name of its Keras layer; "_" there may be "." here, where a block holds it. `flattened` names the
dense layer behind a flattened map, and the map's shape `(H, W, C)`: PyTorch flattens it with the channels first.

PyTorch is imported when a model is made: it need not be installed.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import prod
from typing import Any


def mlp(input_shape: Sequence[int] = (28, 28, 1), classes: int = 10, hidden: Sequence[int] = (128, 32)):
    """`models/mlp.py`; takes `(B, C, H, W)`."""
    from torch import nn

    model = nn.Sequential()
    model.append(nn.Flatten())
    sizes = (prod(input_shape), *hidden)
    for number, (size, units) in enumerate(pairwise(sizes), start=1):
        model.add_module(f"hidden{number}", nn.Linear(size, units))
        model.add_module(f"relu{number}", nn.ReLU())
    model.add_module("logits", nn.Linear(sizes[-1], classes))
    model.flattened = {  # type: ignore[assignment]
        "hidden1" if hidden else "logits": tuple(input_shape)
    }
    return model


def lenet5(input_shape: Sequence[int] = (28, 28, 1), classes: int = 10):
    """`models/lenet.py`; takes `(B, C, H, W)`."""
    from torch import nn

    height, width = ((size // 2 - 4) // 2 for size in input_shape[:2])
    layers = {
        "conv1": nn.Conv2d(input_shape[2], 6, 5, padding=2),
        "tanh1": nn.Tanh(),
        "pool1": nn.AvgPool2d(2),
        "conv2": nn.Conv2d(6, 16, 5),
        "tanh2": nn.Tanh(),
        "pool2": nn.AvgPool2d(2),
        "flatten": nn.Flatten(),
        "dense1": nn.Linear(16 * height * width, 120),
        "tanh3": nn.Tanh(),
        "dense2": nn.Linear(120, 84),
        "tanh4": nn.Tanh(),
        "logits": nn.Linear(84, classes),
    }
    model = nn.Sequential()
    for name, layer in layers.items():
        model.add_module(name, layer)
    model.flattened = {"dense1": (height, width, 16)}  # type: ignore[assignment]
    return model


def resnet20(input_shape: Sequence[int] = (32, 32, 3), classes: int = 10, depth: int = 20, width: int = 16):
    """`models/cifar_resnet.py`; takes `(B, C, H, W)`."""
    from torch import nn

    block_class = _residual_block_class()
    model = nn.Sequential()
    model.add_module("conv", nn.Conv2d(input_shape[2], width, 3, padding=1, bias=False))
    model.add_module("conv_bn", nn.BatchNorm2d(width))
    model.add_module("relu", nn.ReLU(inplace=True))
    channels = width
    for stage in range(3):
        for block in range((depth - 2) // 6):
            stride = 2 if stage > 0 and block == 0 else 1
            name = f"stage{stage + 1}_block{block + 1}"
            model.add_module(name, block_class(channels, width * 2**stage, stride))
            channels = width * 2**stage
    model.add_module("pool", nn.AdaptiveAvgPool2d(1))
    model.add_module("flatten", nn.Flatten())
    model.add_module("logits", nn.Linear(channels, classes))
    return model


def _residual_block_class() -> Any:
    from torch import nn
    from torch.nn.functional import pad

    class ResidualBlock(nn.Module):
        """`layers/residual.py`, with the shortcut that has no weights."""

        def __init__(self, incoming: int, channels: int, stride: int):
            super().__init__()
            self.conv1 = nn.Conv2d(incoming, channels, 3, stride, padding=1, bias=False)
            self.conv1_bn = nn.BatchNorm2d(channels)
            self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
            self.conv2_bn = nn.BatchNorm2d(channels)
            self.relu = nn.ReLU(inplace=True)
            self.stride = stride
            self.added = channels - incoming

        def forward(self, maps):
            x = self.relu(self.conv1_bn(self.conv1(maps)))
            x = self.conv2_bn(self.conv2(x))
            if self.added or self.stride > 1:
                maps = pad(maps[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))
            x += maps
            return self.relu(x)

    return ResidualBlock


def char_lstm(input_shape: Sequence[int] = (100,), classes: int = 68, embedding: int = 64, units: int = 256):
    """`models/language_model.py`, with one LSTM; takes whole numbers `(B, T)`."""
    from torch import nn

    class LanguageModel(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(classes, embedding)
            self.lstm1 = nn.LSTM(embedding, units, batch_first=True)
            self.logits = nn.Linear(units, classes)

        def forward(self, tokens):
            outputs, _ = self.lstm1(self.embedding(tokens))  # (B, T, H)
            return self.logits(outputs)

    return LanguageModel()


# a model's name in the registry -> its twin, given input shape and classes
TWINS: Mapping[str, Callable[..., Any]] = {"mlp": mlp, "lenet5": lenet5, "resnet20": resnet20, "char_lstm": char_lstm}
