"""AlexNet against the paper's figures, layer by layer, and against the same net in PyTorch."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradients import gradients
from gradschool.zoo.inspection.layer_table import layer_table, total
from gradschool.zoo.models.alexnet import AlexNet
from gradschool.zoo.registry import create_model

OF_ONE_TOWER = {
    "conv1": (34_944, 105_415_200),
    "conv2": (614_656, 447_897_600),
    "conv3": (885_120, 149_520_384),
    "conv4": (1_327_488, 224_280_576),
    "conv5": (884_992, 149_520_384),
    "dense1": (37_752_832, 37_748_736),
    "dense2": (16_781_312, 16_777_216),
    "logits": (4_097_000, 4_096_000),
}


def test_one_tower_layer_by_layer():
    rows = {row.name: row for row in layer_table(AlexNet(kernel_initializer="zeros")) if row.parameters}
    assert {name: (row.parameters, row.multiply_adds) for name, row in rows.items()} == OF_ONE_TOWER
    assert total(list(rows.values())) == (62_378_344, 1_135_256_096)
    dense = [row for row in rows.values() if row.type == "Dense"]
    assert round(sum(row.parameters for row in dense) / 62_378_344, 2) == 0.94
    assert round(1 - sum(row.multiply_adds for row in dense) / 1_135_256_096, 2) == 0.95


def test_two_towers_halve_what_conv2_conv4_and_conv5_see():
    model = create_model("alexnet_two_tower")
    rows = {row.name: row for row in layer_table(model) if row.parameters}
    halved = {name for name, row in rows.items() if row.multiply_adds * 2 == OF_ONE_TOWER[name][1]}
    assert halved == {"conv2", "conv4", "conv5"}
    assert model.count_params() == 60_965_224
    maps = [model.get_layer(name).output.shape[1:] for name in ("conv1", "pool1", "pool2", "conv4", "pool5")]
    assert maps == [(55, 55, 96), (27, 27, 96), (13, 13, 256), (13, 13, 384), (6, 6, 256)]


def test_two_towers_begin_as_in_the_paper():
    model = create_model("alexnet_two_tower", input_shape=(67, 67, 3), classes=7, width=24)
    for name in ("conv1", "conv2", "conv3", "conv4", "conv5", "dense1", "dense2", "logits"):
        kernel, bias = map(convert_to_numpy, model.get_layer(name).weights)
        assert abs(kernel.std() / 0.01 - 1) < 0.1, name
        assert set(bias) == {1.0 if name in ("conv2", "conv4", "conv5", "dense1", "dense2") else 0.0}, name
    names = [layer.name for layer in model.layers]
    assert [name for name in names if "lrn" in name] == ["conv1_lrn", "conv2_lrn"]
    assert names.index("act1") < names.index("conv1_lrn") < names.index("pool1")


def torch_alexnet(width_of):
    """Two towers in PyTorch; takes `(B, H, W, C)`, and flattens as Keras does."""
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            c1, c2, c3, c4, c5 = (width_of[f"conv{number}"] for number in range(1, 6))
            self.convolutions = nn.ModuleList(
                [
                    nn.Conv2d(3, c1, 11, 4),
                    nn.Conv2d(c1, c2, 5, padding=2, groups=2),
                    nn.Conv2d(c2, c3, 3, padding=1),
                    nn.Conv2d(c3, c4, 3, padding=1, groups=2),
                    nn.Conv2d(c4, c5, 3, padding=1, groups=2),
                ]
            )
            d1, d2 = width_of["dense1"], width_of["dense2"]
            self.dense = nn.ModuleList([nn.Linear(c5, d1), nn.Linear(d1, d2), nn.Linear(d2, 7)])
            self.normalize = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)

        def forward(self, images):
            x = images.permute(0, 3, 1, 2)  # (B, H, W, C) -> (B, C, H, W)
            for number, convolve in enumerate(self.convolutions, start=1):
                x = convolve(x).relu()
                x = self.normalize(x) if number <= 2 else x
                x = nn.functional.max_pool2d(x, 3, 2) if number in (1, 2, 5) else x
            x = x.flatten(1)  # one pixel is left, so the order of axes does not matter
            return self.dense[2](self.dense[1](self.dense[0](x).relu()).relu())

    return Net()


def test_answers_and_gradients_equal_pytorch_s():
    pytest.importorskip("torch")
    from torch_twin import assert_twins

    model = AlexNet((67, 67, 3), 7, towers=2, width=6, normalization="local_response", bias_initializer="ones")
    width_of = {layer.name: layer.output.shape[-1] for layer in model.layers}
    assert model.get_layer("pool5").output.shape[1:3] == (1, 1)
    rng = np.random.default_rng(0)
    images, labels = rng.random((5, 67, 67, 3), "float32"), rng.integers(0, 7, 5)
    assert_twins(model, torch_alexnet(width_of).eval(), images, labels)


@pytest.mark.parametrize("towers", [1, 2])
def test_gradients_are_finite_and_not_zero_at_the_start(towers):
    name = "alexnet" if towers == 1 else "alexnet_two_tower"
    model = create_model(name, input_shape=(67, 67, 3), classes=7, width=12)
    images, labels = np.random.default_rng(0).random((8, 67, 67, 3), "float32"), np.arange(8) % 7
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    for path, gradient in gradients(model, images, labels, loss, training=True).items():
        assert np.isfinite(gradient).all(), path
        assert np.abs(gradient).max() > 0, path


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"input_shape": (66, 80, 3)}, r"AlexNet needs images of at least 67x67 pixels; got input_shape=\(66, 80, 3\)"),
        ({"towers": 3}, "towers must be 1, or 2 as in the paper; got 3"),
        ({"towers": 2, "width": 7}, "two towers share the maps: width must be even; got 7"),
        ({"normalization": "local"}, "unknown normalization 'local'; did you mean 'local_response'"),
        ({"classes": 1}, "classes must be a whole number of at least 2; got 1"),
    ],
)
def test_impossible_arguments_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        AlexNet(**config)
