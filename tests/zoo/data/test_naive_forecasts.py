"""Naive forecasts against a loop over the steps ahead."""

from datetime import timedelta

import numpy as np
import pytest

from gradschool.zoo.data.naive_forecasts import naive_forecasts, seasons


@pytest.mark.parametrize("horizon", [1, 5, 24, 30, 60])
def test_they_take_the_latest_value_of_the_season_that_is_in_the_past(horizon):
    values = np.random.default_rng(0).normal(size=400)
    starts = np.array([170, 171, 300])
    found = naive_forecasts(values, starts, horizon, seasons(timedelta(hours=1)))
    assert list(found) == ["same hour yesterday", "same hour last week", "last value"]
    for name, season in (("same hour yesterday", 24), ("same hour last week", 168), ("last value", 1)):
        for start, row in zip(starts, found[name], strict=True):
            for ahead, value in enumerate(row):
                place = start + ahead
                while place >= start:
                    place -= season
                assert value == values[place]


def test_a_season_longer_than_the_past_is_left_out():
    found = naive_forecasts(np.arange(100.0), np.array([30, 40]), 1, {"yesterday": 24, "last week": 168})
    assert list(found) == ["yesterday", "last value"]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (timedelta(hours=1), {"same hour yesterday": 24, "same hour last week": 168}),
        (timedelta(minutes=15), {"same time yesterday": 96, "same time last week": 672}),
        (timedelta(days=1), {"same day last week": 7}),
        (timedelta(hours=7), {"same time last week": 24}),
        (timedelta(hours=5), {}),
        (timedelta(weeks=1), {}),
        (timedelta(days=31), {}),
    ],
)
def test_seasons_are_whole_numbers_of_steps(step, expected):
    assert seasons(step) == expected
