"""Plain data with arrays in it, in one file: a `.npz` of the arrays and a JSON text that says where they belong.

A file is there whole or not at all, and one that was damaged afterwards is found out: the archive keeps a checksum of
everything in it.
"""

import json
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..files import written_whole

_TEXT = "plain"
_STORED = "biufcU"  # kinds of arrays
# A bit flipped in the archive's own fields may ask for a password, or for a later version of the format.
_DAMAGE = (OSError, KeyError, EOFError, RuntimeError, ValueError, struct.error, zlib.error, zipfile.BadZipFile)


def write_plain(path: Path, value: Any) -> None:
    """Writes numbers, strings, arrays, lists, tuples and dicts (string keys) to `path`, and waits for the disk.

    Raises:
        OSError: if it cannot be written; whatever was at `path` before is still there.
    """
    arrays: dict[str, Any] = {}
    text = json.dumps(_without_arrays(value, arrays))
    with written_whole(path) as unfinished, unfinished.open("wb") as file:
        write_npz(file, {_TEXT: np.array(text), **arrays})
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name, too, survives a power cut
    finally:
        os.close(folder)


def write_npz(file: IO[bytes], arrays: Mapping[str, np.ndarray]) -> None:
    """What `numpy.savez` does, which NumPy 2.1 leaves with an open archive where the disk is full."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.asanyarray(array), allow_pickle=False)


def read_plain(path: Path) -> Any:
    """What `write_plain` wrote.

    Raises:
        ValueError: if the file is not whole, or is another one.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if damaged := archive.testzip():
                raise zipfile.BadZipFile(f"{damaged} is damaged")
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return _with_arrays(json.loads(str(arrays[_TEXT])), arrays)
    except _DAMAGE as error:
        raise ValueError(f"{path} is not whole: {error}.") from error


def is_plain(value: Any) -> bool:
    """Whether `write_plain` can write a value: numbers, strings, arrays, lists, tuples and dicts with strings as keys.

    Example:
        >>> is_plain({"best": np.float32(0.5), "waited": 2}), is_plain(print)
        (True, False)
    """
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in _STORED or _is_small_float(value.dtype)
    return value is None or isinstance(value, bool | int | float | str)


def _is_small_float(dtype: np.dtype) -> bool:
    """Whether it is one of those that NumPy knows through ml_dtypes alone, such as bfloat16."""
    return dtype.type.__module__ == "ml_dtypes"


def _without_arrays(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The value as JSON has it; arrays, and NumPy's numbers, go to `arrays` and leave their name."""
    if isinstance(value, np.ndarray | np.generic):
        name = f"array{len(arrays)}"
        stored = np.asarray(value)
        arrays[name] = stored if stored.dtype.kind in _STORED else stored.view(f"u{stored.itemsize}")  # bfloat16
        return {"array": name, "dtype": stored.dtype.name, "number": isinstance(value, np.generic)}
    if isinstance(value, dict):
        return {"dict": {key: _without_arrays(one, arrays) for key, one in value.items()}}
    if isinstance(value, list | tuple):
        return {
            type(value).__name__ if type(value) is list else "tuple": [_without_arrays(one, arrays) for one in value]
        }
    return value


def _with_arrays(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if not isinstance(value, dict):
        return value
    if "array" in value:
        array = arrays[value["array"]]
        if array.dtype.name != value["dtype"] and array.dtype.kind != "U":
            import ml_dtypes  # noqa: F401  registers bfloat16 with NumPy

            array = array.view(value["dtype"])
        return array[()] if value["number"] else array
    if "dict" in value:
        return {key: _with_arrays(one, arrays) for key, one in value["dict"].items()}
    if "list" in value:
        return [_with_arrays(one, arrays) for one in value["list"]]
    return tuple(_with_arrays(one, arrays) for one in value["tuple"])
