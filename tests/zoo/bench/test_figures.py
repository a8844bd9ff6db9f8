"""Medians of paired ratios: what a jump of the machine's speed does to them, which is nothing."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradschool.zoo.bench.figures import paired_ratios, shown_ratio, spread

times = st.floats(1e-4, 1e2)
rounds = st.lists(st.tuples(times, times, st.floats(0.3, 3.0)), min_size=1, max_size=15)


@given(rounds)
def test_a_machine_that_changes_its_speed_between_rounds_changes_no_ratio(rounds):
    theirs, ours, speeds = (np.array(column) for column in zip(*rounds, strict=True))
    quiet, jumping = paired_ratios(theirs, ours), paired_ratios(theirs * speeds, ours * speeds)
    np.testing.assert_allclose(jumping, quiet, rtol=1e-12)


@given(rounds)
def test_whoever_is_compared_with_itself_is_as_fast(rounds):
    ours = [our for our, _, _ in rounds]
    assert spread(paired_ratios(ours, ours)) == {"median": 1.0, "quartiles": [1.0, 1.0]}


@given(st.lists(times, min_size=1, max_size=15))
def test_median_and_quartiles_are_numpy_s(values):
    found = spread(values)
    wanted = np.percentile(values, [25, 50, 75])
    np.testing.assert_allclose([found["quartiles"][0], found["median"], found["quartiles"][1]], wanted, rtol=1e-9)


def test_one_bad_round_moves_the_median_little():
    assert spread([2.0, 2.1, 1.9, 2.0, 40.0])["median"] == 2.0


def test_rounds_that_are_not_pairs_are_refused():
    with pytest.raises(ValueError, match="zip"):
        paired_ratios([1.0, 2.0], [1.0])


@given(st.floats(0.01, 99.0))
def test_a_shown_ratio_is_never_above_the_ratio_and_at_most_a_hundredth_below(ratio):
    shown = float(shown_ratio(ratio))
    assert shown <= ratio
    assert ratio - shown < 0.01 + 1e-9


@given(st.integers(1, 1000))
def test_a_ratio_of_whole_hundredths_is_shown_as_it_is(hundredths):
    assert shown_ratio(hundredths / 100) == f"{hundredths / 100:.2f}"
    assert float(shown_ratio(math.nextafter(hundredths / 100, 0))) < hundredths / 100
