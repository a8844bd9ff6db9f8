"""Derivatives on whatever back end there is, against formulas."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from gradschool.zoo.inspection.gradients import gradient
from gradschool.zoo.layers.dropout import Dropout


def test_a_function_s_derivative():
    at = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    np.testing.assert_allclose(gradient(lambda x: ops.sin(x) * x, at), np.cos(at) * at + np.sin(at), rtol=1e-5)


def test_each_sample_gets_its_own():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, "tanh"), Dropout(0.5), layers.BatchNormalization()])
    at = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    together = gradient(lambda x: model(x, training=False), at)
    one_by_one = [gradient(lambda x: model(x, training=False), at[i : i + 1])[0] for i in range(4)]
    np.testing.assert_allclose(together, one_by_one, rtol=1e-5, atol=1e-6)


def test_what_it_does_not_depend_on_has_none():
    at = np.ones((2, 3), "float32")
    assert not gradient(lambda x: ops.ones((2,)), at).any()
    assert not gradient(lambda x: ops.stop_gradient(x), at).any()


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_gives_float32(policy):
    layer = layers.Dense(1, kernel_initializer="ones", dtype=policy)
    slopes = gradient(layer, np.ones((2, 3), "float32"))
    assert slopes.dtype == np.float32
    np.testing.assert_array_equal(slopes, np.ones((2, 3)))
