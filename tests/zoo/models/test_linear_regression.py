"""Linear regression against the closed form of least squares."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.data import load_data
from gradschool.zoo.layers.losses import get_loss
from gradschool.zoo.models.linear_regression import LinearRegression


def windows_of_a_series(days=60, window=5):
    series = np.random.default_rng(0).normal(size=days).cumsum() * 0.1
    windows = np.lib.stride_tricks.sliding_window_view(series, window + 1).astype("float32")
    return windows[:, :window], windows[:, window:]


def test_gradient_descent_on_l2_finds_the_closed_form():
    windows, next_day = windows_of_a_series()
    solution, *_ = np.linalg.lstsq(np.column_stack([windows, np.ones(len(windows))]), next_day, rcond=None)
    model = LinearRegression(input_shape=(5,), dtype="float32")
    model.set_weights([solution[:5] + 0.3, solution[5] - 0.3])
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.03, 3000)), get_loss("l2"))
    batch = len(windows)
    model.fit(np.tile(windows, (3000, 1)), np.tile(next_day, (3000, 1)), batch_size=batch, shuffle=False, verbose=0)
    expected = np.column_stack([windows, np.ones(batch)]) @ solution
    np.testing.assert_allclose(model.predict(windows, verbose=0), expected, atol=2e-3)


def test_is_the_weighted_sum_of_the_window():
    windows, _ = windows_of_a_series()
    model = LinearRegression(input_shape=(5,), kernel_initializer="gaussian")
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(convert_to_numpy(model(windows)), windows @ kernel + bias, atol=1e-6)


@pytest.mark.parametrize("shape", [(0,), (28, 1), ("week",)])
def test_windows_that_are_none_are_refused(shape):
    with pytest.raises(ValueError, match="input_shape"):
        LinearRegression(input_shape=shape)


def test_data_for_classification_are_refused():
    class Digits:
        name, task, input_shape, classes = "digits", "classification", (28, 28, 1), 10

    with pytest.raises(ValueError, match="LinearRegression is for regression; digits is for classification"):
        LinearRegression.config_for(Digits)


def test_data_of_several_steps_ahead_are_refused():
    description = load_data("channel_views", horizon=3).description
    with pytest.raises(ValueError, match=r"predicts one value; channel_views asks for 3.*horizon=1"):
        LinearRegression.config_for(description)
