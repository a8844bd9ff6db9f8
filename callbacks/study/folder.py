"""What a comparison leaves on disk while it runs, so that one that was killed can go on.

study.json            what is compared, and how: a comparison of something else does not go on in this folder
seeds/seed-0.json     everything measured with one seed, written when its fit has ended, whole or not at all
times.json            what a step of each optimizer takes
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..files import written_whole

SETTINGS, SEEDS, TIMES = "study.json", "seeds", "times.json"


class StudyFolder:
    """The folder of a comparison.

    Args:
        path: of the folder, which is made; None to write nothing.
        settings: plain values that decide what comes out, but for the seeds, of which there may be more later.
        resume: whether finished seeds in the folder count.

    Raises:
        ValueError: if a comparison lies there and is not to go on, or is another one, or `path` is a file.
        OSError: if the folder cannot be written to.
    """

    def __init__(self, path: Path | str | None, settings: Mapping[str, Any], resume: bool = False):
        self.path = None if path is None else Path(path)
        self._settings = json.loads(json.dumps(dict(settings)))
        if self.path is None:
            if resume:
                raise ValueError("resume=True needs folder, that of the comparison to go on with.")
            return
        if self.path.exists() and not self.path.is_dir():
            raise ValueError(f"folder: {self.path} is a file; name a folder.")
        earlier = _read(self.path / SETTINGS)
        if earlier is not None and not resume:
            raise ValueError(f"{self.path} holds a comparison already; name another folder, or pass resume=True.")
        if earlier is not None and earlier != self._settings:
            changed = sorted(key for key in {*earlier, *self._settings} if earlier.get(key) != self._settings.get(key))
            was = ", ".join(f"{key} was {earlier.get(key)!r}" for key in changed)
            raise ValueError(f"{self.path} was begun with other settings: {was}. Resume with the same, or begin anew.")
        (self.path / SEEDS).mkdir(parents=True, exist_ok=True)
        _write(self.path / SETTINGS, self._settings)

    def finished(self, seed: int) -> dict[str, Any] | None:
        """What was measured with a seed, if its fit has ended."""
        return None if self.path is None else _read(self._file(seed))

    def keep(self, seed: int, measured: Mapping[str, Any]) -> None:
        """Writes what was measured with a seed."""
        if self.path is not None:
            _write(self._file(seed), measured)

    def step_seconds(self) -> dict[str, float] | None:
        """The times of steps, if they were measured."""
        return None if self.path is None else _read(self.path / TIMES)

    def keep_step_seconds(self, seconds: Mapping[str, float]) -> None:
        """Writes the times of steps."""
        if self.path is not None:
            _write(self.path / TIMES, seconds)

    def _file(self, seed: int) -> Path:
        return self.path / SEEDS / f"seed-{seed}.json"  # type: ignore[operator]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}. Take it away to measure anew.") from error


def _write(path: Path, value: Any) -> None:
    with written_whole(path) as unfinished:
        unfinished.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
