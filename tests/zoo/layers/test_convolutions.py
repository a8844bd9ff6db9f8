"""Grouped and strided 1x1 convolutions are Keras's own, with gradients where Keras's have none, or wrong ones."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradients import gradients
from gradschool.zoo.inspection.layer_table import layer_table
from gradschool.zoo.layers.grouped_convolution import GroupedConv2D
from gradschool.zoo.layers.pointwise_convolution import StridedPointwiseConv2D
from torch_twin import in_torch_s_order


def maps(height=8, width=10, channels=4):
    return np.random.default_rng(0).normal(size=(3, height, width, channels)).astype("float32")


def gradients_of_half_the_squares(layer, x):
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    found = gradients(model, x, None, lambda _, y: keras.ops.sum(keras.ops.square(y)) / 2)
    return list(found.values())


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_groups_equal_pytorch_s_and_keras_s(padding):
    torch = pytest.importorskip("torch")
    x, layer = maps(), GroupedConv2D(6, 3, groups=2, padding=padding)
    theirs, ours = keras.layers.Conv2D(6, 3, groups=2, padding=padding), convert_to_numpy(layer(x))
    theirs.build(x.shape)
    theirs.set_weights(layer.get_weights())
    np.testing.assert_allclose(ours, convert_to_numpy(theirs(x)), atol=1e-5)

    twin = torch.nn.Conv2d(4, 6, 3, groups=2, padding=1 if padding == "same" else 0)
    with torch.no_grad():
        twin.weight.copy_(torch.tensor(in_torch_s_order(convert_to_numpy(layer.kernel))))
        twin.bias.zero_()
    y = twin(torch.tensor(x).permute(0, 3, 1, 2))  # (B, H, W, C) -> (B, C, H, W)
    np.testing.assert_allclose(ours, y.detach().permute(0, 2, 3, 1), atol=1e-5)
    (y.square().sum() / 2).backward()
    for ours, theirs in zip(gradients_of_half_the_squares(layer, x), (twin.weight, twin.bias), strict=True):
        np.testing.assert_allclose(in_torch_s_order(ours), theirs.grad, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("height", "width"), [(8, 10), (9, 7), (1, 2)])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_strided_1x1_convolution_is_a_product_at_every_sth_pixel(height, width, stride):
    x, layer = maps(height, width, 3), StridedPointwiseConv2D(6, stride)
    y, kernel = convert_to_numpy(layer(x)), convert_to_numpy(layer.kernel)[0, 0]
    kept = x[:, ::stride, ::stride]
    np.testing.assert_allclose(y, kept @ kernel, atol=1e-5)
    assert y.shape[1:] == layer.compute_output_shape((None, *x.shape[1:]))[1:]
    by_kernel, by_bias = gradients_of_half_the_squares(layer, x)
    np.testing.assert_allclose(by_kernel[0, 0], np.einsum("bhwm,bhwn->mn", kept, y), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(by_bias, y.sum((0, 1, 2)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("layer", [GroupedConv2D(6, 3, groups=2, name="one"), StridedPointwiseConv2D(6, 2, name="one")])
def test_configs_make_the_same_and_the_table_counts_them(layer):
    copy = type(layer).from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    (row,) = layer_table(keras.Sequential([keras.Input((8, 10, 4)), copy]))
    assert row.parameters == {GroupedConv2D: 9 * 2 * 6 + 6, StridedPointwiseConv2D: 4 * 6 + 6}[type(layer)]
    assert row.multiply_adds == {GroupedConv2D: 6 * 8 * 9 * 2 * 6, StridedPointwiseConv2D: 4 * 5 * 4 * 6}[type(layer)]
