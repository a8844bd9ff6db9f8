"""Distances from the codes, in plain loops."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.layers.class_codes import class_codes
from gradschool.zoo.layers.rbf import RBFCodes

X = np.random.default_rng(0).uniform(-1.7, 1.7, size=(3, 84)).astype("float32")


@pytest.mark.parametrize("classes", [10, 7])
def test_equals_equation_7_in_loops(classes):
    codes, expected = class_codes(classes), np.zeros((3, classes))
    for b, i in np.ndindex(expected.shape):
        expected[b, i] = -sum((X[b, j] - codes[i, j]) ** 2 for j in range(84))
    np.testing.assert_allclose(convert_to_numpy(RBFCodes(classes)(X)), expected, rtol=1e-5)


def test_cross_entropy_of_these_logits_is_equation_9_without_its_constant():
    labels, logits = np.array([3, 1, 4]), RBFCodes(10)(X)
    distances = -convert_to_numpy(logits).astype("float64")
    expected = np.mean(distances[np.arange(3), labels] + np.log(np.exp(-distances).sum(-1)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    np.testing.assert_allclose(float(loss(labels, logits)), expected, rtol=1e-5)


def test_a_code_itself_is_at_distance_zero_and_nothing_is_nearer():
    logits = convert_to_numpy(RBFCodes(10)(class_codes(10).astype("float32")))
    np.testing.assert_array_equal(np.diag(logits), np.zeros(10))
    assert (logits.argmax(-1) == np.arange(10)).all()


def test_codes_are_kept_with_the_weights_and_not_trained():
    layer = RBFCodes(10)
    layer.build((None, 84))
    assert not layer.trainable_weights
    np.testing.assert_array_equal(layer.get_weights()[0], class_codes(10))


def test_other_widths_are_refused():
    with pytest.raises(ValueError, match=r"codes of 84 values; got inputs of shape \(None, 85\)"):
        RBFCodes(10).build((None, 85))
