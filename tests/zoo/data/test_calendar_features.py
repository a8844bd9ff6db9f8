"""Hour and weekday against the standard library's calendar."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from gradschool.zoo.data.calendar_features import calendar_features


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(minutes=15), timedelta(days=1)])
def test_they_are_those_of_the_step_after_each(step):
    dates = [datetime(2024, 2, 27, 21) + number * step for number in range(300)]
    features, names = calendar_features(np.array(dates, "datetime64[s]"), step)
    for date, row in zip(dates, features, strict=True):
        after = date + step
        hour = 2 * np.pi * (after.hour + after.minute / 60) / 24
        weekday = 2 * np.pi * after.weekday() / 7
        circles = [np.sin(hour), np.cos(hour), np.sin(weekday), np.cos(weekday)]
        np.testing.assert_allclose(row, circles if step < timedelta(days=1) else circles[2:], atol=1e-12)
    assert len(names) == features.shape[1]


def test_before_1970_too():
    features, _ = calendar_features(np.array(["1969-12-28"], "datetime64[s]"), timedelta(days=1))  # a Sunday
    np.testing.assert_allclose(features, [[0, 1]], atol=1e-12)


def test_where_nothing_follows_in_even_steps_the_dates_count():
    """Business days: Friday is followed by Monday."""
    dates = np.array(["2024-03-07", "2024-03-08", "2024-03-11"], "datetime64[s]")
    features, _ = calendar_features(dates, timedelta(days=1))
    np.testing.assert_allclose(np.arctan2(features[:, 0], features[:, 1]) * 7 / (2 * np.pi), [-3, 0, 1], atol=1e-12)


def test_weeks_have_no_weekday():
    with pytest.raises(ValueError, match="values that are weeks apart"):
        calendar_features(np.array(["2024-03-04"], "datetime64[s]"), timedelta(weeks=2))
