"""A report as one HTML file that holds everything it shows: no network, no script, no other file.

    Report -> Section -> Finding, Picture, Table      what a report consists of
    write_page                                        all of it into one file, by `templates/report.html.j2`

Pictures and data lie in the page as `data:` addresses; a policy in its head forbids the browser to fetch anything else.
"""

import base64
import io
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..csv_tables import all_columns, csv_rows
from ..files import written_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ROWS = 24  # that a table shows; all of them are in the file that can be saved from the page
LONGEST_CELL = 300  # letters
LARGEST_DRAWING = 400_000  # bytes of an SVG; a picture of more parts is smaller as dots
DOTS_PER_INCH = 150
PIXELS_PER_INCH = 96  # of a page, by CSS


@dataclass(frozen=True)
class Picture:
    """A picture in a page.

    Args:
        address: a `data:` address that holds the whole picture.
        width: in pixels of the page.
        height: in pixels of the page.
        words: what it shows, for those who cannot see it.
        caption: below it.
    """

    address: str
    width: int
    height: int
    words: str
    caption: str = ""

    @classmethod
    def of_figure(cls, figure: "Figure", words: str) -> "Picture":
        """A matplotlib figure: as a drawing, sharp at every size, unless it has very many parts."""
        from ..pictures import save_figure

        width, height = (round(PIXELS_PER_INCH * inches) for inches in figure.get_size_inches())
        drawing = io.BytesIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        save_figure(figure, drawing, format="svg", metadata=nothing)
        if len(drawing.getvalue()) <= LARGEST_DRAWING:
            return cls(data_address("image/svg+xml", drawing.getvalue()), width, height, words)
        dots = io.BytesIO()
        save_figure(figure, dots, format="png", dpi=DOTS_PER_INCH)
        return cls(data_address("image/png", dots.getvalue()), width, height, words)

    @classmethod
    def of_png(cls, path: Path, words: str, caption: str = "", dots_per_inch: int = 120) -> "Picture":
        """A picture from a `.png` file.

        Raises:
            ValueError: if it is none.
        """
        content = path.read_bytes()
        if content[:8] != b"\x89PNG\r\n\x1a\n" or len(content) < 24:
            raise ValueError(f"{path} is no PNG picture: take it away, or draw it anew.")
        size = struct.unpack(">II", content[16:24])
        width, height = (round(dots * PIXELS_PER_INCH / dots_per_inch) for dots in size)
        return cls(data_address("image/png", content), width, height, words, caption)


class Table:
    """Figures to read, all of which can be saved from the page as a file.

    Args:
        csv: the text of the whole table.
        file: the name that the saved file gets.
        only: the columns to show of it; by default, all in which there is something.

    Attributes:
        count: how many rows there are.
        rows: those that are shown: all, or those of the last epoch, or some at equal distances.
        which: these are, in words; nothing if they are all.
        columns: those in which there is something to show.
        numbers: those among them that hold numbers.
        address: the whole table as a `data:` address.
    """

    def __init__(self, csv: str, file: str, only: Sequence[str] | None = None):
        every = csv_rows(csv)
        self.file, self.count = file, len(every)
        self.rows, self.which = _rows_to_show(every)
        filled = {name: [row[name] for row in self.rows if row.get(name) is not None] for name in all_columns(every)}
        self.columns = [name for name, values in filled.items() if values and (only is None or name in only)]
        self.numbers = [name for name in self.columns if all(type(value) in (int, float) for value in filled[name])]
        self.address = data_address("text/csv;charset=utf-8", csv.encode())


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a run.

    Args:
        what: in a few words.
        evidence: the figures that show it.
        remedy: what to do about it.
        when: such as "epoch 3".
    """

    what: str
    evidence: str = ""
    remedy: str = ""
    when: str = ""


@dataclass(frozen=True)
class Section:
    """A part of a report.

    Args:
        title: its heading.
        text: a sentence or two below it.
        fine: what is well, in a sentence.
        findings: what is wrong.
        pictures: side by side where there is room.
        table: with figures.
        facts: names and values.
        command: a line for a shell.
    """

    title: str
    text: str = ""
    fine: str = ""
    findings: Sequence[Finding] = ()
    pictures: Sequence[Picture] = ()
    table: Table | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""


@dataclass(frozen=True)
class Report:
    """All that a page shows.

    Args:
        title: at the top.
        sections: in order.
        subtitle: below the title.
        status: how the run ended: "finished", "diverged", ...; nothing is shown for "".
        reason: why it ended like that, in a sentence.
        figures: the few that matter, in large type.
    """

    title: str
    sections: Sequence[Section]
    subtitle: str = ""
    status: str = ""
    reason: str = ""
    figures: Mapping[str, str] = field(default_factory=dict)


def write_page(report: Report, path: Path | str) -> Path:
    r"""Writes a report as one HTML file, whole or not at all.

    Returns:
        The file.

    Raises:
        OSError: if it cannot be written.

    Example:
        >>> section = Section("Rates", table=Table("layer,rate\ndense,0.25\n", "rates.csv"))
        >>> write_page(Report("A run", [section]), "report.html").read_text(encoding="utf-8")[:15]
        '<!doctype html>'
    """
    import jinja2

    template = (Path(__file__).parent / "templates" / "report.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["cell"] = cell
    with written_whole(Path(path)) as unfinished:
        unfinished.write_text(environment.from_string(template).render(report=report) + "\n", encoding="utf-8")
    return Path(path)


def data_address(kind: str, content: bytes) -> str:
    """A `data:` address of that media type, which holds the content itself."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def cell(value: Any) -> str:
    """A value as a table shows it: numbers with four digits, nothing for what is missing, long texts cut.

    Example:
        >>> cell(0.123456), cell(60), cell("dense"), cell(None), cell(1e-12), cell(True), cell({"shift": 1})
        ('0.1235', '60', 'dense', '', '1e-12', 'yes', 'shift: 1')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {cell(one)}" for key, one in value.items())
    text = ", ".join(map(cell, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}..."


def _rows_to_show(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """At most `MOST_ROWS` of them, and which these are."""
    which = []
    epochs = [row.get("epoch") for row in rows]
    if len(rows) > MOST_ROWS and None not in epochs and len(set(epochs)) < len(rows):
        last = epochs[-1]
        rows = [row for row in rows if row["epoch"] == last]
        which.append(f"epoch {cell(last)}")
    if (count := len(rows)) > MOST_ROWS:
        rows = [rows[round(place * (count - 1) / (MOST_ROWS - 1))] for place in range(MOST_ROWS)]
        which.append(f"{MOST_ROWS} of {count} rows")
    return rows, ", ".join(which)
