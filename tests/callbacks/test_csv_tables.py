"""Tables as CSV say what pandas reads from them."""

import io
import math

import pandas
import pytest

from gradschool.callbacks.csv_tables import all_columns, csv_rows, csv_text

ROWS = [
    {"layer": "dense, first", "epoch": 1, "norm": 0.1 + 0.2, "dead": True},
    {"layer": 'a "b"\n<c>', "epoch": 2, "norm": 1e-300, "remark": "$x$"},
]


def test_pandas_reads_the_same():
    table = pandas.read_csv(io.StringIO(csv_text(ROWS)))
    assert list(table.columns) == all_columns(ROWS) == ["layer", "epoch", "norm", "dead", "remark"]
    for number, row in enumerate(ROWS):
        for name, value in row.items():
            assert table[name][number] == (pytest.approx(value) if name == "norm" else value)


def test_what_was_written_comes_back():
    missing = dict.fromkeys(all_columns(ROWS))
    assert csv_rows(csv_text(ROWS)) == [{**missing, **row} for row in ROWS]


def test_what_pandas_writes_is_read():
    assert csv_rows(pandas.DataFrame(ROWS).to_csv(index=False)) == csv_rows(csv_text(ROWS))


@pytest.mark.parametrize(
    ("text", "value"), [("7", 7), ("-0.5", -0.5), ("1e-7", 1e-7), ("inf", math.inf), ("1_000", "1_000"), ("", None)]
)
def test_numbers_are_numbers_and_names_names(text, value):
    ((row),) = csv_rows(f"x,y\n{text},a\n")
    assert row == {"x": value, "y": "a"}
    assert type(row["x"]) is type(value)


def test_no_number_is_none_that_is_missing():
    ((row),) = csv_rows(csv_text([{"loss": math.nan}]))
    assert math.isnan(row["loss"])


def test_nothing_gives_nothing():
    assert csv_rows("") == csv_rows("\n") == csv_rows(pandas.DataFrame([]).to_csv(index=False)) == []
