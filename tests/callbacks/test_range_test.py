"""The reading of a learning-rate range test, on curves whose answer is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from gradschool.callbacks.range_test import (
    exponential_rates,
    has_diverged,
    moving_mean,
    rate_of_lowest_loss,
    steepest_rate,
)

RATES = np.geomspace(1e-6, 10, 211)  # thirty a decade


def a_test(falls_at=1e-2, rises_at=1.0, start=2.3, end=0.3):
    """The losses of a test in which most is learned around one rate, and which diverges from another on."""
    decades = np.log10(RATES)
    fall = 1 / (1 + np.exp(-6 * (decades - np.log10(falls_at))))
    rise = np.maximum(0.0, decades - np.log10(rises_at))
    return start - (start - end) * fall + 40 * rise**2


def test_rates_are_those_of_numpy():
    rate = exponential_rates(1e-4, 1.0, 9)
    rates = [float(ops.convert_to_numpy(rate(ops.convert_to_tensor(step, "float32")))) for step in range(9)]
    np.testing.assert_allclose(rates, np.geomspace(1e-4, 1.0, 9), rtol=1e-5)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40), st.integers(1, 12))
def test_the_moving_mean_is_the_mean_of_what_lies_around(losses, width):
    smoothed = moving_mean(losses, width)
    for number in range(len(losses)):
        half = min(width // 2, number, len(losses) - 1 - number)
        np.testing.assert_allclose(smoothed[number], np.mean(losses[number - half : number + half + 1]), atol=1e-9)


def test_a_straight_line_is_not_bent_by_smoothing():
    np.testing.assert_allclose(moving_mean(np.arange(30.0), 7), np.arange(30.0))


@pytest.mark.parametrize("falls_at", [1e-4, 1e-2])
def test_the_steepest_rate_is_where_the_loss_falls_fastest(falls_at):
    assert steepest_rate(RATES, a_test(falls_at)) == pytest.approx(falls_at, rel=0.05)


def test_the_lowest_loss_lies_where_the_rise_begins():
    assert 0.2 < rate_of_lowest_loss(RATES, a_test()) <= 1.1


@pytest.mark.parametrize("seed", range(5))
def test_noise_does_not_mislead(seed):
    noisy = a_test() + 0.15 * np.random.default_rng(seed).normal(size=len(RATES))
    smoothed = moving_mean(noisy, 10)
    assert 3e-3 < steepest_rate(RATES, smoothed) < 3e-2
    assert 0.1 < rate_of_lowest_loss(RATES, smoothed) < 1.5


def test_a_loss_that_only_rises_has_no_steepest_rate():
    assert steepest_rate(RATES, np.linspace(1, 2, len(RATES))) is None


def test_losses_that_are_no_numbers_do_not_count():
    losses = [*a_test()[:150], math.nan]
    assert steepest_rate(RATES[:151], losses) == pytest.approx(1e-2, rel=0.05)


def test_steps_at_one_and_the_same_rate_have_no_slope():
    rates = [*[1e-6] * 12, *RATES[100:]]  # the first updates were left out
    with np.errstate(all="raise"):
        assert steepest_rate(rates, [*[2.3] * 12, *a_test()[100:]]) == pytest.approx(1e-2, rel=0.05)
        assert steepest_rate([1e-6] * 12, np.linspace(2, 1, 12)) is None


# === Divergence ===
def stops_after(losses, width=5, stop_at=4.0):
    return next((n for n in range(1, len(losses) + 1) if has_diverged(losses[:n], width, stop_at)), None)


def test_a_loss_of_four_times_the_lowest_has_diverged():
    assert stops_after([1.0] * 20 + [3.9] * 20) is None
    assert stops_after([1.0] * 20 + [4.1] * 20) == 25  # once all of the last five are


def test_one_bad_batch_is_no_divergence():
    assert stops_after([1.0] * 20 + [10.0] + [1.0] * 20) is None


def test_a_loss_close_to_zero_may_multiply():
    assert stops_after([1.0] * 20 + [1e-5] * 20 + [1e-3] * 20) is None


def test_losses_below_zero_are_measured_from_the_lowest():
    assert stops_after([-1.0] * 20 + [-2.0] * 20 + [3.9] * 20) is None
    assert stops_after([-1.0] * 20 + [-2.0] * 20 + [4.1] * 20) == 45


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_no_number_is_divergence_at_once(bad):
    assert stops_after([1.0, 1.0, bad], stop_at=math.inf) == 3
