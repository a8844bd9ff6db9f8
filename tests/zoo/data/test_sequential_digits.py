"""The embedded digits, read row by row or pixel by pixel."""

import numpy as np
import pytest

from gradschool.zoo.data import load_data


def pixels(part):
    return load_data("digits").arrays(part)[0].reshape(-1, 784)


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_the_same_digits_standardised(part):
    images = pixels(part)
    x, y = load_data("sequential_digits").arrays(part)
    assert x.shape == (len(images), 28, 28)
    assert x.dtype == "float32"
    mean, std = pixels("train").mean(dtype="float64"), pixels("train").std(dtype="float64")
    np.testing.assert_allclose(x.reshape(-1, 784), (images - mean) / std, atol=1e-5)
    np.testing.assert_array_equal(y, load_data("digits").arrays(part)[1])


@pytest.mark.parametrize("by", ["rows", "pixels"])
def test_an_order_is_drawn_once_for_all(by):
    plain = load_data("sequential_digits", by=by)
    steps = plain.description.input_shape[0]
    assert plain.description.input_shape == {"rows": (28, 28), "pixels": (784, 1)}[by]
    orders = []
    for options in ({}, {"seed": 0, "permutation_seed": 0}, {"permutation_seed": 1}):
        shuffled = load_data("sequential_digits", by=by, permuted=True, **options)
        for part in ("train", "test"):
            ours, theirs = shuffled.arrays(part)[0], plain.arrays(part)[0]
            np.testing.assert_array_equal(np.sort(ours, axis=1), np.sort(theirs, axis=1))
        orders.append(shuffled.arrays("train")[0])
    np.testing.assert_array_equal(orders[0], orders[1])
    assert (orders[0] != orders[2]).any()
    assert steps == orders[0].shape[1]


@pytest.mark.parametrize("by", ["rows", "pixels"])
def test_no_step_is_taken_for_padding(by):
    for part in ("train", "validation", "test"):
        assert load_data("sequential_digits", by=by).arrays(part)[0].any(axis=2).all()


def test_options_that_make_no_sense():
    with pytest.raises(ValueError, match="by must be 'rows' or 'pixels'"):
        load_data("sequential_digits", by="columns")
    with pytest.raises(ValueError, match="permuted is True or False"):
        load_data("sequential_digits", permuted=1)
    with pytest.raises(ValueError, match="permutation_seed must be a whole number"):
        load_data("sequential_digits", permutation_seed=-1)
