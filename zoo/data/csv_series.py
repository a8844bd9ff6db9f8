"""A daily series of the user's own: one column of a .csv file, one row for each day, dates as YYYY-MM-DD.

date,views,comments
2024-03-01,1520,12
2024-03-02,1734,15
"""

import re
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from .description import Description
from .samples import Samples
from .table import Table, read_table
from .windows import check_window, windows_of_series


def load(
    path: Path,
    *,
    validation_share: float,
    column: str | None = None,
    window: int = 28,
    allow_gaps: bool = False,
    dates: str | None = None,
) -> Samples:
    """Windows of one column.

    Rows are put in the order of the column of dates, if there is one.

    Args:
        path: of the file; its first row names the columns.
        validation_share: share of the days not in the test part, in [0, 1).
        column: whose values to predict. Defaults to the only column of numbers.
        window: number of past days shown.
        allow_gaps: whether to take the rows as evenly spaced where dates are left out, such as weekends.
        dates: "none" takes the rows in the order of the file, oldest first, whatever the columns say. By default they
            are put in the order of the first column of dates; without one, a column that may mean dates is refused.

    Raises:
        ValueError: if the file cannot be understood; names the file, the row and the column.
    """
    window = check_window(window)
    if not isinstance(allow_gaps, bool):
        raise ValueError(f"allow_gaps is True or False (--data-option allow_gaps=true); got {allow_gaps!r}.")
    if dates not in (None, "none"):
        raise ValueError(f"dates can only be 'none', for rows that are in order; got {dates!r}.")
    table = read_table(path)
    days = _date_column(table)
    column = _value_column(table, column, days)
    values = _numbers(table, column)
    if dates is None and days is not None:
        values = values[_order_of_dates(table, days, allow_gaps)]
    elif dates is None:
        _check_no_dates(table, column)
    parts, scale = windows_of_series(values, window, validation_share, column, str(path))
    return Samples(
        parts,
        Description(
            name=str(path),
            kind="files",
            task="regression",
            summary=f"Column {column!r} of {path.name}: from the past {window} days to the next day's value.",
            input_shape=(window,),
            classes=None,
            class_names=(),
            samples={},
            licence="the user's own",
            source=str(path),
            scale=scale,
        ),
    )


def _value_column(table: Table, column: str | None, dates: str | None) -> str:
    """The column asked for, or the only one that is mostly numbers."""
    if column is not None:
        if column not in table.columns:
            raise ValueError(f"{table.path}: there is no column {column!r}; there are {_quoted(table.columns)}.")
        return column
    numeric = [name for name in table.columns if name != dates and _share_of_numbers(table.cells(name)) > 0.5]
    if len(numeric) == 1:
        return numeric[0]
    found = f"several columns of numbers, {_quoted(numeric)}" if numeric else "no column of numbers"
    raise ValueError(
        f"{table.path}: there is {found}; name the one to predict with column "
        f"(--data-option column={(numeric or ['NAME'])[0]})."
    )


def _numbers(table: Table, column: str) -> np.ndarray:
    """The cells of a column as finite numbers, shape `(rows,)`."""
    values = []
    for row, cell in zip(table.row_numbers, table.cells(column), strict=True):
        number = _number(cell)
        if number is None:
            received = f"{cell!r} is not a number" if cell else "the value is missing"
            raise ValueError(
                f"{table.path}, row {row}, column {column!r}: {received}. Every day needs one; fill it in or remove "
                "the days up to it."
            )
        values.append(number)
    return np.array(values, "float64")


def _number(cell: str) -> float | None:
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _share_of_numbers(cells: list[str]) -> float:
    filled = [cell for cell in cells if cell]
    return sum(_number(cell) is not None for cell in filled) / max(len(filled), 1)


# === Dates ===
_COMPACT_DATE = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")  # 20240301


def _date(cell: str) -> datetime | None:
    try:
        return None if cell.isdigit() else datetime.fromisoformat(cell).replace(tzinfo=None)
    except ValueError:
        return None


def _date_column(table: Table) -> str | None:
    """The first column whose cells are mostly dates such as 2024-03-01."""
    for name in table.columns:
        dated = [_date(cell) is not None for cell in table.cells(name)]
        if sum(dated) > 0.5 * len(dated):
            return name
    return None


def _check_no_dates(table: Table, column: str) -> None:
    """Refuses a column beside the values that may mean dates, which nobody could put the rows in the order of."""
    for name in table.columns:
        cells = [cell for cell in table.cells(name) if cell]
        if name != column and cells and _may_mean_dates(name, cells):
            raise ValueError(
                f"{table.path}, column {name!r}: {cells[0]!r} is no date as needed to put the rows in order. Write "
                f"dates as YYYY-MM-DD, such as 2024-03-01; or, if the rows are in order, oldest first, say "
                f"dates='none' (--data-option dates=none)."
            )


def _may_mean_dates(name: str, cells: list[str]) -> bool:
    """Whether cells are text, or numbers such as 20240301, or called days and more than a count of the rows."""
    if _share_of_numbers(cells) <= 0.5 or all(_COMPACT_DATE.fullmatch(cell) for cell in cells):
        return True
    numbers = [number for number in map(_number, cells) if number is not None]
    counts_rows = len(numbers) == len(cells) and all(late - early == 1 for early, late in pairwise(numbers))
    return any(word in name.lower() for word in ("date", "day", "time")) and not counts_rows


def _order_of_dates(table: Table, column: str, allow_gaps: bool) -> np.ndarray:
    """The row indices from the oldest to the newest day; refuses what is no date, days twice, and gaps."""
    rows, dates = table.row_numbers, [_date(cell) for cell in table.cells(column)]
    if None in dates:
        row, cell = next((r, c) for r, c, d in zip(rows, table.cells(column), dates, strict=True) if d is None)
        raise ValueError(f"{table.path}, row {row}, column {column!r}: {cell!r} is not a date such as 2024-03-01.")
    order = np.argsort(np.array(dates, "datetime64[s]"), kind="stable")
    steps = [dates[late] - dates[early] for early, late in pairwise(order)]
    usual = Counter(steps).most_common(1)[0][0] if steps else timedelta(days=1)
    for (early, late), step in zip(pairwise(order), steps, strict=True):
        between = f"{table.path}, column {column!r}: rows {rows[early]} and {rows[late]}"
        if step == timedelta(0):
            raise ValueError(f"{between} have the same date, {table.cells(column)[late]}; keep one of them.")
        if step != usual and not allow_gaps:
            raise ValueError(
                f"{between} are {_in_words(step)} apart, most rows {_in_words(usual)}. Fill in what is missing, or set "
                "allow_gaps (--data-option allow_gaps=true) to take the rows as evenly spaced."
            )
    return order


def _in_words(step: timedelta) -> str:
    return f"{step.days} day{'s' * (step.days > 1)}" if step.days and not step.seconds else str(step)


def _quoted(names) -> str:
    return ", ".join(map(repr, names))
