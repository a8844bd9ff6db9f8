"""A series of the user's own: columns of a .csv file, one row for each day, hour or other step.

date,views,comments                        date_time,temperature,traffic
2024-03-01,1520,12                         2012-10-02 09:00:00,288.28,5545
2024-03-02,1734,15                         2012-10-02 10:00:00,289.36,4516
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .csv_dates import check_options, date_column, may_mean_dates, put_on_grid
from .description import Description
from .samples import Samples
from .series import Series, default_window, samples_of_series
from .steps import counted, plural, step_name
from .table import Table, read_table


def load(
    path: Path,
    *,
    validation_share: float,
    column: str | None = None,
    inputs: str | Sequence[str] | None = None,
    window: int | None = None,
    horizon: int = 1,
    calendar: bool = False,
    vectors: bool = False,
    repeats: str | None = None,
    gaps: str | None = None,
    allow_gaps: bool = False,
    dates: str | None = None,
) -> Samples:
    """Windows of one column, or several, and the steps that follow in one.

    Rows are put in the order of the column of dates, if there is one; without dates, a row is a day. Dates with a time
    zone, such as 2024-03-01T09:00:00+01:00, keep their local hours if all have one offset from UTC, or one time of day;
    otherwise, as around a change to summer time, all are put on the clock of the first row.

    Args:
        path: of the file, which may be compressed (.csv.gz); its first row names the columns.
        validation_share: share of the steps not in the test part, in [0, 1).
        column: whose values to predict. Defaults to the only column of numbers.
        inputs: columns that windows show beside it: a name, names with commas between them, or "all" that are numbers.
            With them, and with `calendar`, inputs have the shape (window, features).
        window: number of past steps shown. Defaults to 28; of hours, to 48.
        horizon: number of steps predicted.
        calendar: whether windows show the hour and the weekday of the step after each, as sine and cosine.
        vectors: whether windows of a single column have the shape (window, 1), as recurrent networks take it, and not
            (window,).
        repeats: what is kept where rows have the same date: the "first", the "last", or their "mean".
        gaps: what to do where steps are missing: "fill" shows the value before them in the windows, in gaps shorter
            than a window; "split" has no window with one. What is missing is never predicted.
        allow_gaps: whether to take the rows as evenly spaced where dates are left out, such as weekends.
        dates: "none" takes the rows in the order of the file, oldest first, whatever the columns say. By default they
            are put in the order of the first column of dates; without one, a column that may mean dates is refused.

    Raises:
        ValueError: if the file cannot be understood; names the file, the row and the column.
    """
    check_options(repeats, gaps, allow_gaps, dates)
    table = read_table(path)
    times = date_column(table)
    column = _value_column(table, column, times)
    columns = (column, *_columns_beside(table, inputs, column, times))
    values = np.stack([_numbers(table, name) for name in columns], axis=1)  # (rows, columns)
    series, told = Series(str(path), columns, column, values), ""
    if dates is None and times is not None:
        grid = put_on_grid(table, times, values, repeats, gaps, allow_gaps)
        window = default_window(grid.step) if window is None else window
        usable = grid.usable(window - 1) if gaps == "fill" and isinstance(window, int) else grid.known
        series = Series(
            str(path), columns, column, grid.values, grid.step, grid.dates, grid.known, usable, even=grid.even
        )
        told = _told(series, grid.repeated, repeats, gaps)
    elif dates is None:
        _check_no_dates(table, columns)
        _check_dated(table, repeats=repeats, gaps=gaps)
    window = default_window(series.step) if window is None else window
    step = step_name(series.step)
    beside = f" and {len(columns) - 1} more" if len(columns) > 1 else ""
    ahead = f"the next {step}'s value" if horizon == 1 else f"those of the next {horizon} {plural(step)}"
    description = Description(
        name=str(path),
        kind="files",
        task="regression",
        summary=f"Column {column!r}{beside} of {path.name}: from the past {window} {plural(step)} to {ahead}.{told}",
        input_shape=(),
        classes=None,
        class_names=(),
        samples={},
        licence="the user's own",
        source=str(path),
    )
    return samples_of_series(series, description, validation_share, window, horizon, calendar, vectors)


def _told(series: Series, repeated: int, repeats: str | None, gaps: str | None) -> str:
    """How many rows repeat a date, and how many steps are missing, for the summary."""
    told = ""
    if repeated:
        kept = "their mean" if repeats == "mean" else f"the {repeats} row"
        told += f" Of dates that {repeated:,} rows repeat, {kept} counts."
    if series.known is not None and (missing := int((~series.known).sum())):
        filled = 0 if series.usable is None else int((series.usable & ~series.known).sum())
        ways = f"; {filled:,} of them are filled in" if gaps == "fill" else "; no window has any"
        told += f" {missing:,} of {counted(len(series.known), step_name(series.step))} are missing{ways}."
    return told


# === Columns ===
def _value_column(table: Table, column: str | None, dates: str | None) -> str:
    """The column asked for, or the only one that is mostly numbers."""
    if column is not None:
        return _existing(table, column)
    numeric = _numeric_columns(table, dates)
    if len(numeric) == 1:
        return numeric[0]
    found = f"several columns of numbers, {_quoted(numeric)}" if numeric else "no column of numbers"
    raise ValueError(
        f"{table.path}: there is {found}; name the one to predict with column "
        f"(--data-option column={(numeric or ['NAME'])[0]})."
    )


def _columns_beside(table: Table, inputs: str | Sequence[str] | None, column: str, dates: str | None) -> list[str]:
    """The columns that windows show beside the one to predict."""
    if inputs is None:
        return []
    if inputs == "all":
        return [name for name in _numeric_columns(table, dates) if name != column]
    names = [name.strip() for name in inputs.split(",")] if isinstance(inputs, str) else inputs
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"inputs must name columns, or be 'all' (--data-option inputs=temp,clouds); got {inputs!r}.")
    found = [_existing(table, name) for name in names]
    for name in found:
        if name == column or found.count(name) > 1:
            raise ValueError(f"inputs: {name!r} is shown already; name each column beside {column!r} once.")
    return found


def _existing(table: Table, column: str) -> str:
    if column not in table.columns:
        raise ValueError(f"{table.path}: there is no column {column!r}; there are {_quoted(table.columns)}.")
    return column


def _numeric_columns(table: Table, dates: str | None) -> list[str]:
    return [name for name in table.columns if name != dates and _share_of_numbers(table.cells(name)) > 0.5]


def _numbers(table: Table, column: str) -> np.ndarray:
    """The cells of a column as finite numbers, shape `(rows,)`."""
    values = []
    for row, cell in zip(table.row_numbers, table.cells(column), strict=True):
        number = _number(cell)
        if number is None:
            received = f"{cell!r} is not a number" if cell else "the value is missing"
            raise ValueError(
                f"{table.path}, row {row}, column {column!r}: {received}. Every row needs one; fill it in or remove "
                "the rows up to it."
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


def _quoted(names) -> str:
    return ", ".join(map(repr, names))


# === Without dates ===
def _check_no_dates(table: Table, columns: Sequence[str]) -> None:
    """Refuses a column beside the values that may mean dates, which nobody could put the rows in the order of."""
    for name in table.columns:
        cells = [cell for cell in table.cells(name) if cell]
        numbers = [number for number in map(_number, cells) if number is not None]
        if name not in columns and cells and may_mean_dates(name, cells, numbers):
            raise ValueError(
                f"{table.path}, column {name!r}: {cells[0]!r} is no date as needed to put the rows in order. Write "
                f"dates as YYYY-MM-DD, such as 2024-03-01; or, if the rows are in order, oldest first, say "
                f"dates='none' (--data-option dates=none)."
            )


def _check_dated(table: Table, **options: str | None) -> None:
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"{name}={value!r} needs a column of dates, and {table.path} has none; leave it out.")
