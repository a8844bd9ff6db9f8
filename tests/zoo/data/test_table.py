"""Reading .csv files: what spreadsheets write is understood, and what is wrong is named by file and row."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradschool.zoo.data.table import read_table

cells = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters=',;\t"'), min_size=1, max_size=5)


def write(folder, text, name="views.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_what_programs_write_is_read(tmp_path, separator, newline, encoding):
    lines = [separator.join(row) for row in (("date", "views"), ("2024-01-01", " 12 "), ('"1,5"', "é"))]
    table = read_table(write(tmp_path, newline.join(lines) + newline, encoding=encoding))
    assert table.columns == ["date", "views"]
    assert table.rows == [["2024-01-01", "12"], ["1,5", "é"]]
    assert table.row_numbers == [2, 3]
    assert table.cells("views") == ["12", "é"]


@given(rows=st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=9))
def test_cells_come_back(tmp_path_factory, rows):
    path = write(tmp_path_factory.mktemp("csv"), "\n".join(",".join(row) for row in [["a", "b"], *rows]))
    assert read_table(path).rows == rows


def test_row_numbers_are_an_editors(tmp_path):
    table = read_table(write(tmp_path, "a,b\n\n1,2\n\n\n3,4\n"))
    assert table.row_numbers == [3, 6]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no rows of values below a row of column names"),
        ("\n\n", "holds no rows of values"),
        ("a,b\n", "holds no rows of values"),
        ("1,2\n3,4\n", "the first row must name the columns; got 1, 2"),
        ("2024-01-01,2.5\n2024-01-02,3\n", "the first row must name the columns"),
        ("a,a\n1,2\n", "two columns are called 'a'"),
        ("a,b\n1,2\n3\n", "row 3 has 1 cells; the first row names 2 columns"),
        ("a,b\n1,2,3\n", "row 2 has 3 cells"),
        ('a,b\n"1,2\n3,4\n', "is not a .csv file"),
    ],
)
def test_damaged_files_are_named(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(ValueError, match=re.escape(message)) as refusal:
        read_table(path)
    assert str(path) in str(refusal.value)


def test_what_is_not_text_is_refused(tmp_path):
    path = tmp_path / "views.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    with pytest.raises(ValueError, match="is not text in UTF-8"):
        read_table(path)
