"""Dates against the standard library's parser; no text means two days, no date is in two parts."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from gradschool.zoo.data import load_data
from gradschool.zoo.data.date_normalisation import CHARACTERS, DAYS, FIRST, FORMS
from gradschool.zoo.data.generated import sizes_of

PATTERNS = (
    "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%A, %B %d, %Y", "%a %d %m %Y", "the %d of %B %Y", "%d-%b-%y", "%d.%m.%Y",
    "%Y/%m/%d", "%B %d %Y",
)  # fmt: skip


def without_endings(text):
    for ending in ("st", "nd", "rd", "th"):
        for digit in "0123456789":
            text = text.replace(f"{digit}{ending}", digit)
    return text


@pytest.mark.parametrize(("form", "pattern"), list(zip(FORMS, PATTERNS, strict=True)), ids=PATTERNS)
def test_each_form_is_read_by_the_standard_library(form, pattern):
    for number in range(0, DAYS, 37):
        day = FIRST + timedelta(number)
        read = datetime.strptime(without_endings(form(day)), pattern).date()
        if "%y" in pattern and read.year > 2049:  # Python's own century of two digits ends in 2068
            read = read.replace(year=read.year - 100)
        assert read == day


def test_the_century_is_whole():
    assert FIRST + timedelta(DAYS - 1) == date(2049, 12, 31)


@pytest.mark.slow
def test_no_text_means_two_days_and_all_characters_are_known():
    meant = {}
    for form in FORMS:
        for number in range(0, DAYS):
            assert meant.setdefault(form(FIRST + timedelta(number)), number) == number
    assert set("".join(meant)) <= set(CHARACTERS)


def test_no_date_is_in_two_parts():
    data = load_data("date_normalisation", samples=2000)
    tokenizer = data.description.target_tokenizer
    dates = [tokenizer.decode(row) for part in ("train", "validation", "test") for row in data.arrays(part)[1]]
    assert len(set(dates)) == len(dates) == 2400
    assert all(date.fromisoformat(one).isoformat() == one for one in dates)


def test_all_forms_occur_alike_and_say_the_date_of_their_target():
    data = load_data("date_normalisation")
    (x, y), known = data.arrays("train"), data.description
    counts = np.zeros(len(FORMS))
    for row in range(0, 10_000, 10):
        source, target = known.input_tokenizer.decode(x["source"][row]), known.target_tokenizer.decode(y[row])
        counts += [form(date.fromisoformat(target)) == source for form in FORMS]
    assert 1000 <= counts.sum() < 1100  # "12 May 1979" is written in two forms, and May has no abbreviation
    np.testing.assert_allclose(counts / 1000, np.full(len(FORMS), 1 / len(FORMS)), atol=0.06)


def test_the_baseline_is_a_hundred_years_of_days_over_eleven_tokens():
    known = load_data("date_normalisation", samples=10).description
    assert known.baselines["nats"] == pytest.approx(np.log(36525) / 11)


def test_there_are_not_more_days():
    assert sum(sizes_of(30_437).values()) <= DAYS < sum(sizes_of(30_440).values())
    with pytest.raises(ValueError, match="samples must be a whole number from 10 to 30437; got 30438"):
        load_data("date_normalisation", samples=30_438)
