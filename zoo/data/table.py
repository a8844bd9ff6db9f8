"""A .csv file as columns of text, each row with the number that an editor shows for it."""

import csv
import gzip
import io
import zlib
from pathlib import Path
from typing import NamedTuple


class Table(NamedTuple):
    """A .csv file.

    Args:
        path: of the file.
        columns: the names in its first row.
        rows: the cells of the others, stripped of spaces.
        row_numbers: of those rows in the file; the names stand in row 1.
    """

    path: Path
    columns: list[str]
    rows: list[list[str]]
    row_numbers: list[int]

    def cells(self, column: str) -> list[str]:
        """The cells of a column, from top to bottom."""
        position = self.columns.index(column)
        return [row[position] for row in self.rows]


def read_table(path: Path) -> Table:
    """Reads a file of values separated by commas, semicolons or tabs, maybe compressed; empty lines are left out.

    Raises:
        ValueError: if it is not text, is empty, has no row of names, or rows of different lengths.
    """
    try:
        read = path.read_bytes()
        text = (gzip.decompress(read) if path.suffix.lower() == ".gz" else read).decode("utf-8-sig")
        names = text.lstrip().partition("\n")[0]
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=names.count), strict=True)
        lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text in UTF-8, so not a .csv file to be read here: {error}.") from error
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ValueError(f"{path} is not a whole .gz file: {error}.") from error
    except csv.Error as error:
        raise ValueError(f"{path} is not a .csv file: {error}.") from error
    filled = [position for position, (_, row) in enumerate(lines) if any(row)]
    if len(filled) < 2:
        raise ValueError(f"{path} holds no rows of values below a row of column names.")
    (_, columns), *rows = lines[filled[0] : filled[-1] + 1]
    _check_names(path, columns)
    if len(columns) == 1:  # an empty line between others is a missing value here
        rows = [(number, row or [""]) for number, row in rows]
    rows = [(number, row) for number, row in rows if row]
    for number, row in rows:
        if len(row) != len(columns):
            raise ValueError(f"{path}, row {number} has {len(row)} cells; the first row names {len(columns)} columns.")
    return Table(path, columns, [row for _, row in rows], [number for number, _ in rows])


def _check_names(path: Path, columns: list[str]) -> None:
    if any(name.replace(".", "").replace("-", "").isdigit() for name in columns):
        raise ValueError(f"{path}: the first row must name the columns; got {', '.join(columns)}.")
    for name in columns:
        if columns.count(name) > 1:
            raise ValueError(f"{path}: two columns are called {name!r}.")
