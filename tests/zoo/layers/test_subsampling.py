"""Trainable subsampling against its equation in plain loops."""

import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.layers.subsampling import TrainableSubsampling

MAPS = np.random.default_rng(0).normal(size=(2, 6, 10, 3)).astype("float32")


@pytest.mark.parametrize("size", [2, 3])
def test_equals_the_equation_in_loops(size):
    layer = TrainableSubsampling(size, activation="tanh")
    layer.build(MAPS.shape)
    coefficient, bias = np.array([0.5, -1.5, 2.0]), np.array([0.1, 0.2, -0.3])
    layer.set_weights([coefficient, bias])
    expected = np.zeros((2, 6 // size, 10 // size, 3))
    for b, i, j, c in np.ndindex(expected.shape):
        patch = MAPS[b, i * size : (i + 1) * size, j * size : (j + 1) * size, c]
        expected[b, i, j, c] = np.tanh(coefficient[c] * patch.sum() + bias[c])
    np.testing.assert_allclose(convert_to_numpy(layer(MAPS)), expected, atol=1e-6)
    assert layer.compute_output_shape(MAPS.shape) == expected.shape


def test_starts_as_a_plain_mean():
    expected = MAPS.reshape(2, 3, 2, 5, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(convert_to_numpy(TrainableSubsampling()(MAPS)), expected, atol=1e-6)


def test_config_inverts_the_constructor():
    layer = TrainableSubsampling(3, activation="logistic", name="S2")
    assert TrainableSubsampling.from_config(layer.get_config()).get_config() == layer.get_config()
