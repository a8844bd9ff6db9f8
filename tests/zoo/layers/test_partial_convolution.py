"""The partial convolution against its sum in plain loops, and against a full one with zeros."""

import json

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.layers.partial_convolution import PartialConv2D

CONNECTIONS = ((0, 2), (1,), (4, 0, 3), (0, 1, 2, 3, 4), (2, 3))  # in any order
MAPS = np.random.default_rng(0).normal(size=(2, 7, 11, 5)).astype("float32")


@pytest.fixture
def layer():
    layer = PartialConv2D(CONNECTIONS, kernel_size=3)
    layer.build(MAPS.shape)
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    return layer


def test_equals_the_sum_over_connected_maps_in_loops(layer):
    kernel, bias = (convert_to_numpy(weight) for weight in layer.weights)  # (3, 3, 13), (5,)
    expected = np.zeros((2, 5, 9, 5))
    for b, i, j in np.ndindex(2, 5, 9):
        pair = 0
        for m, inputs in enumerate(CONNECTIONS):
            expected[b, i, j, m] = bias[m]
            for c in inputs:
                expected[b, i, j, m] += np.sum(MAPS[b, i : i + 3, j : j + 3, c] * kernel[..., pair])
                pair += 1
    np.testing.assert_allclose(convert_to_numpy(layer(MAPS)), expected, atol=1e-5)
    assert layer.compute_output_shape(MAPS.shape) == expected.shape


def test_has_weights_for_connected_maps_only(layer):
    assert layer.count_params() == 13 * 9 + 5


def test_a_map_does_not_look_at_what_it_is_not_connected_to(layer):
    changed = MAPS.copy()
    changed[..., 1] += 1
    differs = np.abs(convert_to_numpy(layer(changed)) - convert_to_numpy(layer(MAPS))).max(axis=(0, 1, 2)) > 1e-6
    assert differs.tolist() == [1 in inputs for inputs in CONNECTIONS]


def test_connected_to_all_it_is_a_plain_convolution():
    layer, plain = PartialConv2D([range(5)] * 7, 3), keras.layers.Conv2D(7, 3)
    layer.build(MAPS.shape)
    plain.build(MAPS.shape)
    kernel = convert_to_numpy(plain.kernel)  # (3, 3, 5, 7)
    layer.set_weights([kernel.transpose(0, 1, 3, 2).reshape(3, 3, 35), np.zeros(7)])
    np.testing.assert_allclose(convert_to_numpy(layer(MAPS)), convert_to_numpy(plain(MAPS)), atol=1e-5)


def test_initial_weights_follow_each_map_s_own_number_of_inputs_and_differ():
    layer = PartialConv2D([(0, 1)] * 40 + [(0, 1, 2, 3, 4)] * 40, 5, kernel_initializer="he_uniform")
    layer.build((None, 7, 11, 5))
    kernel = convert_to_numpy(layer.kernel)  # (5, 5, 40 * 2 + 40 * 5)
    few, many = kernel[..., :80], kernel[..., 80:]
    for values, limit in ((few, np.sqrt(6 / 50)), (many, np.sqrt(6 / 125))):
        assert 0.99 * limit < np.abs(values).max() <= limit
    assert len(np.unique(kernel)) > 0.99 * kernel.size


def test_config_inverts_the_constructor_and_fits_into_json():
    layer = PartialConv2D(CONNECTIONS, 3, activation="tanh", kernel_initializer="he_normal")
    config = json.loads(json.dumps(layer.get_config()))
    assert json.dumps(PartialConv2D.from_config(config).get_config()) == json.dumps(config)


@pytest.mark.parametrize("inputs", [(0, 5), (-1,), (1, 1), ()])
def test_impossible_connections_are_refused(inputs):
    with pytest.raises(ValueError, match="connections must name different inputs from 0 to 4"):
        PartialConv2D([(0, 1), inputs], 3).build(MAPS.shape)


def test_maps_with_other_numbers_of_inputs_start_from_other_draws():
    """Three maps of two inputs and two of three need equally many values: drawn from one seed, they would be equal."""
    layer = PartialConv2D(((0, 1), (1, 2), (0, 2), (0, 1, 2), (1, 2, 3)), kernel_size=5)
    layer.build((1, 20, 20, 4))
    kernel = convert_to_numpy(layer.kernel)  # (5, 5, 12)
    assert not np.intersect1d(kernel[..., :6], kernel[..., 6:]).size
