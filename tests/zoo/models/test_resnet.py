"""The ImageNet ResNets against the same nets in PyTorch, and against published counts."""

import math

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradients import gradients
from gradschool.zoo.inspection.layer_table import layer_table
from gradschool.zoo.models.resnet import BLOCKS, ResNet
from model_case import model_case
from torch_twin import assert_twins


def trainable(model):
    return sum(math.prod(weight.shape) for weight in model.trainable_variables)


# === Counts ===
@pytest.mark.slow
@pytest.mark.parametrize(
    ("depth", "parameters"),
    [(18, 11_689_512), (34, 21_797_672), (50, 25_557_032), (101, 44_549_160), (152, 60_192_808)],
)
def test_trainable_parameters_are_torchvision_s(depth, parameters):
    model = ResNet(depth=depth, kernel_initializer="zeros")
    assert trainable(model) == parameters
    rows = layer_table(model)
    on_the_way = [row for row in rows if row.multiply_adds and "shortcut" not in row.name]
    assert len(on_the_way) == depth


@pytest.mark.slow
@pytest.mark.parametrize("depth", [50, 152])
def test_version_2_has_the_weights_of_keras_applications_but_their_biases(depth):
    theirs = getattr(keras.applications, f"ResNet{depth}V2")(weights=None)
    biases = [w for layer in theirs.layers if isinstance(layer, keras.layers.Conv2D) for w in layer.weights[1:]]
    ours = ResNet(depth=depth, preactivation=True, kernel_initializer="zeros")
    assert trainable(ours) == trainable(theirs) - sum(math.prod(bias.shape) for bias in biases)


def test_stages_halve_and_double():
    model = ResNet(input_shape=(64, 96, 3), depth=50, width=2, classes=7)
    ends = [
        model.get_layer(f"stage{stage}_block{BLOCKS[50][stage - 2]}_act3").output.shape[1:] for stage in range(2, 6)
    ]
    assert ends == [(16, 24, 8), (8, 12, 16), (4, 6, 32), (2, 3, 64)]


@pytest.mark.parametrize(("stride_on", "sides"), [("conv1", (4, 4)), ("conv2", (8, 4))])
def test_the_stride_lies_where_it_is_asked_for(stride_on, sides):
    model = ResNet(input_shape=(32, 32, 3), depth=50, blocks=(1, 1, 1, 1), width=2, classes=7, stride_on=stride_on)
    outputs = [model.get_layer(f"stage3_block1_conv{number}").output.shape[1] for number in (1, 2)]
    assert tuple(outputs) == sides


