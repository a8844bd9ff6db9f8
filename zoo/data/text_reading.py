"""Text files of the user's own: read whole, as lines, or as cells between tabs.

Lines end with a line feed, or that and a carriage return before it: `str.splitlines` would also break a sentence at a
form feed, or at the control character that old files have for three dots.
"""

from pathlib import Path
from typing import NamedTuple

from .picture_reader import SUFFIXES

FIRST = 20  # lines that tell what a file is


class Line(NamedTuple):
    """A line with something in it.

    Args:
        number: as an editor shows it, from 1.
        cells: the texts between its tabs, without the blanks around them.
    """

    number: int
    cells: list[str]


def read_text(path: Path) -> str:
    """All of a text file.

    Raises:
        ValueError: if it is empty, not text, or not in UTF-8; names the file.
    """
    contents = path.read_bytes()
    if b"\0" in contents:
        raise ValueError(f"{path} is not a text file: it holds bytes that are 0.")
    try:
        text = contents.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = contents[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{path}, line {line} is not text in UTF-8 ({error.reason}). Save the file in UTF-8 and try again."
        ) from error
    if not text.strip():
        raise ValueError(f"{path} is empty: it holds no text.")
    return text


def read_lines(path: Path) -> list[Line]:
    """The lines of a file, those that are blank left out.

    Raises:
        ValueError: as `read_text`.
    """
    lines = enumerate(read_text(path).split("\n"), 1)
    return [Line(number, [cell.strip() for cell in line.split("\t")]) for number, line in lines if line.strip()]


def check_cells(path: Path, lines: list[Line]) -> None:
    """Refuses lines of another number of tabs than the first, and without tabs.

    Raises:
        ValueError: names the line.
    """
    expected = len(lines[0].cells)
    for number, cells in lines:
        if len(cells) != expected or len(cells) < 2:
            raise ValueError(
                f"{path}, line {number} has {_tabs(len(cells))}; "
                + (f"the first has {_tabs(expected)}" if expected > 1 else "sentences belong between tabs")
                + ". Every line needs as many."
            )


def _tabs(cells: int) -> str:
    return f"{cells - 1} tab{'s' * (cells != 2)}" if cells > 1 else "no tab"


def kind_of_text_file(path: Path) -> str:
    """What a `.txt` or `.tsv` file is for: the source that reads it.

    A file is one of sentences if most of its first lines hold a tab, or if it is called `.tsv`; its sentences have
    labels if there are two cells in a line, and the second is a whole number in all of the file. Else it is a text.

    Returns:
        "text_file", "labelled_sentences" or "sentence_pairs".

    Raises:
        ValueError: as `read_text`.
    """
    lines = read_lines(path)
    tabbed = sum(len(line.cells) > 1 for line in lines[:FIRST])
    if path.suffix.lower() != ".tsv" and 2 * tabbed <= len(lines[:FIRST]):
        return "text_file"
    labelled = all(len(line.cells) == 2 and is_label(line.cells[1]) for line in lines)
    return "labelled_sentences" if labelled else "sentence_pairs"


def is_text_folder(folder: Path) -> bool:
    """Whether a folder holds `.txt` files, one for each class; one of images holds folders.

    Example:
        >>> is_text_folder(Path("no such folder"))
        False
    """
    if not folder.is_dir():
        return False
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    if any(entry.suffix.lower() in SUFFIXES for entry in entries):
        return False
    return any(entry.suffix.lower() == ".txt" for entry in entries) and not any(entry.is_dir() for entry in entries)


def is_label(cell: str) -> bool:
    """Whether a cell is a whole number.

    Example:
        >>> is_label("1"), is_label("-1"), is_label("good"), is_label("1.5")
        (True, True, False, False)
    """
    return cell.removeprefix("-").isdecimal()
