"""Each figure of a comparison against brute force, and on runs whose answer is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradschool.callbacks.keras_internals import is_higher_better
from gradschool.callbacks.study.measures import (
    excess,
    has_diverged,
    roughness,
    steps_to_target,
    usable_share,
)

losses = st.lists(st.floats(0.01, 5.0), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("val_accuracy", True),
        ("sparse_top_k_categorical_accuracy", True),
        ("auc", True),
        ("val_loss", False),
        ("mean_absolute_error", False),
        ("kl_divergence", False),
        ("val_perplexity", False),
        ("false_positives", False),
        ("val_false_negatives_1", False),
        ("false_acceptance_rate", False),
        ("true_positives", True),
        ("val_true_negatives", True),
        ("mape", False),
        ("val_msle", False),
        ("logcosh", False),
        ("val_huber", False),
        ("dice", False),
        ("kld", False),
        ("cosine_similarity", True),
    ],
)
def test_the_name_of_a_metric_tells_which_way_is_better(metric, expected):
    assert is_higher_better(metric) is expected


def test_a_name_that_does_not_tell_is_asked_about():
    with pytest.raises(ValueError, match="'val_wobble' is better cannot be told by its name: say higher_is_better"):
        is_higher_better("val_wobble")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0, 1), st.integers(1, 500))
def test_steps_to_a_target_by_brute_force(values, target, steps_per_epoch):
    met = np.flatnonzero(np.asarray(values) >= target)
    expected = (met[0] + 1) * steps_per_epoch if met.size else math.inf
    assert steps_to_target(values, target, True, steps_per_epoch) == expected
    mirrored = [-one for one in values]
    assert steps_to_target(mirrored, -target, False, steps_per_epoch) == expected


def test_a_metric_that_is_no_number_reaches_nothing():
    assert steps_to_target([math.nan, math.nan], 0.5, False, 10) == math.inf


@given(losses, st.floats(5.1, 9.0))
def test_roughness_counts_what_is_rising(values, untrained):
    rises = np.clip(np.diff(values), 0, None).sum() / (untrained - min(values))
    assert roughness(values, untrained) == pytest.approx(rises, abs=1e-9)
    assert roughness(sorted(values, reverse=True), untrained) == 0.0


def test_what_has_diverged_is_infinitely_rough():
    for values in ([1.0, math.inf], [math.nan, 1.0], [1.0, 3.0]):
        assert has_diverged(values, 2.5)
        assert roughness(values, 2.5) == math.inf


def test_the_excess_is_a_share_of_the_way():
    assert [excess(one, 1.0, 3.0) for one in (1.0, 2.0, 3.0, 5.0)] == [0.0, 0.5, 1.0, 2.0]
    assert excess(math.nan, 1.0, 3.0) == math.inf
    assert math.isnan(excess(3.0, 3.0, 3.0))


@given(
    st.lists(st.floats(0.0, 3.0), min_size=2, max_size=7),
    st.lists(st.floats(0.1, 2.0), min_size=7, max_size=7),
    st.floats(0.01, 1.0),
)
def test_the_usable_share_by_brute_force(excesses, gaps, tolerance):
    positions = np.cumsum(gaps[: len(excesses)])
    fine = np.linspace(positions[0], positions[-1], 20_001)
    expected = np.mean(np.interp(fine, positions, excesses) <= tolerance)
    assert usable_share(np.exp(positions).tolist(), excesses, tolerance) == pytest.approx(expected, abs=1e-3)


def test_rates_that_diverge_are_no_part_of_the_usable_share():
    assert usable_share([0.1, 1.0, 10.0], [0.0, 0.0, math.inf], 0.1) == pytest.approx(0.5)
    assert usable_share([0.1, 1.0], [0.0, math.inf], 0.1) == 0.0
    assert math.isnan(usable_share([0.1], [0.0], 0.1))
    assert math.isnan(usable_share([0.1, 1.0], [math.nan, math.nan], 0.1))
