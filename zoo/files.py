"""Files that are there whole or not at all, and names that are free."""

import json
from pathlib import Path
from typing import Any

from ..callbacks.files import written_whole

__all__ = ["can_resume", "free_name", "read_run_json", "write_json", "written_whole"]


def write_json(path: Path, value: Any) -> None:
    """Writes `value` as indented JSON, whole or not at all."""
    with written_whole(path) as unfinished:
        unfinished.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def free_name(name: str, folder: Path) -> Path:
    """The first of `folder`/name-1, name-2, ... that is not taken."""
    number = 1
    while (folder / f"{name}-{number}").exists():
        number += 1
    return folder / f"{name}-{number}"


def can_resume(run: Path) -> bool:
    """Whether a run folder holds a checkpoint that `--resume` could go on from."""
    return any((run / "checkpoints").glob("step-*.npz"))


def read_run_json(folder: Path, name: str) -> dict[str, Any]:
    """What one of the `.json` files of a run folder says.

    Raises:
        ValueError: if the folder is no run folder, or the file was not written by a fit.
    """
    path = folder / name
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ValueError(f"{folder} is not a run folder of gradschool: it has no {name}.") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} was not written by gradschool: it holds no object.")
    return values
