"""When two trainings count as the same."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradschool.zoo.parity.case import REORDERED
from gradschool.zoo.parity.comparing import Comparison, compare, largest, largest_difference

numbers = st.floats(-1e6, 1e6) | st.just(math.nan) | st.just(math.inf)
nested = st.recursive(
    numbers | st.lists(numbers, max_size=4).map(np.array),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


def result(weight, loss=1.0, accuracy=0.5, **more):
    return {"weights": [np.array([weight, -2.0])], "history": {"loss": [loss], "accuracy": [accuracy]}, **more}


def bad_parts(one, other):
    return [(found.precision, found.part) for found in compare("case", "2 replicas", one, other) if not found.holds]


# === Differences ===
@given(nested)
def test_nothing_differs_from_itself(value):
    assert largest_difference(value, value) == 0


@given(nested, nested)
def test_a_difference_is_the_same_either_way_and_never_nan(one, other):
    difference = largest_difference(one, other)
    assert difference >= 0
    assert difference == largest_difference(other, one)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5), st.data())
def test_one_number_that_moves_is_the_difference(values, data):
    place = data.draw(st.integers(0, len(values) - 1))
    shift = data.draw(st.floats(-1e6, 1e6))
    other = [value + shift * (place == number) for number, value in enumerate(values)]
    assert largest_difference({"a": values}, {"a": other}) == abs(values[place] - other[place])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1.0, 2.0], [1.0]),
        ({"a": 1.0}, {"b": 1.0}),
        (np.ones((2, 1)), np.ones((1, 2))),
        ([math.nan], [1.0]),
        ([math.inf], [-math.inf]),
        ([math.inf], [1.0]),
    ],
)
def test_what_cannot_be_compared_differs_infinitely(one, other):
    assert largest_difference(one, other) == math.inf


@given(st.lists(numbers, max_size=5), numbers)
def test_the_largest_is_that_of_the_finite_numbers(values, number):
    finite = [abs(one) for one in (*values, number) if math.isfinite(one)]
    assert largest({"a": np.array(values), "b": [number]}) == max(finite, default=0)


# === Rules ===
@given(st.floats(0, 1e-8))
def test_float64_allows_a_billionth(shift):
    one = {"float64": result(1.0)}
    moved = {"float64": result(1.0 + shift)}
    assert bad_parts(one, moved) == ([] if (1.0 + shift) - 1.0 <= 1e-9 else [("float64", "weights")])


@given(st.floats(1e-6, 1e-3), st.floats(0, 30))
def test_float32_allows_ten_times_the_spread_of_rounding(spread, times):
    one = {"float32": result(1.0)} | {order: result(1.0) for order in REORDERED}
    one[max(REORDERED)] = result(1.0 + spread)
    difference, measured = (1.0 + times * spread) - 1.0, (1.0 + spread) - 1.0
    bad = bad_parts(one, {"float32": result(1.0 + times * spread)})
    assert bad == ([] if difference <= 10 * measured else [("float32", "weights")])


def test_float32_without_any_spread_allows_ten_units_in_the_last_place_of_the_largest_weight():
    one = {precision: result(1.0) for precision in ("float32", *REORDERED)}
    unit = 2.0**-22  # of 2.0
    assert bad_parts(one, {"float32": result(1.0 + 10 * unit)}) == []
    assert bad_parts(one, {"float32": result(1.0 + 11 * unit)}) == [("float32", "weights")]


def test_accuracies_count_in_float64_only():
    one = {precision: result(1.0) for precision in ("float64", "float32", *REORDERED)}
    other = {precision: result(1.0, accuracy=0.51) for precision in ("float64", "float32")}
    assert bad_parts(one, other) == [("float64", "history")]


@pytest.mark.parametrize(
    ("change", "bad"),
    [
        ({"weight": 1.019}, []),
        ({"weight": 1.021}, ["weights"]),
        ({"scale": 512.0}, ["scale"]),
        ({"updates": 17}, ["updates"]),
        ({"loss": math.nan}, ["history"]),
    ],
)
def test_mixed_precision_allows_a_hundredth_but_no_other_skips(change, bad):
    same = {"weight": 1.0, "scale": 1024.0, "updates": 16}
    one, other = ({"mixed_float16": result(**given)} for given in (same, same | change))
    assert [part for _, part in bad_parts(one, other)] == bad


def test_predictions_and_evaluations_count_as_well():
    one = {"float64": result(1.0, evaluation={"loss": 1.0}, predictions=np.zeros((3, 2)))}
    other = {"float64": result(1.0, evaluation={"loss": 1.1}, predictions=np.zeros((2, 2)))}
    assert bad_parts(one, other) == [("float64", "evaluation"), ("float64", "predictions")]


def test_a_comparison_says_what_differs():
    found = Comparison("dropout", "float64", "2 replicas", "weights", 3e-4, 1e-9)
    assert str(found) == "dropout, float64, 2 replicas, weights: 0.0003 > 1e-09"
    assert not found.holds
    assert not Comparison("a", "float64", "b", "weights", math.nan, 1e-9).holds


def test_a_comparison_is_json_even_if_infinitely_different():
    found = Comparison("dropout", "float64", "2 replicas", "weights", math.inf, 1e-9)
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["difference"] is None


def test_a_spread_that_is_no_number_excuses_nothing():
    one = {precision: result(1.0) for precision in ("float32", *REORDERED)} | {min(REORDERED): result(math.nan)}
    assert bad_parts(one, {"float32": result(math.nan)}) == [("float32", "weights")]
    found = compare("case", "2 replicas", one, {"float32": result(math.nan)})
    json.dumps([each.to_json() for each in found], allow_nan=False)


def test_what_is_missing_differs():
    one = {"float64": result(1.0), "mixed_float16": result(1.0, scale=2.0, updates=1)}
    assert bad_parts(one, {"float64": {"weights": one["float64"]["weights"]}}) == [
        ("float64", "history"), ("mixed_float16", "weights"), ("mixed_float16", "history"), ("mixed_float16", "scale"),
        ("mixed_float16", "updates"),
    ]  # fmt: skip
