"""Filling in against a plain loop; the past says nothing about a gap."""

import numpy as np
import pytest

from gradschool.zoo.data import load_data


@pytest.mark.parametrize(("steps", "numbers"), [(4, 2), (12, 5), (32, 8)])
@pytest.mark.parametrize("rule", ["sum", "modulo"])
def test_gaps_follow_from_both_neighbours(steps, numbers, rule):
    data = load_data("filling_in", rule=rule, steps=steps, numbers=numbers, samples=100)
    x, y = data.arrays("train")
    for shown, wanted in zip(x.tolist(), y.tolist(), strict=True):
        gaps = [place for place, token in enumerate(shown) if token == numbers + 1]
        assert [gap // 4 for gap in gaps] == list(range(steps // 4))
        for place, (token, number) in enumerate(zip(shown, wanted, strict=True)):
            if place in gaps:
                both = (shown[place - 1] - 1) + (shown[place + 1] - 1)
                assert number == (both if rule == "sum" else both % numbers)
            else:
                assert number == token - 1
    assert data.description.classes == (2 * numbers - 1 if rule == "sum" else numbers)
    assert data.description.classes == len(data.description.class_names)
    assert data.description.input_tokens == numbers + 2


def test_the_past_says_nothing_about_a_gap_and_both_neighbours_say_all():
    x, y = load_data("filling_in", rule="modulo").arrays("train")
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
    before = np.roll(x, 1, axis=1) - 1
    answers = np.stack([np.bincount(y[(x == 9) & (before == number)], minlength=15) for number in range(8)])
    filled = np.where(x == 9, answers.argmax(axis=1)[before % 8], x - 1)  # the likeliest after each number
    assert data.description.baselines["token_accuracy"] == pytest.approx((filled == y).mean(), abs=0.004)
    assert data.description.baselines["nats"] == pytest.approx((x == 9).mean() * np.log(8))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 30}, "steps must be a multiple of 4, .*; got 30"),
        ({"steps": 0}, "steps must be a whole number of at least 4; got 0"),
        ({"rule": "modul"}, "unknown rule 'modul'; did you mean 'modulo'"),
        ({"numbers": 1}, "numbers must be a whole number of at least 2; got 1"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        load_data("filling_in", **options)


def best_sum_of_what_past_and_future_say(classes):
    """The share of pairs for which some f_k(before) + g_k(after) is largest at the right k, by logistic regression."""
    from sklearn.linear_model import LogisticRegression

    pairs = np.array([(before, after) for before in range(8) for after in range(8)])
    inputs = np.eye(8)[pairs].reshape(64, 16)
    targets = pairs.sum(axis=1) % classes
    return LogisticRegression(C=1e6, max_iter=5000).fit(inputs, targets).score(inputs, targets)


def test_one_layer_that_adds_up_both_directions_can_learn_the_sum_and_not_the_sum_modulo():
    assert best_sum_of_what_past_and_future_say(15) == 1
    assert best_sum_of_what_past_and_future_say(8) < 0.5
