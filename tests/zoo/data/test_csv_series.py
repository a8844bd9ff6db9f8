"""A user's .csv file: the right column in the right order, and every mistake named by file, row and column."""

import re
from datetime import date, timedelta

import numpy as np
import pytest

from gradschool.zoo.data import load_data
from gradschool.zoo.data.windows import windows_of_series

DAYS = 120


def rows_of(days=DAYS):
    """(date, views, comments) of each day; no two days have the same views."""
    first = date(2023, 12, 1)
    return [[str(first + timedelta(day)), str(1000 + 7 * day + 100 * (day % 7)), f"{day % 5}"] for day in range(days)]


def write(folder, rows, header=("date", "views", "comments"), name="views.csv"):
    path = folder / name
    path.write_text("\n".join(",".join(row) for row in [header, *rows]) + "\n", encoding="utf-8")
    return path


def views(rows):
    return np.array([float(row[1]) for row in rows])


def test_equals_the_windows_of_its_column(tmp_path):
    rows = rows_of()
    data = load_data(write(tmp_path, rows), column="views", window=7)
    expected, scale = windows_of_series(views(rows), 7, 0.1, "views", "views.csv")
    for part, arrays in expected.items():
        for array, same in zip(data.arrays(part), arrays, strict=True):
            np.testing.assert_array_equal(array, same)
    assert data.description.scale == scale
    assert data.description.scale.unit == "views"
    assert data.description.kind == "files"
    assert data.description.task == "regression"
    assert data.description.input_shape == (7,)
    assert data.description.classes is None


def test_the_only_column_of_numbers_is_the_default(tmp_path):
    rows = [[day, number] for day, number, _ in rows_of()]
    data = load_data(str(write(tmp_path, rows, ("date", "views"))), window=7)
    assert data.description.scale.unit == "views"


@pytest.mark.parametrize("order", [slice(None, None, -1), np.random.default_rng(0).permutation(DAYS)])
def test_rows_are_put_in_the_order_of_their_dates(tmp_path, order):
    rows = np.array(rows_of())
    sorted_data = load_data(write(tmp_path, rows.tolist()), column="views", window=7)
    shuffled = load_data(write(tmp_path, rows[order].tolist(), name="shuffled.csv"), column="views", window=7)
    for part in ("train", "validation", "test"):
        for array, same in zip(sorted_data.arrays(part), shuffled.arrays(part), strict=True):
            np.testing.assert_array_equal(array, same)


def test_rows_without_dates_keep_their_order(tmp_path):
    rows = [[number] for _, number, _ in rows_of()]
    data = load_data(write(tmp_path, rows, ("views",)), window=7)
    np.testing.assert_allclose(data.description.scale.restore(data.arrays("test")[1][-1]), views(rows_of())[-1:])


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("", "row 12, column 'views': the value is missing"),
        ("many", "row 12, column 'views': 'many' is not a number"),
        ("nan", "row 12, column 'views': 'nan' is not a number"),
        ("inf", "row 12, column 'views': 'inf' is not a number"),
    ],
)
@pytest.mark.parametrize("column", ["views", None])
def test_cells_that_are_no_numbers_are_named(tmp_path, cell, message, column):
    rows = [[day, number] for day, number, _ in rows_of()]
    rows[10][1] = cell  # row 1 has the names
    path = write(tmp_path, rows, ("date", "views"))
    with pytest.raises(ValueError, match=re.escape(f"{path}, {message}")):
        load_data(path, column=column, window=7)


def test_a_missing_cell_of_the_only_column_is_named(tmp_path):
    rows = [[number] for _, number, _ in rows_of()]
    rows[10][0] = ""
    with pytest.raises(ValueError, match="row 12, column 'views': the value is missing"):
        load_data(write(tmp_path, rows, ("views",)), window=7)


def test_a_column_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    with pytest.raises(ValueError, match="there is no column 'likes'; there are 'date', 'views', 'comments'"):
        load_data(write(tmp_path, rows_of()), column="likes")


