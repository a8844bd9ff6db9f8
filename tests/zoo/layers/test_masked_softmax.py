"""The softmax of attention against its definition."""

import keras
import numpy as np
import pytest
from keras import ops

from gradients import input_gradient
from gradschool.zoo.layers.masked_softmax import masked_softmax

SCORES = np.random.default_rng(0).normal(scale=5, size=(3, 2, 7)).astype("float32")
MASK = np.random.default_rng(1).random((3, 1, 7)) < 0.6


def test_it_is_the_definition():
    powers = np.exp(SCORES.astype("float64")) * MASK
    found = ops.convert_to_numpy(masked_softmax(ops.convert_to_tensor(SCORES), ops.convert_to_tensor(MASK)))
    np.testing.assert_allclose(found, powers / powers.sum(-1, keepdims=True), atol=1e-6)


def test_a_row_with_nothing_to_attend_to_has_no_weights_and_no_nan_in_its_gradient():
    mask = ops.convert_to_tensor(np.zeros_like(MASK))
    assert not ops.convert_to_numpy(masked_softmax(ops.convert_to_tensor(SCORES), mask)).any()
    gradient = input_gradient(lambda scores: ops.square(masked_softmax(scores, mask)), SCORES)
    np.testing.assert_array_equal(gradient, np.zeros_like(SCORES))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_answered_in_kind_and_computed_in_float32(dtype):
    scores = ops.zeros((1, 5000), dtype)  # in float16, the sum of so many powers is not exact
    found = masked_softmax(scores)
    assert keras.backend.standardize_dtype(found.dtype) == dtype
    np.testing.assert_allclose(ops.convert_to_numpy(ops.cast(found, "float32")), 1 / 5000, rtol=4e-3)


def test_masked_scores_do_not_matter_however_large():
    spoilt = np.where(MASK, SCORES, 1e20).astype("float32")
    pair = [ops.convert_to_numpy(masked_softmax(ops.convert_to_tensor(one), MASK)) for one in (SCORES, spoilt)]
    np.testing.assert_array_equal(*pair)
