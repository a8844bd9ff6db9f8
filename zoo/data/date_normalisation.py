"""Dates as people write them, to be said as ISO 8601 does.

    Sunday, August 3rd, 2003  ->  2003-08-03

Each day of the hundred years from 1950 to 2049 occurs at most once, in a form drawn from `FORMS`; no date is in two
parts, whatever its form. No text means two days: numbers alone stand as day, month, year, or with the year first, and a
year of two digits is one of these hundred.

A decoder that does not see the source knows at best that all days are equally likely: log(36 525) nats for the eleven
tokens of a date and its end, 0.955 nats each.

Reference:
    The task is a common exercise for attention (Bahdanau, Cho and Bengio 2015, Neural Machine Translation by Jointly
    Learning to Align and Translate): every part of the answer stands somewhere in the source. The forms are ours.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from ..checks import whole_number
from .description import Description
from .generated import LICENCE, SAMPLES, SIZES, sizes_of, translated
from .samples import Samples
from .tokenizer import SPECIAL, Tokenizer

FIRST, DAYS = date(1950, 1, 1), 36_525  # up to 2049-12-31
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_SAMPLES = DAYS * 10 // 12  # with a tenth as many to validate and to test


def _month(day: date) -> str:
    return MONTHS[day.month - 1]


def _weekday(day: date) -> str:
    return WEEKDAYS[day.weekday()]


def ordinal(number: int) -> str:
    """A number with its ending.

    Example:
        >>> [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 30)]
        ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '22nd', '23rd', '30th']
    """
    return f"{number}{'th' if 10 < number < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


FORMS: tuple[Callable[[date], str], ...] = (
    lambda day: f"{day.day} {_month(day)} {day.year}",  # 3 May 1979
    lambda day: f"{day.day:02} {_month(day)[:3]} {day.year}",  # 03 May 1979
    lambda day: f"{_month(day)} {day.day}, {day.year}",  # May 3, 1979
    lambda day: f"{_weekday(day)}, {_month(day)} {ordinal(day.day)}, {day.year}",  # Thursday, May 3rd, 1979
    lambda day: f"{_weekday(day)[:3].lower()} {day.day} {day.month} {day.year}",  # thu 3 5 1979
    lambda day: f"the {ordinal(day.day)} of {_month(day)} {day.year}",  # the 3rd of May 1979
    lambda day: f"{day.day}-{_month(day)[:3]}-{day.year % 100:02}",  # 3-May-79
    lambda day: f"{day.day}.{day.month}.{day.year}",  # 3.5.1979
    lambda day: f"{day.year}/{day.month:02}/{day.day:02}",  # 1979/05/03
    lambda day: f"{_month(day).upper()} {day.day} {day.year}",  # MAY 3 1979
)
_WORDS = (*MONTHS, *(month.upper() for month in MONTHS), *WEEKDAYS, *(day.lower() for day in WEEKDAYS))
CHARACTERS = "".join(sorted(set("0123456789 ,-./" + "the of" + "stndrdth" + "".join(_WORDS))))  # of all forms
ISO_CHARACTERS = "0123456789-"


DESCRIPTION = Description(
    name="date_normalisation",
    kind="generated",
    task="translation",
    summary="Dates written in ten ways, such as Thursday, May 3rd, 1979, to be said as 1979-05-03.",
    input_shape=(None,),
    classes=len(SPECIAL) + len(ISO_CHARACTERS),
    class_names=(),
    samples=SIZES,
    licence=LICENCE,
    source="generated from a formula and a seed",
    input_tokens=len(SPECIAL) + len(CHARACTERS),
    baselines={"nats": float(np.log(DAYS)) / (len("1979-05-03") + 1)},
)


def load(*, samples: int = SAMPLES, data_seed: int = 0) -> Samples:
    """Dates, and the same in ISO 8601.

    Args:
        samples: of the training part, from 10 to 30 437; a tenth as many validate, and test.
        data_seed: of days and forms, apart from the training seed.

    Example:
        >>> samples = load(samples=10)
        >>> (x, y), known = samples.parts["train"], samples.description
        >>> known.input_tokenizer.decode(x["source"][0]), known.target_tokenizer.decode(y[0])
        ('1958/09/20', '1958-09-20')
    """
    sizes = sizes_of(whole_number("samples", samples, least=10, most=MOST_SAMPLES))
    generator = np.random.default_rng(whole_number("data_seed", data_seed, least=0))
    count = sum(sizes.values())
    days = [FIRST + timedelta(int(number)) for number in generator.permutation(DAYS)[:count]]
    forms = generator.integers(0, len(FORMS), count)
    source, target = Tokenizer.characters(CHARACTERS), Tokenizer.characters(ISO_CHARACTERS)
    parts, lengths = translated(
        source.encode_all(FORMS[form](day) for form, day in zip(forms, days, strict=True)),
        target.encode_all((day.isoformat() for day in days), begin=True, end=True),
        sizes,
    )
    known = replace(DESCRIPTION, input_tokenizer=source, target_tokenizer=target)
    return Samples(parts, known, lengths)
