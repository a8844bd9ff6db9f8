"""Residual blocks: what goes around, what goes through, and that both look at the same pixels."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradients import input_gradient
from gradschool.zoo.inspection.layer_table import layer_table
from gradschool.zoo.layers.residual import ZeroPaddedShortcut, residual_block
from gradschool.zoo.layers.style import Style

SIZES = [(7, 5), (8, 6), (7, 6), (1, 1)]


def style(activation="relu"):
    return Style(activation, "he_normal", "batch", "float32")


def maps(height, width, channels, count=3):
    return np.random.default_rng(0).normal(size=(count, height, width, channels)).astype("float32")


def block(shape, channels, stride=1, activation="relu"):
    x = keras.Input(shape)
    return keras.Model(x, residual_block(x, channels, stride, style=style(activation), name="block"))


# === The way around ===
@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_shortcut_keeps_every_sth_pixel_and_adds_maps_of_zeros(height, width, stride):
    x, layer = maps(height, width, 3), ZeroPaddedShortcut(5, stride)
    y = convert_to_numpy(layer(x))
    np.testing.assert_array_equal(y[..., :3], x[:, ::stride, ::stride])
    np.testing.assert_array_equal(y[..., 3:], 0)
    assert y.shape[1:] == layer.compute_output_shape((None, height, width, 3))[1:]


def test_a_shortcut_that_changes_no_size_is_the_identity():
    x = maps(7, 5, 3)
    np.testing.assert_array_equal(convert_to_numpy(ZeroPaddedShortcut(3)(x)), x)


def test_a_shortcut_hands_the_gradient_back_to_the_pixels_that_it_kept():
    expected = np.zeros((3, 7, 6, 3))
    expected[:, ::2, ::2] = 1
    np.testing.assert_array_equal(input_gradient(ZeroPaddedShortcut(5, stride=2), maps(7, 6, 3)), expected)


def test_a_shortcut_has_no_weights_and_multiplies_nothing():
    (row,) = layer_table(keras.Sequential([keras.Input((8, 6, 3)), ZeroPaddedShortcut(5, stride=2)]))
    assert (row.output_shape, row.parameters, row.multiply_adds) == ((4, 3, 5), 0, 0)


def test_a_shortcut_drops_no_maps():
    with pytest.raises(ValueError, match="channels must be at least the 3 maps that come in; got 2"):
        ZeroPaddedShortcut(2)(maps(7, 5, 3))


def test_a_shortcut_s_config_makes_the_same():
    layer = ZeroPaddedShortcut(5, stride=2, name="around")
    assert ZeroPaddedShortcut.from_config(layer.get_config()).get_config() == layer.get_config()


# === The block ===
@pytest.mark.parametrize(("channels", "stride"), [(3, 1), (5, 1), (3, 2), (5, 2)])
def test_a_block_that_has_learned_nothing_passes_its_input_on(channels, stride):
    x, model = maps(7, 6, 3), block((7, 6, 3), channels, stride, activation="tanh")
    model.get_layer("block_conv2").kernel.assign(np.zeros((3, 3, channels, channels)))
    expected = np.tanh(convert_to_numpy(ZeroPaddedShortcut(channels, stride)(x)))
    np.testing.assert_allclose(convert_to_numpy(model(x)), expected, atol=1e-6)


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("stride", [1, 2])
def test_a_convolution_stands_over_the_pixels_that_the_shortcut_keeps(height, width, stride):
    x, images = maps(height, width, 3), keras.Input((height, width, 3))
    model = keras.Model(images, style().convolve(images, 3, 3, stride, name="conv"))
    centre = np.zeros((3, 3, 3, 3))
    centre[1, 1] = np.eye(3)
    model.get_layer("conv").kernel.assign(centre)
    np.testing.assert_allclose(convert_to_numpy(model(x)), x[:, ::stride, ::stride], rtol=1e-6)


def test_only_a_block_that_changes_the_size_needs_a_layer_on_its_way_around():
    shortcuts = [
        [layer.name for layer in block((7, 6, 3), channels, stride).layers if isinstance(layer, ZeroPaddedShortcut)]
        for channels, stride in [(3, 1), (5, 1), (3, 2), (5, 2)]
    ]
    assert shortcuts == [[], ["block_shortcut"], ["block_shortcut"], ["block_shortcut"]]


def test_the_multiply_adds_of_a_block_by_hand():
    rows = {row.name: row.multiply_adds for row in layer_table(block((7, 6, 3), 5, stride=2)) if row.multiply_adds}
    assert rows == {"block_conv1": 4 * 3 * 5 * 9 * 3, "block_conv2": 4 * 3 * 5 * 9 * 5}
