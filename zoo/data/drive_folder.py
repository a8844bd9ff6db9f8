"""A drive of the user's own: a folder of pictures and a log of what the driver did, such as a donkeycar's tub.

    tub/catalog_0.catalog     {"_index": 0, "cam/image_array": "0_cam.jpg", "user/angle": 0.3, "user/throttle": 0.5}
    tub/images/0_cam.jpg

The last fifth of the drive is the test part, what comes before it validates, the rest trains: pictures a tenth of a
second apart are nearly the same, so they are never shuffled into several parts, and no sequence reaches over an end.

Shapes:
    N  number of samples
    T  frames of a sequence
    H, W, C  height, width and channels of a frame
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..checks import whole_number
from .description import Description, Output
from .drive_log import ANGLE_COLUMNS, IMAGE_COLUMNS, LogLine, find_column, picture_files, read_log
from .image_folder import CHANNELS, check_size
from .picture_reader import read_picture, resize_picture
from .roads import standardisation, standardised
from .samples import Samples
from .splits import calendar_parts

_UNITS = {"user/angle": "of full lock", "user/throttle": "of full throttle"}


def load(
    path: Path,
    *,
    validation_share: float,
    frames: int = 1,
    stride: int | None = None,
    image_size: tuple[int, int] | int | None = None,
    color_mode: str = "rgb",
    columns: str | list[str] | None = None,
    image_column: str | None = None,
    log: str | None = None,
    unit: str | None = None,
    mirror: bool = False,
    skip: bool = False,
) -> Samples:
    """The frames of a drive, or sequences of them, with what the driver did at the last one.

    Args:
        path: of the folder.
        validation_share: share of the log's lines not in the test part, in [0, 1).
        frames: T; 1 for single frames.
        stride: lines from the first frame of one sample to that of the next; T by default, so that none are shared.
        image_size: (height, width) to bring every frame to. PilotNet and its kin need at least 61 each way. Defaults to
            the frames' own size, which must then be the same.
        color_mode: "rgb" or "grayscale".
        columns: of the log, whose numbers are the targets, the steering angle first. Defaults to that angle, by one of
            the names `drive_log.py: ANGLE_COLUMNS`.
        image_column: of the log, with the pictures' names or paths. Defaults to one of `IMAGE_COLUMNS`.
        log: its file name, where a folder has several.
        unit: of the numbers in the log. A tub's are shares of full lock and full throttle.
        mirror: whether the training part gets every sample mirrored as well, with the angle turned around.
        skip: whether lines without a picture or a number, and pictures that cannot be read, are left out; how many is
            told in the description's summary. By default they are an error.

    Pictures that no line names are left out, and counted there too; so are lines that a tub's manifest calls deleted.

    Raises:
        ValueError: if the log cannot be understood, or the drive is too short; names the file and the line.
    """
    frames = whole_number("frames", frames, least=1)
    stride = whole_number("stride", frames if stride is None else stride, least=1)
    size = check_size(image_size)
    if color_mode not in CHANNELS:
        raise ValueError(f"color_mode must be 'grayscale' or 'rgb'; got {color_mode!r}.")
    for name, value in (("mirror", mirror), ("skip", skip)):
        if not isinstance(value, bool):
            raise ValueError(f"{name} is True or False (--data-option {name}=true); got {value!r}.")
    recording = _read(path, log, image_column, columns, skip)
    windows = _windows(recording, path, frames, stride, validation_share)
    pictures, windows, spoilt = _read_images(recording, windows, size, CHANNELS[color_mode], skip)
    notes = [*recording.notes, *([f"{spoilt} pictures that cannot be read"] if spoilt else [])]

    train = windows["train"][:, -1]
    names = [Output(column, unit or _UNITS.get(column, "as logged")) for column in recording.columns]
    outputs = _outputs(path, recording.values[train], tuple(names), mirror)
    parts = {}
    for part, chosen in windows.items():
        x = pictures.of(chosen)  # (N, T, H, W, C)
        parts[part] = (x[:, 0] if frames == 1 else x), standardised([recording.values[chosen[:, -1]]], outputs)
    if mirror:
        parts["train"] = _mirrored(*parts["train"])
    baselines = {
        "training mean": np.zeros_like(parts["test"][1]),
        "persistence": _persistence(recording, windows["test"][:, -1], outputs),
    }
    shape = parts["test"][0].shape[1:]
    return Samples(parts, _description(path, shape, frames, outputs, notes), baselines=baselines)


def _description(path: Path, shape: tuple[int, ...], frames: int, outputs: tuple[Output, ...], notes: list[str]):
    given = "one frame" if frames == 1 else f"{frames} frames"
    left_out = f" Left out: {', '.join(notes)}." if notes else ""
    return Description(
        name=str(path),
        kind="files",
        task="regression",
        summary=f"The drive {path.name}; from {given} to {', '.join(one.name for one in outputs)}.{left_out}",
        input_shape=shape,
        classes=None,
        class_names=(),
        samples={},
        licence="the user's own",
        source=str(path),
        outputs=outputs,
    )


# === The log and its pictures ===
@dataclass(frozen=True)
class _Recording:
    """A drive's log, its pictures found.

    Args:
        columns: names of the targets.
        files: picture of each line.
        values: targets of each line, shape `(lines, columns)`.
        stretch: number of the unbroken stretch that each line belongs to, shape `(lines,)`.
        notes: what was left out.
    """

    columns: list[str]
    files: list[Path]
    values: np.ndarray
    stretch: np.ndarray
    notes: list[str]


def _read(path: Path, log: str | None, image_column: str | None, columns: Any, skip: bool) -> _Recording:
    lines, wrong, deleted = read_log(path, log)
    if not lines:
        raise ValueError(f"{path}: its log has no lines that can be read.")
    image_column = find_column(lines, image_column, IMAGE_COLUMNS, "pictures", "image_column")
    asked = [columns] if isinstance(columns, str) or columns is None else list(columns)
    targets = [find_column(lines, one, ANGLE_COLUMNS, "steering angles", "columns") for one in asked]
    pictures = picture_files(path)
    kept, files, values = [], [], []
    for line in lines:
        file, numbers = _file(line, image_column, pictures), [_number(line.cells.get(one)) for one in targets]
        if file is None:
            wrong.append(f"{line.where}: there is no picture {line.cells.get(image_column)!r}")
        elif None in numbers:
            which = targets[numbers.index(None)]
            wrong.append(f"{line.where}: {line.cells.get(which)!r} in {which!r} is not a finite number")
        else:
            kept.append(line)
            files.append(file)
            values.append(numbers)
    if wrong and (not skip or not kept):
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise ValueError(f"{wrong[0]}{more}. Mend it, or leave such lines out by skip (--data-option skip=true).")
    notes = [f"{len(wrong)} lines of the log that cannot be used"] if wrong else []
    named = {str(line.cells.get(image_column)).replace("\\", "/").rsplit("/", 1)[-1] for line in lines} | deleted
    if unnamed := sum(file.name not in named for file in set(pictures.values())):
        notes.append(f"{unnamed} pictures that no line names")
    if deleted:
        notes.append(f"{len(deleted)} deleted lines")
    return _Recording(targets, files, np.array(values, "float64"), _stretches(kept), notes)


def _file(line: LogLine, column: str, pictures: dict[str, Path]) -> Path | None:
    """A line's picture: by the longest end of its path that a picture here has, where it was recorded elsewhere."""
    parts = str(line.cells.get(column)).replace("\\", "/").split("/")
    ends = ("/".join(parts[first:]) for first in range(len(parts)))
    return next((pictures[end] for end in ends if end in pictures), None)


