"""ADALINE against Widrow and Hoff's rule, written out in NumPy, and against least squares."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.layers.losses import get_loss
from gradschool.zoo.models.adaline import ADALINE

ETA = 0.05


@pytest.mark.parametrize("units", [1, 3])
def test_plain_fit_is_the_lms_rule_sample_by_sample(units):
    rng = np.random.default_rng(0)
    x, targets = rng.normal(size=(40, 5)).astype("float32"), np.sign(rng.normal(size=(40, units)))
    w, b = rng.normal(size=(5, units)), rng.normal(size=units)
    model = ADALINE(input_shape=(5,), units=units)
    model.set_weights([w, b])
    model.compile(keras.optimizers.SGD(ETA), get_loss("half_squared_error"))
    for sample, target in zip(x, targets, strict=True):
        error = target - (sample @ w + b)
        w, b = w + ETA * np.outer(sample, error), b + ETA * error  # w <- w + eta (t - z) x
        model.train_on_batch(sample[None], target[None])
        np.testing.assert_allclose(convert_to_numpy(model.get_layer("sums").kernel), w, atol=1e-5)
        np.testing.assert_allclose(convert_to_numpy(model.get_layer("sums").bias), b, atol=1e-5)


def test_settles_at_the_least_squares_solution_where_no_line_fits():
    rows = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
    targets = np.array([[-1], [1], [1], [-1]], "float32")  # XOR
    model = ADALINE(kernel_initializer="gaussian")
    model.compile(keras.optimizers.SGD(0.3), get_loss("half_squared_error"))
    model.fit(np.tile(rows, (200, 1)), np.tile(targets, (200, 1)), batch_size=4, shuffle=False, verbose=0)
    solution, *_ = np.linalg.lstsq(np.column_stack([rows, np.ones(4)]), targets, rcond=None)
    np.testing.assert_allclose(np.concatenate([w.ravel() for w in model.get_weights()]), solution.ravel(), atol=1e-3)


def test_data_with_more_than_two_classes_are_refused():
    class Ten:
        name, task, input_shape, classes, input_tokens = "digits", "classification", (28, 28, 1), 10, None

    with pytest.raises(ValueError, match="ADALINE tells two classes apart; digits has 10"):
        ADALINE.config_for(Ten)
