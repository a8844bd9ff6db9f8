"""Windows of a series against a plain loop; nothing of the future is known while training."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradschool.zoo.data.splits import calendar_parts
from gradschool.zoo.data.windows import check_window, windows_of_series


def series(days, seed=0):
    return np.random.default_rng(seed).normal(50, 10, days)


@given(days=st.integers(60, 200), window=st.integers(1, 20), seed=st.integers(0, 9))
def test_equals_a_loop_over_the_days(days, window, seed):
    values = series(days, seed)
    parts, scale = windows_of_series(values, window, 0.1, "views", "a series")
    pairs = [(values[day - window : day], values[day]) for day in range(window, days)]
    x = np.concatenate([parts[part][0] for part in ("train", "validation", "test")])
    y = np.concatenate([parts[part][1] for part in ("train", "validation", "test")])
    np.testing.assert_allclose(scale.restore(x), [past for past, _ in pairs], rtol=1e-4)
    np.testing.assert_allclose(scale.restore(y), [[day] for _, day in pairs], rtol=1e-4)
    assert x.dtype == y.dtype == "float32"


def test_training_days_are_standardised():
    values = series(200)
    parts, scale = windows_of_series(values, 7, 0.25, "views", "a series")
    days = np.concatenate([parts["train"][0][0], parts["train"][1][:, 0]])  # the first window, and all targets after it
    assert len(days) == 120  # 200 less a fifth, less a quarter of the rest
    assert days.mean() == pytest.approx(0, abs=1e-5)
    assert days.std() == pytest.approx(1, abs=1e-5)
    assert scale.mean == pytest.approx(values[:120].mean())
    assert scale.std == pytest.approx(values[:120].std())
    assert scale.unit == "views"


@pytest.mark.parametrize(("part", "first_day"), [("test", 160), ("validation", 144)])
def test_later_days_leave_training_as_it_is(part, first_day):
    values = series(200)
    changed = values.copy()
    changed[first_day:] += 1000
    before, scale = windows_of_series(values, 7, 0.1, "views", "a series")
    after, same_scale = windows_of_series(changed, 7, 0.1, "views", "a series")
    assert scale == same_scale
    for array, same in zip(before["train"], after["train"], strict=True):
        np.testing.assert_array_equal(array, same)
    assert not np.array_equal(before[part][1], after[part][1])


@pytest.mark.parametrize("days", [0, 1, 10, 35])
def test_too_few_days_are_refused(days):
    with pytest.raises(ValueError, match=f"views.csv: {days} days are too few for windows of 28 days"):
        windows_of_series(series(days), 28, 0.1, "views", "views.csv")


@given(days=st.integers(0, 120), share=st.sampled_from([0.0, 0.1, 0.5]))
def test_a_series_is_long_enough_when_every_part_has_a_day_to_predict(days, share):
    spans = calendar_parts(days, share)
    if len(spans["train"]) > 28 and spans["test"] and (spans["validation"] or share == 0):
        parts, _ = windows_of_series(series(days), 28, share, "views", "a series")
        assert len(parts["train"][1]) == len(spans["train"]) - 28
        assert len(parts["validation"][1]) == len(spans["validation"])
        assert len(parts["test"][1]) == len(spans["test"])
    else:
        with pytest.raises(ValueError, match="too few"):
            windows_of_series(series(days), 28, share, "views", "a series")


def test_a_constant_that_no_float_holds_exactly_is_refused_too():
    with pytest.raises(ValueError, match=r"the value is 0\.1 on all training days"):
        windows_of_series(np.full(400, 0.1), 7, 0.1, "views", "constant")


def test_a_constant_series_is_refused():
    with pytest.raises(ValueError, match="the value is 7 on all training days"):
        windows_of_series(np.full(100, 7.0), 7, 0.1, "views", "a series")


@pytest.mark.parametrize("window", [0, -1, 2.0, "7", True])
def test_windows_that_are_no_number_of_days_are_refused(window):
    with pytest.raises(ValueError, match="window must be a whole number of days"):
        check_window(window)
