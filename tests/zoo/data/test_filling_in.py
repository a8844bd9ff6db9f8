"""Filling in against a plain loop; the past says nothing about a gap."""

import numpy as np
import pytest

from gradschool.zoo.data import load_data


@pytest.mark.parametrize(("steps", "numbers"), [(4, 2), (12, 5), (32, 8)])
def test_gaps_follow_from_both_neighbours(steps, numbers):
    data = load_data("filling_in", steps=steps, numbers=numbers, samples=100)
    x, y = data.arrays("train")
    for shown, wanted in zip(x.tolist(), y.tolist(), strict=True):
        gaps = [place for place, token in enumerate(shown) if token == numbers + 1]
        assert [gap // 4 for gap in gaps] == list(range(steps // 4))
        for place, (token, number) in enumerate(zip(shown, wanted, strict=True)):
            if place in gaps:
                assert number == ((shown[place - 1] - 1) + (shown[place + 1] - 1)) % numbers
            else:
                assert number == token - 1
    assert data.description.classes == numbers == len(data.description.class_names)
    assert data.description.input_tokens == numbers + 2


def test_the_past_says_nothing_about_a_gap_and_both_neighbours_say_all():
    x, y = load_data("filling_in").arrays("train")
    row, place = np.nonzero(x == 9)
    before, after, missing = x[row, place - 1] - 1, x[row, place + 1] - 1, y[row, place]
    given_before = np.zeros((8, 8))
    np.add.at(given_before, (before, missing), 1)
    np.testing.assert_allclose(
        given_before / given_before.sum(axis=1, keepdims=True), np.full((8, 8), 1 / 8), atol=0.02
    )
    assert len(set(zip(before.tolist(), after.tolist(), missing.tolist(), strict=True))) == 64


def test_the_ceiling_of_the_past_is_the_share_of_what_is_shown_and_a_guess_for_the_rest():
    data = load_data("filling_in")
    x, y = data.arrays("train")
    best = np.where(x == 9, np.bincount(y[x == 9]).argmax(), x - 1)
    assert data.description.baselines["token_accuracy"] == pytest.approx((best == y).mean(), abs=0.003)
    assert data.description.baselines["nats"] == pytest.approx((x == 9).mean() * np.log(8))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 30}, "steps must be a multiple of 4, .*; got 30"),
        ({"steps": 0}, "steps must be a whole number of at least 4; got 0"),
        ({"numbers": 1}, "numbers must be a whole number of at least 2; got 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        load_data("filling_in", **options)
