"""The log of a recorded drive: which picture was taken when, and what the driver did.

Three kinds are read:

    catalog_*.catalog   donkeycar's tub: a JSON object a line, ordered by "_index"; manifest.json may name lines that
                        the driver has deleted, which are left out
    *.jsonl             a JSON object a line, in the order of the drive
    *.csv               a row a picture below a row of names, in the order of the drive

macOS's `._*` files, which lie beside many tubs, are no logs.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .picture_reader import SUFFIXES
from .table import read_table
from .text_reading import is_text_folder

IMAGE_COLUMNS = ("cam/image_array", "image", "frame", "filename", "file", "center", "path")
ANGLE_COLUMNS = ("user/angle", "steering_angle", "steering angle", "steering", "angle")


@dataclass(frozen=True)
class LogLine:
    """One line of a log.

    Args:
        where: file and line, for errors.
        place: in the drive: that of the next picture is one more.
        session: of the recording; the last picture of one is not followed by the first of the next.
        cells: all that the line says.
    """

    where: str
    place: int
    session: str
    cells: Mapping[str, Any]


def find_logs(folder: Path) -> list[Path]:
    """The logs that lie in a folder itself: all catalogues of a tub, in order, or else other logs, by name."""
    files = sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    catalogues = [file for file in files if file.suffix == ".catalog"]
    if catalogues:
        return sorted(catalogues, key=lambda file: [int(number) for number in re.findall(r"\d+", file.stem)])
    return [file for file in files if file.suffix.lower() in (".jsonl", ".csv")]


def is_drive(folder: Path) -> bool:
    """Whether a folder is a recorded drive, and not one of images or texts by class, beside which a table may lie."""
    logs = find_logs(folder)
    if not logs or logs[0].suffix == ".catalog":
        return bool(logs)
    folders = [entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
    return len(folders) < 2 and not is_text_folder(folder)


def read_log(folder: Path, log: str | None = None) -> tuple[list[LogLine], list[str], set[str]]:
    """The lines of a drive's log, in the order of the drive.

    Args:
        folder: of the drive.
        log: name of the file, where there are several.

    Returns:
        The lines; what is wrong with lines that cannot be read; and the pictures of lines that the driver has deleted.

    Raises:
        ValueError: if there is no log, several, or none of that name.
    """
    logs = _chosen(folder, find_logs(folder), log)
    if logs[0].suffix.lower() == ".csv":
        table = read_table(logs[0])
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        places = [f"{logs[0]}, row {row}" for row in table.row_numbers]
        return [LogLine(one, place, "", rows[place]) for place, one in enumerate(places)], [], set()
    lines: list[LogLine] = []
    wrong: list[str] = []
    for file in logs:
        for number, text in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            where = f"{file}, line {number}"
            cells = _object(text)
            if cells is None:
                wrong.append(f"{where} is no JSON object")
            else:
                place = cells.get("_index", len(lines) + len(wrong))
                lines.append(LogLine(where, int(place), str(cells.get("_session_id", "")), cells))
    deleted = _deleted(folder / "manifest.json") if logs[0].suffix == ".catalog" else set()
    gone = {str(line.cells.get(IMAGE_COLUMNS[0])) for line in lines if line.place in deleted}
    kept = sorted((line for line in lines if line.place not in deleted), key=lambda line: line.place)
    return kept, wrong, gone


def _chosen(folder: Path, logs: list[Path], log: str | None) -> list[Path]:
    if log is not None:
        chosen = [file for file in logs if file.name == log]
        if not chosen:
            there = ", ".join(file.name for file in logs) or "none"
            raise ValueError(f"log: {folder} has no log {log!r}; there are: {there}.")
        return chosen
    if not logs:
        raise ValueError(f"{folder} holds no log of a drive: a catalog_*.catalog, .jsonl or .csv file.")
    if len(logs) > 1 and logs[0].suffix != ".catalog":
        names = ", ".join(file.name for file in logs)
        raise ValueError(f"{folder} holds several logs ({names}): name one by log (--data-option log={logs[0].name}).")
    return logs


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("_index", 0), int) else None


def _deleted(manifest: Path) -> set[int]:
    """The numbers of the lines that a tub's manifest calls deleted; none if there is no manifest."""
    if not manifest.is_file():
        return set()
    objects = map(_object, manifest.read_text(encoding="utf-8", errors="replace").splitlines())
    return {int(number) for one in objects if one for number in one.get("deleted_indexes", ())}


# === Columns ===
def find_column(lines: Sequence[LogLine], asked: str | None, known: Sequence[str], what: str, option: str) -> str:
    """The column that was asked for, or the one that goes by a known name.

    Raises:
        ValueError: if there is none.
    """
    there = list(lines[0].cells)
    if asked is not None and asked in there:
        return asked
    for name in known if asked is None else ():
        if name in there:
            return name
    wanted = f"no column {asked!r}" if asked is not None else f"no column of {what} ({', '.join(known)})"
    raise ValueError(
        f"{lines[0].where}: there is {wanted}; there are {', '.join(map(repr, there))}. Name it by {option} "
        f"(--data-option {option}={there[-1]})."
    )


def picture_files(folder: Path) -> dict[str, Path]:
    """The pictures below a folder: by the ends of their paths, as far as only one picture has them."""
    found = sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )
    by_end: dict[str, Path] = {}
    several = set()
    for file in found:
        parts = file.relative_to(folder).parts
        for first in range(len(parts)):
            end = "/".join(parts[first:])
            several |= {end} if end in by_end else set()
            by_end[end] = file
    whole = {file.relative_to(folder).as_posix(): file for file in found}
    return {end: file for end, file in by_end.items() if end not in several} | whole
