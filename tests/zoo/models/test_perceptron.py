"""The perceptron against Rosenblatt's rule, written out in NumPy and compared after every sample."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.layers.losses import get_loss
from gradschool.zoo.models.perceptron import Perceptron

ROWS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
ETA = 0.3


def step(name, z):
    return np.where(z >= 0, 1.0, 0.0 if name == "hardlim" else -1.0)


@pytest.mark.parametrize("activation", ["hardlim", "hardlims"])
@pytest.mark.parametrize("units", [1, 3])
def test_plain_fit_is_the_perceptron_rule_sample_by_sample(activation, units):
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(40, 5)).astype("float32"), rng.normal(size=(5, units)), rng.normal(size=units)
    targets = step(activation, rng.normal(size=(40, units)))
    model = Perceptron(input_shape=(5,), units=units, activation=activation)
    model.set_weights([w, b])
    model.compile(keras.optimizers.SGD(ETA), get_loss("half_squared_error"))
    corrections = 0
    for sample, target in zip(x, targets, strict=True):
        error = target - step(activation, sample @ w + b)
        corrections += np.any(error != 0)
        w, b = w + ETA * np.outer(sample, error), b + ETA * error  # w <- w + eta (t - y) x
        model.train_on_batch(sample[None], target[None])
        np.testing.assert_allclose(convert_to_numpy(model.get_layer("decisions").kernel), w, atol=1e-5)
        np.testing.assert_allclose(convert_to_numpy(model.get_layer("decisions").bias), b, atol=1e-5)
    assert corrections > 10


@pytest.mark.parametrize(
    ("targets", "separable"),
    [((0, 0, 0, 1), True), ((0, 1, 1, 1), True), ((1, 1, 1, 0), True), ((0, 1, 1, 0), False)],
    ids=["and", "or", "nand", "xor"],
)
def test_the_rule_finds_a_line_where_there_is_one(targets, separable):
    model, targets = Perceptron(), np.array(targets, "float32")[:, None]
    model.compile(keras.optimizers.SGD(1.0), get_loss("half_squared_error"))
    model.fit(np.tile(ROWS, (20, 1)), np.tile(targets, (20, 1)), batch_size=1, shuffle=False, verbose=0)
    assert np.array_equal(model.predict(ROWS, verbose=0), targets) == separable


def test_a_right_answer_changes_nothing():
    model = Perceptron()
    model.set_weights([np.array([[1.0], [1.0]]), np.array([-1.5])])  # AND
    model.compile(keras.optimizers.SGD(1.0), get_loss("half_squared_error"))
    model.fit(ROWS, np.array([0, 0, 0, 1]), epochs=2, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], [[1], [1]])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"activation": "relu"}, "unknown activation of a perceptron 'relu'; there are: hardlim, hardlims"),
        ({"activation": "hardlimt"}, "did you mean 'hardlim'"),
        ({"units": 0}, "units must be a whole number of at least 1; got 0"),
        ({"input_shape": (28, 28, 1)}, "input_shape must be a tuple of 1 whole numbers"),
    ],
)
def test_what_is_no_perceptron_is_refused(config, message):
    with pytest.raises(ValueError, match=message):
        Perceptron(**config)
