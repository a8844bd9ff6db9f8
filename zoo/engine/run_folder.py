"""The run folder: what a fit leaves behind, so that it can be looked at, used and repeated.

config.json       everything to repeat the run: recipe, model, versions, command
history.csv       one row per epoch
metrics.json      {"test": {"accuracy": ..., "loss": ...}, "validation": ..., ...}
model.keras       the trained model
*_tokenizer.json  of models of text: how it becomes tokens, for inputs and, of a translation, targets
*.txt             what a model of text writes: a sample, some translations
checkpoints/      while it runs, and when it was cut short: what it can be resumed from
*.png             pictures
gradients.csv, dead_units.csv, findings.csv, clipping.csv   with --watch and --clip (`zoo/watching.py`)
report.html       all of it on one page: `gradschool report`
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...callbacks.csv_tables import csv_text
from ..files import read_run_json, write_json, written_whole
from ..pictures.style import save_picture
from ..watching import STEMS

CONFIG, HISTORY, METRICS, MODEL, CHECKPOINTS = (
    "config.json", "history.csv", "metrics.json", "model.keras", "checkpoints"
)  # fmt: skip
TOKENIZERS = ("input", "target")
_PROBE = ".gradschool-may-write"


class RunFolder:
    """One run's folder, and the names in it.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)

    @property
    def model_path(self) -> Path:
        """Where the trained model lies."""
        return self.path / MODEL

    @property
    def exists(self) -> bool:
        """Whether this is a folder that a fit has made."""
        try:
            return "gradschool" in self.read_config()
        except ValueError:
            return False

    def read_config(self) -> dict[str, Any]:
        """What `config.json` says.

        Raises:
            ValueError: if this is not a run folder.
        """
        return read_run_json(self.path, CONFIG)

    def read_metrics(self) -> dict[str, Any]:
        """What `metrics.json` says."""
        return read_run_json(self.path, METRICS)

    def write_config(self, config: dict[str, Any]) -> None:
        """Writes `config.json`."""
        write_json(self.path / CONFIG, config)

    def write_metrics(self, metrics: dict[str, Any]) -> None:
        """Writes `metrics.json`."""
        write_json(self.path / METRICS, metrics)

    def write_history(self, rows: Sequence[dict[str, float]]) -> None:
        """Writes `history.csv`: one row per epoch, a column per figure."""
        self.write_table(HISTORY, csv_text(rows))

    def write_table(self, name: str, csv: str) -> None:
        """Writes the text of a table as the file of that name."""
        self.write_text(name, csv)

    def write_text(self, name: str, text: str) -> None:
        """Writes a text as the file of that name."""
        with written_whole(self.path / name) as unfinished:
            unfinished.write_text(text, encoding="utf-8")

    def write_tokenizers(self, description) -> None:
        """Writes the tokenizers of a data set's texts, if it has any."""
        for kind in TOKENIZERS:
            if (tokenizer := getattr(description, f"{kind}_tokenizer")) is not None:
                self.write_text(f"{kind}_tokenizer.json", tokenizer.to_json())

    def read_tokenizer(self, kind: str):
        """The tokenizer of the inputs or the targets; None if there is none.

        Args:
            kind: "input" or "target".

        Raises:
            ValueError: if the file is damaged.
        """
        from ..data.tokenizer import Tokenizer

        path = self.path / f"{kind}_tokenizer.json"
        return Tokenizer.from_json(path.read_text(encoding="utf-8")) if path.is_file() else None

    def write_model(self, model) -> None:
        """Saves `model` as `model.keras`."""
        with written_whole(self.model_path) as unfinished:
            model.save(unfinished)

    @property
    def checkpoints(self) -> Path:
        """Where the checkpoints lie."""
        return self.path / CHECKPOINTS

    def remove_checkpoints(self) -> None:
        """Takes the checkpoints away: the run is finished."""
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    def remove_leftovers(self) -> None:
        """Takes away what a killed process left unfinished."""
        for path in filter(_is_leftover, self.path.iterdir()):
            path.unlink(missing_ok=True)

    def write_picture(self, name: str, figure) -> None:
        """Saves a matplotlib figure as `NAME.png`."""
        save_picture(figure, self.path / f"{name}.png")


class NoFolder(RunFolder):
    """The run folder of a worker that leaves the writing to another: it can be read, and nothing is written."""

    def write_config(self, config):
        """Nothing, as all below."""

    def write_metrics(self, metrics):
        pass

    def write_history(self, rows):
        pass

    def write_text(self, name, text):
        pass

    def write_model(self, model):
        pass

    def write_picture(self, name, figure):
        pass

    def remove_checkpoints(self):
        pass


def check_free(path: Path, overwrite: bool, resume: bool = False) -> None:
    """Refuses a place where a run folder must not or cannot be made; touches nothing.

    Args:
        path: of the folder.
        overwrite: whether an earlier run there may go.
        resume: whether an earlier run there is to go on.

    Raises:
        ValueError: if something is there already and `overwrite` does not cover it.
        OSError: if the folder above cannot be written to.
    """
    if path.is_dir():
        if not all(map(_is_leftover, path.iterdir())):
            if not RunFolder(path).exists:
                raise ValueError(f"--out {path} is a folder with other things in it; name another one.")
            if not (overwrite or resume):
                raise ValueError(
                    f"--out {path} holds an earlier run; name another folder, or say --overwrite, or --resume to go on "
                    "with it."
                )
        _check_writable(path)
    elif path.exists():
        raise ValueError(f"--out {path} is a file; name a folder.")
    else:
        _check_writable(next(folder for folder in path.absolute().parents if folder.exists()))


def _is_leftover(path: Path) -> bool:
    """Whether this is a file that was being written when its process was killed (`files.written_whole`)."""
    files = (*(f"{kind}_tokenizer" for kind in TOKENIZERS), "config", "history", "metrics", "model", "report", *STEMS)
    names = (_PROBE, *(f".{stem}-" for stem in files))
    return path.name.startswith(names) or (path.name.startswith(".") and path.suffix == ".png")


def _check_writable(folder: Path) -> None:
    probe = folder / _PROBE
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise OSError(f"cannot write in {folder} ({error.strerror}); name another folder with --out.") from error


def make_run_folder(path: Path, overwrite: bool = False) -> RunFolder:
    """An empty run folder; an earlier run there goes only if `overwrite` says so.

    Raises:
        ValueError, OSError: as `check_free`.
    """
    check_free(path, overwrite)
    path.mkdir(parents=True, exist_ok=True)
    # Not the folder itself, which may be the current one or a link. Checkpoints first: none outlives its run; and last
    # what tells that this is a run folder, should the process be killed here.
    for old in sorted(path.iterdir(), key=lambda one: (one.name == CONFIG) - (one.name == CHECKPOINTS)):
        shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
    return RunFolder(path)
