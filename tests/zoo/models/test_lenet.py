"""LeNet-5 against the same net in PyTorch, and against its table."""

import numpy as np
import pytest

from gradschool.zoo.models.lenet import LeNet5
from torch_twin import assert_twins

TABLE = {
    "conv1": ((28, 28, 6), 156),
    "pool1": ((14, 14, 6), 0),
    "conv2": ((10, 10, 16), 2_416),
    "pool2": ((5, 5, 16), 0),
    "flatten": ((400,), 0),
    "dense1": ((120,), 48_120),
    "dense2": ((84,), 10_164),
    "logits": ((10,), 850),
}


def test_layers_are_those_of_the_table():
    layers = {layer.name: (layer.output.shape[1:], layer.count_params()) for layer in LeNet5().layers[1:]}
    assert layers == TABLE


@pytest.mark.parametrize(("activation", "theirs"), [("tanh", "Tanh"), ("relu", "ReLU")])
def test_answers_and_gradients_equal_pytorch_s(activation, theirs):
    torch = pytest.importorskip("torch")
    nn = torch.nn

    class Twin(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(3, 6, 5, padding="same"), nn.Conv2d(6, 16, 5)
            self.dense1, self.dense2, self.logits = nn.Linear(16 * 2 * 4, 120), nn.Linear(120, 84), nn.Linear(84, 7)
            self.pool, self.squash = nn.AvgPool2d(2), getattr(nn, theirs)()

        def forward(self, images):
            x = images.permute(0, 3, 1, 2)  # (B, H, W, C) -> (B, C, H, W)
            x = self.pool(self.squash(self.conv1(x)))
            x = self.pool(self.squash(self.conv2(x)))
            x = x.permute(0, 2, 3, 1).flatten(1)  # Keras flattens with the channels last
            return self.logits(self.squash(self.dense2(self.squash(self.dense1(x)))))

    rng = np.random.default_rng(0)
    images, labels = rng.random((5, 17, 25, 3), "float32"), rng.integers(0, 7, 5)
    assert_twins(LeNet5((17, 25, 3), 7, activation=activation), Twin(), images, labels)


def test_dropout_stands_behind_both_dense_layers():
    names = [layer.name for layer in LeNet5(dropout=0.3).layers]
    assert names[-5:] == ["dense1", "dropout1", "dense2", "dropout2", "logits"]


def test_the_smallest_images_work():
    assert LeNet5(input_shape=(12, 12, 1)).output_shape == (None, 10)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"input_shape": (11, 28, 1)}, r"LeNet5 needs images of at least 12x12 pixels; got input_shape=\(11, 28, 1\)"),
        ({"input_shape": (28, 28)}, r"input_shape=\(height, width, channels\)"),
        ({"classes": 0}, "classes must be a whole number of at least 2; got 0"),
        ({"activation": "thanh"}, "unknown activation 'thanh'; did you mean 'tanh'"),
    ],
)
def test_impossible_arguments_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        LeNet5(**config)
