"""The dates of a .csv file: which column has them, and its rows as the steps of an even calendar.

Real files repeat hours and leave hours out. Nothing is done about either unless the user says what:

    repeats="first" | "last" | "mean"    the row, or the mean of the rows, that a repeated date keeps
    gaps="split"                         no window and no forecast reaches over a missing step
    gaps="fill"                          a missing step holds the value before it, in windows; it is never predicted
    allow_gaps=True                      the rows are taken as evenly spaced

Dates with a time zone, such as 2024-03-31T01:00:00+01:00, are put on the clock of the first row: an hour stays an hour
where summer time begins. If all have one offset from UTC, or the same time of day, as days have, they stay local.
"""

import re
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..errors import unknown_name
from .steps import DAY, duration
from .table import Table

REPEATS, GAPS = ("first", "last", "mean"), ("fill", "split")
_COMPACT_DATE = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")  # 20240301
_MOST_MISSING = 9  # of ten steps


class Grid(NamedTuple):
    """Rows of a file as the steps of an even calendar.

    Args:
        values: shape `(steps, columns)`; a missing step holds the values before it.
        known: bool array, shape `(steps,)`: which steps the file has.
        dates: datetime64, shape `(steps,)`.
        step: time between two of them.
        repeated: number of rows that went into another row of the same date.
        even: whether the steps follow one another in time.
    """

    values: np.ndarray
    known: np.ndarray
    dates: np.ndarray
    step: timedelta
    repeated: int
    even: bool

    def usable(self, longest: int) -> np.ndarray:
        """Which steps may stand in a window where gaps are filled: those known, and those of gaps up to `longest`."""
        last_known = np.maximum.accumulate(np.where(self.known, np.arange(len(self.known)), 0))
        gap = np.bincount(last_known, minlength=len(self.known)) - 1  # the length of the gap behind each known step
        return gap[last_known] <= longest


def check_options(repeats: str | None, gaps: str | None, allow_gaps: bool, dates: str | None) -> None:
    """Refuses what the options of dates cannot be, and what does not go together.

    Raises:
        ValueError: names the option.
    """
    if not isinstance(allow_gaps, bool):
        raise ValueError(f"allow_gaps is True or False (--data-option allow_gaps=true); got {allow_gaps!r}.")
    if dates not in (None, "none"):
        raise ValueError(f"dates can only be 'none', for rows that are in order; got {dates!r}.")
    for name, value, choices in (("repeats", repeats, REPEATS), ("gaps", gaps, GAPS)):
        if value is not None and value not in choices:
            raise unknown_name(f"way with {name}", value, choices)
        if value is not None and dates == "none":
            raise ValueError(f"{name}={value!r} needs dates, and dates='none' leaves them out; leave out one of them.")
    if gaps is not None and allow_gaps:
        raise ValueError(f"gaps={gaps!r} keeps to the calendar, and allow_gaps does not; leave out one of them.")


def date_of(cell: str) -> datetime | None:
    """A date such as 2024-03-01, or one with a time, 2024-03-01 09:00:00+01:00; None if the cell is no such thing."""
    try:
        return None if cell.isdigit() else datetime.fromisoformat(cell)
    except ValueError:
        return None


def date_column(table: Table) -> str | None:
    """The first column whose cells are mostly dates."""
    for name in table.columns:
        dated = [date_of(cell) is not None for cell in table.cells(name)]
        if sum(dated) > 0.5 * len(dated):
            return name
    return None


def may_mean_dates(name: str, cells: list[str], numbers: list[float]) -> bool:
    """Whether cells are text, or numbers such as 20240301, or called days and more than a count of the rows.

    Args:
        name: of the column.
        cells: those that are not empty.
        numbers: of those that are numbers.
    """
    if len(numbers) <= 0.5 * len(cells) or all(_COMPACT_DATE.fullmatch(cell) for cell in cells):
        return True
    counts_rows = len(numbers) == len(cells) and all(late - early == 1 for early, late in pairwise(numbers))
    return any(word in name.lower() for word in ("date", "day", "time")) and not counts_rows


