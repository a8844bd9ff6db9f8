"""The CIFAR ResNets against the same net in PyTorch, and against the paper's counts."""

import math

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradients import gradients
from gradschool.zoo.inspection.layer_table import layer_table, total
from gradschool.zoo.models.cifar_resnet import CIFARResNet
from model_case import model_case
from torch_twin import assert_twins, in_torch_s_order

BLOCKS = [f"stage{stage}_block{block}" for stage in (1, 2, 3) for block in (1, 2)]


def trainable(model):
    return sum(math.prod(weight.shape) for weight in model.trainable_variables)


# === The paper's counts ===
def by_hand(depth, width=16, channels=3, classes=10):
    """Trainable parameters: of every kernel, its two vectors of batch normalisation, and the logits."""
    n, (first, second, third) = (depth - 2) // 6, (width, 2 * width, 4 * width)
    pairs = [(channels, first), *[(first, first)] * 2 * n, (first, second), *[(second, second)] * (2 * n - 1)]
    pairs += [(second, third), *[(third, third)] * (2 * n - 1)]
    return sum(9 * m * n + 2 * n for m, n in pairs) + (third + 1) * classes


@pytest.mark.parametrize(
    ("depth", "parameters", "millions"), [(20, 269_722, 0.27), (32, 464_154, 0.46), (56, 853_018, 0.85)]
)
def test_parameters_are_those_of_table_6(depth, parameters, millions):
    assert trainable(CIFARResNet(depth=depth)) == by_hand(depth) == parameters
    assert round(parameters / 1e6, 2) == millions


@pytest.mark.slow
def test_resnet_110_has_1_7_million_parameters_and_110_layers_that_multiply():
    rows = layer_table(CIFARResNet(depth=110))
    assert sum(row.multiply_adds > 0 for row in rows) == 110
    assert by_hand(110) == 1_727_962
    assert total(rows)[0] == 1_727_962 + 2 * (1 + 36) * 16 + 2 * 36 * (32 + 64)  # with the running statistics


