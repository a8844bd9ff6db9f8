"""Intervals against SciPy's own, and how often they cover the truth in simulated experiments."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from gradschool.callbacks.study.confidence import mean_interval, paired_interval

RNG = np.random.default_rng(1908)
figures = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=12)


@given(figures, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_the_interval_of_a_mean_is_scipys(values, confidence):
    assume(np.std(values) > 1e-6 * max(map(abs, values)))  # SciPy warns of what it cannot tell apart
    ours, theirs = mean_interval(values, confidence), stats.ttest_1samp(values, 0.0)
    low, high = theirs.confidence_interval(confidence)
    np.testing.assert_allclose([ours.mean, ours.low, ours.high], [np.mean(values), low, high], rtol=1e-9, atol=1e-7)


def test_the_interval_of_paired_differences_is_scipys():
    first, second = RNG.normal(size=7), RNG.normal(size=7)
    expected = stats.ttest_rel(first, second).confidence_interval(0.95)
    ours = paired_interval(first, second)
    np.testing.assert_allclose([ours.low, ours.high], [expected.low, expected.high], rtol=1e-12)


def test_several_comparisons_share_the_error():
    first, second = RNG.normal(size=6), RNG.normal(size=6)
    expected = stats.ttest_rel(first, second).confidence_interval(1 - 0.05 / 7)
    ours = paired_interval(first, second, comparisons=7)
    np.testing.assert_allclose([ours.low, ours.high], [expected.low, expected.high], rtol=1e-12)


@pytest.mark.parametrize("runs", [3, 5])
def test_the_interval_covers_the_truth_as_often_as_it_says_and_a_bootstrap_does_not(runs):
    experiments, truth = 4000, 0.9
    drawn = RNG.normal(truth, 0.02, size=(experiments, runs))
    covered = np.mean([one.low <= truth <= one.high for one in map(mean_interval, drawn)])
    assert 0.94 < covered < 0.96
    low, high = np.quantile(_bootstrap_means(drawn), [0.025, 0.975], axis=-1)
    assert np.mean((low <= truth) & (truth <= high)) < 0.9


def _bootstrap_means(drawn, resamples=400):
    experiments, runs = drawn.shape
    chosen = RNG.integers(0, runs, size=(experiments, resamples, runs))
    return np.take_along_axis(drawn[:, None, :], chosen, axis=-1).mean(axis=-1)


def test_pairing_narrows_the_interval_of_runs_that_have_something_in_common():
    seeds = RNG.normal(0.9, 0.05, size=8)  # what a seed makes easy or hard, for both
    first, second = seeds + RNG.normal(0.01, 0.002, size=8), seeds + RNG.normal(0, 0.002, size=8)
    paired = paired_interval(first, second)
    apart = stats.ttest_ind(first, second).confidence_interval(0.95)
    assert paired.high - paired.low < 0.1 * (apart.high - apart.low)
    assert paired.excludes_zero
    assert apart.low < 0 < apart.high


@pytest.mark.slow
def test_paired_differences_of_all_comparisons_hold_together():
    methods, runs, experiments = 5, 4, 1500
    held = 0
    for _ in range(experiments):
        common = RNG.normal(size=runs)
        found = common + RNG.normal(size=(methods, runs))
        all_of_them = [paired_interval(one, found[0], comparisons=methods - 1) for one in found[1:]]
        held += not any(one.excludes_zero for one in all_of_them)  # the truth: no method is better
    assert held / experiments > 0.94


def test_one_run_has_no_interval():
    found = mean_interval([0.5])
    assert found.mean == 0.5
    assert np.isnan([found.low, found.high]).all()
    assert not found.excludes_zero


def test_equal_figures_have_an_interval_of_no_width():
    found = mean_interval([0.25, 0.25, 0.25])
    assert (found.low, found.mean, found.high) == (0.25, 0.25, 0.25)


@pytest.mark.parametrize("diverged", [np.nan, np.inf])
def test_a_run_that_diverged_leaves_no_figure(diverged):
    assert np.isnan(mean_interval([0.5, diverged]).mean)
    assert np.isnan(paired_interval([0.5, diverged], [0.5, diverged]).mean)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: mean_interval([]), r"at least one figure; got shape \(0,\)"),
        (lambda: mean_interval([1.0, 2.0], confidence=95), "confidence must be between 0 and 1, such as 0.95; got 95"),
        (lambda: paired_interval([1.0], [1.0, 2.0]), "equally many; got 1 and 2"),
        (lambda: paired_interval([1.0], [1.0], comparisons=0), "comparisons must be at least 1; got 0"),
    ],
)
def test_refusals(call, says):
    with pytest.raises(ValueError, match=says):
        call()