def test_several_columns_of_numbers_must_be_chosen_from(tmp_path):
    with pytest.raises(ValueError, match=r"'views', 'comments'; name .*--data-option column=views"):
        load_data(write(tmp_path, rows_of()))


def test_no_column_of_numbers_is_refused(tmp_path):
    with pytest.raises(ValueError, match="there is no column of numbers"):
        load_data(write(tmp_path, [["a", "b"]] * 50, ("one", "two")))


def test_too_few_rows_are_refused_with_their_number(tmp_path):
    path = write(tmp_path, rows_of(20))
    with pytest.raises(ValueError, match=re.escape(f"{path}: 20 days are too few for windows of 28 days")):
        load_data(path, column="views")


class TestDates:
    def test_a_date_that_is_none_is_named(self, tmp_path):
        rows = rows_of()
        rows[4][0] = "soon"
        with pytest.raises(ValueError, match="row 6, column 'date': 'soon' is not a date such as 2024-03-01"):
            load_data(write(tmp_path, rows), column="views")

    def test_a_day_twice_is_named(self, tmp_path):
        rows = rows_of()
        rows[5][0] = rows[4][0]
        with pytest.raises(ValueError, match=f"rows 6 and 7 have the same date, {rows[4][0]}; keep one"):
            load_data(write(tmp_path, rows), column="views")

    def test_a_gap_is_named_and_can_be_allowed(self, tmp_path):
        rows = rows_of()
        del rows[50:52]
        path = write(tmp_path, rows)
        with pytest.raises(
            ValueError, match=r"rows 51 and 52 are 3 days apart, most rows 1 day.*--data-option allow_gaps=true"
        ):
            load_data(path, column="views")
        data = load_data(path, column="views", allow_gaps=True)
        assert sum(data.description.samples.values()) == DAYS - 2 - 28

    @pytest.mark.parametrize(
        ("name", "form"),
        [
            ("date", "%d/%m/%Y"),
            ("date", "%Y%m%d"),
            ("posted", "%Y%m%d"),
            ("Tag", "%d.%m.%Y"),
            ("when", "%b %d"),
            ("timestamp", "%j"),
        ],
    )
    def test_other_dates_are_refused_unless_the_rows_are_said_to_be_in_order(self, tmp_path, name, form):
        rows = [[date.fromisoformat(day).strftime(form), number] for day, number, _ in rows_of()][::-1]
        path = write(tmp_path, rows, (name, "views"))
        with pytest.raises(ValueError, match=rf"column '{name}': '{rows[0][0]}' is no date .*YYYY-MM-DD.*dates=none"):
            load_data(path, column="views", window=7)
        data = load_data(path, column="views", window=7, dates="none")
        np.testing.assert_allclose(data.description.scale.restore(data.arrays("test")[1][-1]), views(rows)[-1:])

    @pytest.mark.parametrize("name", ["index", "day", "id"])
    def test_a_column_that_counts_the_rows_is_no_date(self, tmp_path, name):
        rows = [[str(count), number, likes] for count, (_, number, likes) in enumerate(rows_of())]
        data = load_data(write(tmp_path, rows, (name, "views", "comments")), column="views", window=7)
        assert data.description.scale.unit == "views"

    def test_rows_said_to_be_in_order_are_left_in_it(self, tmp_path):
        path = write(tmp_path, rows_of()[::-1])
        data = load_data(path, column="views", window=7, dates="none")
        np.testing.assert_allclose(data.description.scale.restore(data.arrays("test")[1][-1]), views(rows_of())[:1])

    @pytest.mark.parametrize(("option", "value"), [("dates", "date"), ("allow_gaps", "yes"), ("dates", ["none"])])
    def test_options_that_make_no_sense_are_refused(self, tmp_path, option, value):
        with pytest.raises(ValueError, match=f"{option} .*got {re.escape(repr(value))}"):
            load_data(write(tmp_path, rows_of()), column="views", **{option: value})