def test_multiply_adds_of_resnet_20_by_hand():
    rows = layer_table(CIFARResNet())
    first = 32 * 32 * 16 * 9 * 3
    stage = 32 * 32 * 16 * 9 * 16  # a convolution of any stage: half the sides, twice the maps in and out
    assert total(rows) == (269_722 + 1_376, first + 6 * stage + 2 * (stage // 2 + 5 * stage) + 64 * 10)
    assert sum(row.multiply_adds > 0 for row in rows) == 20
    assert {row.type for row in rows if row.multiply_adds} == {"Conv2D", "Dense"}


def test_maps_halve_and_double_from_stage_to_stage():
    model = CIFARResNet(input_shape=(28, 28, 1), width=3, classes=7)
    ends = [model.get_layer(f"stage{stage}_block3_act2").output.shape[1:] for stage in (1, 2, 3)]
    assert ends == [(28, 28, 3), (14, 14, 6), (7, 7, 12)]
    assert model.get_layer("pool").output.shape[1:] == (12,)


def test_padded_maps_of_a_shortcut_are_zero_and_the_others_are_the_stage_before():
    model = model_case("resnet20").build()
    for stage, width in ((2, 5), (3, 10)):
        shortcut = model.get_layer(f"stage{stage}_block1_shortcut")
        around = keras.Model(model.input, [model.get_layer(f"stage{stage - 1}_block1_act2").output, shortcut.output])
        before, after = map(convert_to_numpy, around(np.random.default_rng(0).random((3, 13, 17, 3), "float32")))
        assert np.abs(before).max() > 0
        np.testing.assert_array_equal(after[..., :width], before[:, ::2, ::2])
        np.testing.assert_array_equal(after[..., width:], 0)


def test_dropout_stands_before_the_logits():
    names = [layer.name for layer in CIFARResNet(depth=8, width=3, dropout=0.3).layers]
    assert names[-3:] == ["pool", "dropout", "logits"]


# === Plain networks ===
@pytest.mark.parametrize("depth", [20, 32])
def test_a_plain_network_has_the_same_weights_and_nothing_goes_around(depth):
    plain, residual = (CIFARResNet(depth=depth, shortcut=shortcut) for shortcut in ("none", "padding"))
    assert [weight.path for weight in plain.weights] == [weight.path for weight in residual.weights]
    assert total(layer_table(plain)) == total(layer_table(residual))
    names = [layer.name for layer in plain.layers]
    assert not [name for name in names if name.endswith(("_add", "_shortcut"))]
    assert all(len(keras.tree.flatten(layer.input)) == 1 for layer in plain.layers[1:])


def test_projections_have_weights_where_the_size_changes():
    model = CIFARResNet(depth=20, shortcut="projection")
    names = [layer.name for layer in model.layers if "shortcut" in layer.name and layer.weights]
    assert names == [f"stage{stage}_block1_shortcut{part}" for stage in (2, 3) for part in ("", "_bn")]
    assert trainable(model) == 269_722 + 16 * 32 + 32 * 64 + 2 * (32 + 64)


@pytest.mark.slow
@pytest.mark.parametrize("depth", [20, 56, 110])
@pytest.mark.parametrize("config", [{}, {"shortcut": "none"}, {"preactivation": True}], ids=str)
def test_gradients_are_finite_and_not_zero_at_the_start(depth, config):
    if depth > 56 and keras.backend.backend() != "tensorflow":
        pytest.skip("the deepest take minutes to trace elsewhere")
    model = CIFARResNet((8, 8, 1), 5, depth, width=3, **config)
    images, labels = np.random.default_rng(0).random((16, 8, 8, 1), "float32"), np.arange(16) % 5
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    for path, gradient in gradients(model, images, labels, loss, training=True).items():
        assert np.isfinite(gradient).all(), path
        assert np.abs(gradient).max() > 0, path


# === PyTorch ===
def torch_resnet(channels, width, blocks, classes):
    """The same network in PyTorch."""
    from torch import nn

    def convolution(m, n, stride=1):
        return nn.Sequential(nn.Conv2d(m, n, 3, stride, padding=1, bias=False), nn.BatchNorm2d(n, eps=1e-5))

    class Block(nn.Module):
        def __init__(self, m, n, stride):
            super().__init__()
            self.stride, self.more = stride, n - m
            self.first, self.second = convolution(m, n, stride), convolution(n, n)

        def forward(self, x):
            shortcut = nn.functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.more))
            return (self.second(self.first(x).relu()) + shortcut).relu()

    class ResNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = convolution(channels, width)
            sizes = [(width, width, 1), (width, 2 * width, 2), (2 * width, 4 * width, 2)]
            self.blocks = nn.ModuleList(
                Block(*(size if block == 0 else (size[1], size[1], 1))) for size in sizes for block in range(blocks)
            )
            self.logits = nn.Linear(4 * width, classes)

        def features(self, images):
            found = [self.first(images.permute(0, 3, 1, 2)).relu()]  # (B, H, W, C) -> (B, C, H, W)
            for block in self.blocks:
                found.append(block(found[-1]))
            return found

        def forward(self, images):
            return self.logits(self.features(images)[-1].mean((2, 3)))

    return ResNet()


@pytest.fixture
def twins():
    """Two blocks a stage, odd and even sides, and weights and running statistics away from their initial values."""
    torch = pytest.importorskip("torch")
    model = model_case("resnet20").build(input_shape=(10, 13, 2), depth=14, width=3)
    twin = torch_resnet(2, 3, 2, 7)
    with torch.no_grad():
        for (_, theirs), ours in zip(normalizations(twin), normalizations(model), strict=True):
            theirs.running_mean.copy_(torch.tensor(convert_to_numpy(ours[1].moving_mean)))
            theirs.running_var.copy_(torch.tensor(convert_to_numpy(ours[1].moving_variance)))
    rng = np.random.default_rng(0)
    return model, twin, rng.random((5, 10, 13, 2), "float32"), rng.integers(0, 7, 5)