def put_on_grid(
    table: Table,
    column: str,
    values: np.ndarray,
    repeats: str | None = None,
    gaps: str | None = None,
    allow_gaps: bool = False,
) -> Grid:
    """The rows from the oldest to the newest date, as the options have it.

    Args:
        table: the file.
        column: of the dates.
        values: of the rows, shape `(rows, columns)`.
        repeats: one of `REPEATS`, or None.
        gaps: one of `GAPS`, or None.
        allow_gaps: whether the rows are taken as evenly spaced.

    Raises:
        ValueError: if a cell is no date, or dates repeat or lack and nothing was said of that; names the rows.
    """
    rows, cells = np.array(table.row_numbers), table.cells(column)
    dates = [date_of(cell) for cell in cells]
    if None in dates:
        row, cell = next((r, c) for r, c, d in zip(rows, cells, dates, strict=True) if d is None)
        raise ValueError(f"{table.path}, row {row}, column {column!r}: {cell!r} is not a date such as 2024-03-01.")
    times = _on_one_clock([date for date in dates if date], f"{table.path}, column {column!r}", rows)
    order = np.argsort(times, kind="stable")
    rows, times, values = rows[order], times[order], values[order]
    where = f"{table.path}, column {column!r}: rows"
    first = np.flatnonzero(np.diff(times, prepend=times[:1] - 1).astype(int))  # of each date, its first row
    repeated = len(times) - len(first)
    if repeated:
        if repeats is None:
            place = np.flatnonzero(np.diff(times).astype(int) == 0)[0]
            raise ValueError(
                f"{where} {rows[place]} and {rows[place + 1]} have the same date, {cells[order[place + 1]]}; keep one "
                f"of them, or say what is kept of the {repeated} rows that repeat a date by repeats: "
                f"{', '.join(REPEATS)} (--data-option repeats=last)."
            )
        values, rows, times = _merged(values, first, repeats), rows[first], times[first]
    return _spread(where, rows, times, values, gaps, allow_gaps, repeated)


def _on_one_clock(dates: list[datetime], where: str, rows: np.ndarray) -> np.ndarray:
    """Dates as datetime64; those with a time zone by the clock of the first row, unless all are at the same time."""
    has_zone = [date.utcoffset() is not None for date in dates]
    if any(has_zone) and not all(has_zone):
        with_, without = rows[has_zone.index(True)], rows[has_zone.index(False)]
        raise ValueError(f"{where}: row {with_} has a time zone and row {without} has none; give all of them one.")
    if any(has_zone) and len({date.time() for date in dates}) > 1:
        dates = [date.astimezone(dates[0].tzinfo) for date in dates]
    return np.array([date.replace(tzinfo=None) for date in dates], "datetime64[us]")


def _merged(values: np.ndarray, first: np.ndarray, repeats: str) -> np.ndarray:
    """One row of values for each date, of which `first` has the first rows."""
    if repeats == "first":
        return values[first]
    after = np.append(first[1:], len(values))
    if repeats == "last":
        return values[after - 1]
    return np.add.reduceat(values, first, axis=0) / (after - first)[:, np.newaxis]


def _spread(
    where: str,
    rows: np.ndarray,
    times: np.ndarray,
    values: np.ndarray,
    gaps: str | None,
    allow_gaps: bool,
    repeated: int,
) -> Grid:
    """Different dates, oldest first, on an even calendar."""
    apart = np.diff(times).astype(int)  # microseconds
    usual = Counter(apart.tolist()).most_common(1)[0][0] if len(apart) else DAY // timedelta(microseconds=1)
    step = timedelta(microseconds=usual)
    uneven = np.flatnonzero(apart != usual)
    if len(uneven) and not allow_gaps:
        place = uneven[0] if gaps is None else next((one for one in uneven if apart[one] % usual), None)
        if place is not None:
            _refuse_gap(where, rows[place], rows[place + 1], int(apart[place]), step, len(uneven), gaps)
    if not len(uneven) or allow_gaps:
        return Grid(values, np.ones(len(rows), bool), times, step, repeated, even=not len(uneven))
    places = (times - times[0]).astype(int) // usual
    steps = int(places[-1]) + 1
    if len(rows) * 10 < steps * (10 - _MOST_MISSING):
        raise ValueError(
            f"{where} {rows[0]} to {rows[-1]} have {len(rows):,} of the {steps:,} steps of {duration(step)} from "
            f"{times[0]} to {times[-1]}; look for a wrong date among the first and the last ones."
        )
    known = np.zeros(steps, bool)
    known[places] = True
    dates = times[0] + np.arange(steps) * np.timedelta64(usual, "us")
    return Grid(values[np.cumsum(known) - 1], known, dates, step, repeated, even=True)


def _refuse_gap(where: str, early: int, late: int, micros: int, step: timedelta, count: int, gaps: str | None):
    apart = (
        f"{where} {early} and {late} are {duration(timedelta(microseconds=micros))} apart, most rows {duration(step)}"
    )
    if gaps is not None:
        raise ValueError(f"{apart}: gaps={gaps!r} needs gaps of whole steps. Put the dates right.")
    raise ValueError(
        f"{apart} (there are {count} such pairs). Fill in what is missing, or let missing steps hold the value before "
        "them (--data-option gaps=fill), or cut the series there (--data-option gaps=split), or set allow_gaps "
        "(--data-option allow_gaps=true) to take the rows as evenly spaced."
    )
