"""Times in words."""

from datetime import timedelta

import pytest

from gradschool.zoo.data.steps import counted, duration, plural, step_name


@pytest.mark.parametrize(
    ("step", "name", "several"),
    [
        (timedelta(days=1), "day", "2 days"),
        (timedelta(hours=1), "hour", "2 hours"),
        (timedelta(weeks=1), "week", "2 weeks"),
        (timedelta(minutes=1), "minute", "2 minutes"),
        (timedelta(minutes=15), "step of 15 minutes", "2 steps of 15 minutes"),
        (timedelta(days=31), "step of 31 days", "2 steps of 31 days"),
    ],
)
def test_names_of_steps(step, name, several):
    assert step_name(step) == name
    assert counted(2, step_name(step)) == several
    assert several == f"2 {plural(name)}"
    assert counted(1, name) == f"1 {name}"


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(days=1), "1 day"),
        (timedelta(hours=7387), "7,387 hours"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(milliseconds=1500), "0:00:01.500000"),
        (timedelta(0), "0:00:00"),
    ],
)
def test_durations_are_said_in_the_largest_unit_that_fits(time, words):
    assert duration(time) == words