def _number(cell: Any) -> float | None:
    try:
        number = float(cell)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) and not isinstance(cell, bool) else None


def _stretches(lines: list[LogLine]) -> np.ndarray:
    places, sessions = np.array([line.place for line in lines]), np.array([line.session for line in lines])
    broken = (np.diff(places) != 1) | (sessions[1:] != sessions[:-1])
    return np.concatenate([[0], np.cumsum(broken)])


def _windows(
    recording: _Recording, path: Path, frames: int, stride: int, validation_share: float
) -> dict[str, np.ndarray]:
    """Lines of each sample, by part, shape `(N, T)`: none reaches over the end of a part or of a stretch."""
    windows = {}
    for part, span in calendar_parts(len(recording.files), validation_share).items():
        stretches = recording.stretch[span.start : span.stop]
        starts: list[int] = []
        for one in np.unique(stretches):
            lines = span.start + np.flatnonzero(stretches == one)
            starts += range(lines[0], lines[-1] + 2 - frames, stride)
        windows[part] = np.array(starts, int)[:, np.newaxis] + np.arange(frames)
        if not starts and (part != "validation" or validation_share):
            raise ValueError(
                f"{path}: {len(recording.files)} lines are too few for samples of {frames} frames in each of the parts "
                "to train on, validate and test."
            )
    return windows