# === PyTorch ===
def torch_resnet(expansion, width, classes, preactivation):
    """One block a stage, in the order of `models/resnet.py`'s layers."""
    from torch import nn

    def convolution(m, n, size, stride=1):
        return nn.Conv2d(m, n, size, stride, padding=size // 2, bias=False)

    class Block(nn.Module):
        def __init__(self, m, n, stride):
            super().__init__()
            sizes = [(m, n, 3, stride), (n, n, 3, 1)]
            if expansion == 4:
                sizes = [(m, n, 1, 1), (n, n, 3, stride), (n, 4 * n, 1, 1)]
            self.convolutions = nn.ModuleList(convolution(*size) for size in sizes)
            normalized = [m, *[size[1] for size in sizes[:-1]]] if preactivation else [size[1] for size in sizes]
            self.normalizations = nn.ModuleList(nn.BatchNorm2d(maps, eps=1e-5) for maps in normalized)
            self.around = self.around_bn = None
            if stride > 1 or m != expansion * n:
                self.around = convolution(m, expansion * n, 1, stride)
                self.around_bn = None if preactivation else nn.BatchNorm2d(expansion * n, eps=1e-5)

        def forward(self, x):
            if preactivation:
                active = self.normalizations[0](x).relu()
                around, x = (x if self.around is None else self.around(active)), active
                for number, convolve in enumerate(self.convolutions):
                    x = convolve(x if number == 0 else self.normalizations[number](x).relu())
                return x + around
            around = x if self.around is None else self.around_bn(self.around(x))
            for number, (convolve, normalize) in enumerate(zip(self.convolutions, self.normalizations, strict=True)):
                x = normalize(convolve(x if number == 0 else x.relu()))
            return (x + around).relu()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv1_bn = convolution(3, width, 7, 2), nn.BatchNorm2d(width, eps=1e-5)
            maps = [(width, width, 1)]
            maps += [(expansion * width * 2**s, width * 2 ** (s + 1), 2) for s in range(3)]
            self.blocks = nn.Sequential(*(Block(*one) for one in maps))
            self.last_bn = nn.BatchNorm2d(8 * expansion * width, eps=1e-5)
            self.logits = nn.Linear(8 * expansion * width, classes)

        def forward(self, images):
            x = self.conv1(images.permute(0, 3, 1, 2))  # (B, H, W, C) -> (B, C, H, W)
            x = x if preactivation else self.conv1_bn(x).relu()
            x = nn.functional.max_pool2d(nn.functional.pad(x, (1, 1, 1, 1)), 3, 2)
            x = self.blocks(x)
            x = self.last_bn(x).relu() if preactivation else x
            return self.logits(x.mean((2, 3)))

    return Net()


def in_our_order(model, twin):
    """The twin's parameters and running statistics by our layers' names."""
    named = {"conv1": twin.conv1, "conv1_bn": twin.conv1_bn, "last_bn": twin.last_bn, "logits": twin.logits}
    for stage, block in enumerate(twin.blocks, start=2):
        start = f"stage{stage}_block1"
        for number, convolution in enumerate(block.convolutions, start=1):
            named[f"{start}_conv{number}"] = convolution
        names = [f"{start}_conv{number}_bn" for number in range(1, len(block.convolutions) + 1)]
        if f"{start}_pre_bn" in [layer.name for layer in model.layers]:
            names = [f"{start}_pre_bn", *names[:-1]]
        named |= dict(zip(names, block.normalizations, strict=True))
        named |= {f"{start}_shortcut": block.around, f"{start}_shortcut_bn": block.around_bn}
    return [(layer, named[layer.name]) for layer in model.layers if layer.weights]


@pytest.mark.parametrize(("depth", "expansion"), [(18, 1), (50, 4)])
@pytest.mark.parametrize("preactivation", [False, True])
def test_answers_and_gradients_equal_pytorch_s(depth, expansion, preactivation):
    torch = pytest.importorskip("torch")
    model = model_case("resnet18").build(depth=depth, preactivation=preactivation)
    twin = torch_resnet(expansion, 3, 7, preactivation).eval()
    pairs = in_our_order(model, twin)
    with torch.no_grad():
        for ours, theirs in pairs:
            if isinstance(ours, keras.layers.BatchNormalization):
                theirs.running_mean.copy_(torch.tensor(convert_to_numpy(ours.moving_mean)))
                theirs.running_var.copy_(torch.tensor(convert_to_numpy(ours.moving_variance)))

    class InOrder(torch.nn.Module):  # whose parameters come in the order of our variables
        def __init__(self):
            super().__init__()
            self.parts = torch.nn.ModuleList(theirs for _, theirs in pairs)

        def forward(self, images):
            return twin(images)

    rng = np.random.default_rng(0)
    images, labels = rng.random((5, *model.input_shape[1:]), "float32"), rng.integers(0, 7, 5)
    assert_twins(model, InOrder(), images, labels)


# === At the greatest depth of each kind of block ===
@pytest.mark.slow
@pytest.mark.parametrize("depth", [34, 152])
@pytest.mark.parametrize("preactivation", [False, True])
def test_gradients_are_finite_and_not_zero_at_the_start(depth, preactivation):
    if depth > 50 and keras.backend.backend() != "tensorflow":
        pytest.skip("the deepest take minutes to trace elsewhere")
    model = ResNet(input_shape=(32, 32, 3), classes=7, depth=depth, width=2, preactivation=preactivation)
    rng = np.random.default_rng(0)
    images, labels = rng.random((8, 32, 32, 3), "float32"), np.arange(8) % 7
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    for path, gradient in gradients(model, images, labels, loss, training=True).items():
        assert np.isfinite(gradient).all(), path
        assert np.abs(gradient).max() > 0, path


# === Arguments ===
@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"depth": 20}, r"depth must be one of 18, 34, 50, 101, 152; got 20\. For small images: CIFARResNet"),
        ({"depth": 50.0}, r"depth must be one of .*; got 50\.0"),
        ({"depth": [50]}, r"depth must be one of .*; got \[50\]"),
        ({"input_shape": (16, 40, 3)}, r"ResNet needs images of at least 17x17 pixels; got input_shape=\(16, 40, 3\)"),
        ({"input_shape": (32, 32)}, r"ResNet takes images, input_shape=\(height, width, channels\)"),
        ({"classes": 1}, "classes must be a whole number of at least 2; got 1"),
        ({"blocks": (1, 1, 1)}, r"blocks must be a tuple of 4 whole numbers of at least 1; got \(1, 1, 1\)"),
        ({"width": 0}, "width must be a whole number of at least 1; got 0"),
        ({"stride_on": "conv3"}, "unknown stride_on 'conv3'; did you mean"),
        ({"normalization": "bacth"}, "unknown normalization 'bacth'; did you mean 'batch'"),
        ({"input_scaling": "imagnet"}, "unknown input_scaling 'imagnet'; did you mean 'imagenet'"),
        ({"input_shape": (32, 32, 1), "input_scaling": "imagenet"}, "is for images of 3 channels; got 1"),
    ],
)
def test_impossible_arguments_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        ResNet(**config)


def test_the_summary_reads_like_the_paper_s_table():
    lines = []
    ResNet(input_shape=(32, 32, 3), classes=7, depth=50, width=2).summary(print_fn=lambda line, **_: lines.append(line))
    for name in ("conv1_bn", "stage2_block3_conv3_bn", "stage4_block6_conv2", "stage5_block1_shortcut_bn", "logits"):
        assert f" {name} " in "\n".join(lines)
