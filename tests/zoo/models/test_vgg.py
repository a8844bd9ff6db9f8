"""VGG against the paper's and peers' counts; `test_keras_applications.py` compares its answers."""

import keras
import numpy as np
import pytest

from gradients import gradients
from gradschool.zoo.inspection.layer_table import layer_table
from gradschool.zoo.models.vgg import CONVOLUTIONS, VGG


@pytest.mark.parametrize(
    ("depth", "millions", "parameters"),
    [(11, 133, 132_863_336), (13, 133, 133_047_848), (16, 138, 138_357_544), (19, 144, 143_667_240)],
)
def test_parameters_are_those_of_table_2(depth, millions, parameters):
    model = VGG(depth=depth, kernel_initializer="zeros")
    assert model.count_params() == parameters
    assert round(parameters / 1e6) == millions
    assert sum(row.multiply_adds > 0 for row in layer_table(model)) == depth


@pytest.mark.parametrize("depth", CONVOLUTIONS)
@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_gradients_are_finite_and_not_zero_at_the_start(depth, normalization):
    model = VGG((32, 32, 3), 7, depth, width=4, normalization=normalization)
    rng = np.random.default_rng(0)
    images, labels = rng.random((16, 32, 32, 3), "float32"), np.arange(16) % 7
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    for path, gradient in gradients(model, images, labels, loss, training=True).items():
        assert np.isfinite(gradient).all(), path
        assert np.abs(gradient).max() > 0, path


def test_a_normalised_convolution_has_no_bias():
    names = [weight.path for weight in VGG((32, 32, 3), 7, 11, width=2, normalization="batch").weights]
    assert "stage1_conv1/kernel" in names
    assert "stage1_conv1_bn/beta" in names
    assert "stage1_conv1/bias" not in names


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"depth": 12}, "depth must be one of 11, 13, 16, 19; got 12"),
        ({"depth": [16]}, r"depth must be one of .*; got \[16\]"),
        ({"input_shape": (31, 64, 3)}, r"VGG needs images of at least 32x32 pixels; got input_shape=\(31, 64, 3\)"),
        ({"input_shape": (64,)}, r"VGG takes images, input_shape=\(height, width, channels\)"),
        ({"classes": 0}, "classes must be a whole number of at least 2; got 0"),
        ({"dropout": 1.0}, r"dropout must be a number in \[0, 1\); got 1.0"),
    ],
)
def test_impossible_arguments_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        VGG(**config)
