"""The generated series against its formula: the rhythm, the growth and the noise's memory are in it."""

import numpy as np
import pytest

from gradschool.zoo.data import load_data
from gradschool.zoo.data.catalogue import describe
from gradschool.zoo.data.channel_views import GROWTH, MEMORY, NOISE, WEEK, daily_views


def test_the_weekly_rhythm_is_there():
    views = daily_views(7 * 1000)
    week = views.reshape(-1, 7) / views.reshape(-1, 7).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(week.mean(axis=0), WEEK, atol=0.01)


def test_it_grows():
    views = daily_views(7 * 52 * 4)
    first, last = views[:364].mean(), views[-364:].mean()
    half = 182 / 365
    expected = (1 + GROWTH * (3 * 364 / 365 + half)) / (1 + GROWTH * half)
    assert last / first == pytest.approx(expected, rel=0.05)


def test_the_noise_remembers_yesterday():
    views = daily_views(7 * 1000)
    day = np.arange(len(views))
    noise = np.log(views / ((1 + GROWTH * day / 365) * np.array(WEEK)[day % 7]))
    noise -= noise.mean()
    assert np.corrcoef(noise[1:], noise[:-1])[0, 1] == pytest.approx(MEMORY, abs=0.03)
    assert (noise[1:] - MEMORY * noise[:-1]).std() == pytest.approx(NOISE, rel=0.05)


def test_only_the_series_seed_changes_the_series():
    x, y = load_data("channel_views", seed=1).arrays("test")
    same_x, same_y = load_data("channel_views", seed=2).arrays("test")
    np.testing.assert_array_equal(x, same_x)
    np.testing.assert_array_equal(y, same_y)
    assert not np.array_equal(x, load_data("channel_views", series_seed=1).arrays("test")[0])


def test_the_past_predicts_the_next_day_better_than_yesterday_does():
    data = load_data("channel_views")
    (x, y), (unseen, expected) = data.arrays("train"), data.arrays("test")
    weights, *_ = np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), y, rcond=None)
    predicted = np.column_stack([unseen, np.ones(len(unseen))]) @ weights
    assert np.abs(predicted - expected).mean() < 0.5 * np.abs(unseen[:, -1:] - expected).mean()


def test_the_stored_description_is_the_loaded_one_but_for_the_scale():
    data = load_data("channel_views")
    stored = describe("channel_views")
    assert data.description.samples == stored.samples
    assert data.description.input_shape == stored.input_shape == data.arrays("train")[0].shape[1:]
    assert data.description.scale.unit == "views a day"


@pytest.mark.parametrize("series_seed", ["abc", -1, 0.5, True])
def test_a_seed_that_is_none_is_refused(series_seed):
    with pytest.raises(ValueError, match="series_seed must be a whole number"):
        load_data("channel_views", series_seed=series_seed)


def test_a_length_that_is_no_number_of_days_is_refused():
    with pytest.raises(ValueError, match="days must be a whole number; got -5"):
        load_data("channel_views", days=-5)