def normalizations(model):
    """The layers of batch normalisation with their names, of a Keras model or of a PyTorch module."""
    if isinstance(model, keras.Model):
        return [(layer.name, layer) for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    return [(name, part) for name, part in model.named_modules() if hasattr(part, "running_mean")]


@pytest.mark.slow
def test_answers_and_gradients_equal_pytorch_s(twins):
    model, twin, images, labels = twins
    assert_twins(model, twin.eval(), images, labels)


def test_every_block_answers_as_pytorch_s(twins):
    import torch

    model, twin, images, labels = twins
    assert_twins(model, twin.eval(), images, labels)  # it copies the weights
    names = ["act", *[f"{block}_act2" for block in BLOCKS]]
    ours = keras.Model(model.input, [model.get_layer(name).output for name in names])(images)
    for name, one, other in zip(names, ours, twin.features(torch.tensor(images)), strict=True):
        expected = other.detach().permute(0, 2, 3, 1)  # (B, C, H, W) -> (B, H, W, C)
        np.testing.assert_allclose(convert_to_numpy(one), expected, atol=1e-5, err_msg=name)


@pytest.mark.slow
def test_training_equals_pytorch_s(twins):
    import torch

    model, twin, images, labels = twins
    assert_twins(model, twin.eval(), images, labels)  # it copies the weights
    twin.train().zero_grad()
    logits = twin(torch.tensor(images))
    np.testing.assert_allclose(convert_to_numpy(model(images, training=True)), logits.detach(), atol=1e-5)
    for (name, ours), (_, theirs) in zip(normalizations(model), normalizations(twin), strict=True):
        np.testing.assert_allclose(convert_to_numpy(ours.moving_mean), theirs.running_mean, atol=1e-5, err_msg=name)

    torch.nn.functional.cross_entropy(logits, torch.tensor(labels, dtype=torch.int64)).backward()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    found = gradients(model, images, labels, loss, training=True)
    for (path, gradient), parameter in zip(found.items(), twin.parameters(), strict=True):
        np.testing.assert_allclose(in_torch_s_order(gradient), parameter.grad, atol=1e-5, err_msg=path)


# === Arguments ===
@pytest.mark.parametrize("depth", [9, 18, 21, 34, 111])
def test_a_depth_that_makes_no_three_equal_stages_is_refused(depth):
    with pytest.raises(ValueError, match=rf"depth must be 6n \+ 2, such as 20, 32, 44, 56 or 110: .*; got {depth}\."):
        CIFARResNet(depth=depth)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"depth": 2}, "depth must be a whole number of at least 8; got 2"),
        ({"depth": 20.0}, "depth must be a whole number of at least 8; got 20.0"),
        ({"width": 0}, "width must be a whole number of at least 1; got 0"),
        ({"input_shape": (32, 32)}, r"CIFARResNet takes images, input_shape=\(height, width, channels\)"),
        ({"shortcut": "pading"}, "unknown shortcut 'pading'; did you mean 'padding'"),
        ({"normalization": "bacth"}, "unknown normalization 'bacth'; did you mean 'batch'"),
        ({"classes": 1}, "classes must be a whole number of at least 2; got 1"),
        ({"dropout": 1}, r"dropout must be a number in \[0, 1\); got 1"),
        ({"activation": "rleu"}, "unknown activation 'rleu'; did you mean 'relu'"),
    ],
)
def test_impossible_arguments_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        CIFARResNet(**config)


def test_the_smallest_images_and_the_narrowest_maps_work():
    model = CIFARResNet(input_shape=(1, 1, 1), depth=8, width=1)
    assert convert_to_numpy(model(np.ones((2, 1, 1, 1), "float32"))).shape == (2, 10)
