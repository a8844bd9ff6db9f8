"""Codes are fixed, of ones and minus ones, and no two are alike."""

import numpy as np
import pytest

from gradschool.zoo.layers.class_codes import class_codes, digit_bitmaps


@pytest.mark.parametrize("classes", [2, 10, 26, 100])
def test_codes_are_fixed_and_far_apart(classes):
    codes = class_codes(classes)
    assert codes.shape == (classes, 84)
    assert set(np.unique(codes)) == {-1, 1}
    np.testing.assert_array_equal(codes, class_codes(classes))
    different = (codes[:, None] != codes[None]).sum(-1)[~np.eye(classes, dtype=bool)]
    assert different.min() >= 15  # of 84: the digits 5 and 6 are the closest


def test_digits_are_drawn_upright_in_rows_of_seven():
    one, seven = digit_bitmaps()[[1, 7]]
    assert one.shape == (12, 7)
    assert (one[1:, 2:4] == 1).all()  # the stem
    assert (seven[:2] == 1).all()  # the bar on top
    assert (seven[2:] == 1).sum(axis=1).tolist() == [2] * 10  # and a thin stroke below


def test_what_looks_alike_has_similar_codes():
    codes = class_codes(10)
    closest = (codes @ codes.T - 85 * np.eye(10)).argmax(axis=1)
    assert (closest[5], closest[6]) == (6, 5)