def _read_images(
    recording: _Recording, windows: dict[str, np.ndarray], size: tuple[int, int] | None, channels: int, skip: bool
) -> tuple["_Pictures", dict[str, np.ndarray], int]:
    """The pictures of all lines that a window shows, the windows without unreadable ones, and how many these are."""
    shown = np.unique(np.concatenate([lines.ravel() for lines in windows.values()]))
    read: dict[int, np.ndarray] = {}
    for line in shown:
        try:
            image = read_picture(recording.files[line], channels)
        except ValueError as error:
            if not skip:
                raise ValueError(f"{error} Or leave it out by skip (--data-option skip=true).") from error
            continue
        image = image if size is None else resize_picture(image, size)
        read[int(line)] = np.round(image * 255).astype("uint8")
    spoilt = len(shown) - len(read)
    windows = {part: lines[np.isin(lines, list(read)).all(axis=1)] for part, lines in windows.items()}
    if not len(windows["train"]) or not len(windows["test"]):
        raise ValueError(f"{spoilt} of {len(shown)} pictures cannot be read: too few are left to train on and test.")
    _check_sizes({recording.files[line]: image.shape for line, image in read.items()})
    row_of = np.zeros(len(recording.files), int)
    row_of[list(read)] = np.arange(len(read))
    return _Pictures(np.stack(list(read.values())), row_of), windows, spoilt


@dataclass(frozen=True)
class _Pictures:
    """Pictures, shape `(P, H, W, C)`, and which of them belongs to each line of the log, shape `(lines,)`."""

    images: np.ndarray
    row_of: np.ndarray

    def of(self, lines: np.ndarray) -> np.ndarray:
        return self.images[self.row_of[lines]]


def _check_sizes(shapes: dict[Path, tuple[int, ...]]) -> None:
    (first, shape), *others = shapes.items()
    for file, other in others:
        if other != shape:
            raise ValueError(
                f"{file} has {other[0]}x{other[1]} pixels, {first} {shape[0]}x{shape[1]}; give image_size, such as "
                "image_size=(66, 200) (--data-option image_size=[66,200]), to bring all to one size."
            )


# === Targets ===
def _outputs(path: Path, values: np.ndarray, names: tuple[Output, ...], mirror: bool) -> tuple[Output, ...]:
    """The outputs with mean and deviation of the training targets, shape `(N, columns)`, mirrored ones too."""
    for one, column in zip(names, values.T, strict=True):
        if not np.ptp(column):
            raise ValueError(f"{path}: {one.name!r} is {column[0]:g} in the whole training part; nothing to learn.")
    return standardisation(np.concatenate([values, _turned(values)]) if mirror else values, names)


def _turned(values: np.ndarray) -> np.ndarray:
    """The same with the angle, which comes first, turned around."""
    return np.concatenate([-values[:, :1], values[:, 1:]], axis=1)


def _mirrored(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every sample as it is, and mirrored; the mean angle of both together is zero, so that y only turns its sign."""
    return np.concatenate([x, x[..., ::-1, :]]), np.concatenate([y, _turned(y)])


def _persistence(recording: _Recording, lines: np.ndarray, outputs: tuple[Output, ...]) -> np.ndarray:
    """The targets of the line before each, standardised; the training mean, 0, where the log has none before it."""
    values = standardised([recording.values[lines - 1]], outputs)
    known = (lines > 0) & (recording.stretch[lines - 1] == recording.stretch[lines])
    return np.where(known[:, np.newaxis], values, np.float32(0))
