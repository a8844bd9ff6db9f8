"""Checkpoints: a training run that is killed at any instant goes on as if nothing had happened.

    model.fit(x, y, epochs=20, callbacks=[zoo.Checkpoints("runs/mine/checkpoints", every_steps=500)])

The same line again, after a kill, goes on from the newest checkpoint, to the very weights and history of an
uninterrupted run; after the last epoch, it restores these and trains no further. One checkpoint is one file, written
beside its place and moved there whole; the one before it is kept until the next, so that a damaged file costs an
interval at most.
"""

import errno
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from .plain_data import read_plain, write_plain

FORMAT = 1
KEPT = 2


def check_intervals(every_steps: Any, every_minutes: Any, names: tuple[str, str] = ("every_steps", "every_minutes")):
    """Refuses what is no interval between checkpoints.

    Args:
        every_steps: a whole number of at least 1, or None.
        every_minutes: a positive number, or None.
        names: of the two, for messages.

    Raises:
        ValueError: if one is out of its range.
    """
    if every_steps is not None and (not isinstance(every_steps, int) or every_steps < 1):
        raise ValueError(f"{names[0]} must be a whole number of at least 1; got {every_steps!r}.")
    if every_minutes is not None and not every_minutes > 0:
        raise ValueError(f"{names[1]} must be positive; got {every_minutes!r}.")


class Checkpoints(keras.callbacks.Callback):
    """Lets a fit of the engine write checkpoints, and begin with the newest one there is.

    For zoo models, and models that `use_engine` was called on; on the TensorFlow back end.

    Args:
        folder: of this run's checkpoints; made if it is not there.
        every_steps: steps from one checkpoint to the next, beside the one after every epoch.
        every_minutes: minutes from one checkpoint to the next. With several workers, use steps.
        resume: whether to begin with the newest checkpoint in the folder; those that lie there go otherwise.

    Raises:
        ValueError: if a number is not positive.
        OSError: while fitting, if a checkpoint cannot be written; earlier ones are kept.

    Attributes:
        resumed_from: the file that the last fit began with, or None.
        choices: what the engine chose for that fit (`choices.py`); a resumed fit uses it again.
        tell: called with a sentence for every damaged checkpoint; Python's warnings by default.
        on_resume: called with the file that a fit begins with; does nothing by default.
    """

    async_safe = True  # has no batch hooks: the engine itself writes at the right steps

    def __init__(
        self,
        folder: Path | str,
        every_steps: int | None = None,
        every_minutes: float | None = None,
        resume: bool = True,
    ):
        super().__init__()
        check_intervals(every_steps, every_minutes)
        self.folder = Path(folder)
        self.every_steps = every_steps
        self.every_minutes = every_minutes
        self.resume = resume
        self.resumed_from: Path | None = None
        self.choices: dict[str, Any] = {}
        self.driven = False
        self.tell: Callable[[str], object] = warnings.warn
        self.on_resume: Callable[[Path], object] = lambda path: None
        self._written = time.monotonic()

    def get_state(self) -> dict[str, Any]:
        """Nothing: what it is told counts, not what it was told before."""
        return {}

    def set_state(self, state) -> None:
        """Nothing."""

    def on_train_begin(self, logs=None):
        if not self.driven:
            raise ValueError(
                "Checkpoints works with the engine's fit: that of zoo models, and of others after "
                "zoo.use_engine(model), on the TensorFlow back end, with arrays or a tf.data.Dataset, and not with "
                "run_eagerly=True."
            )
        self.driven = False
        if self.resumed_from is not None:
            self.on_resume(self.resumed_from)

    # === For the engine ===
    def newest(self) -> dict[str, Any] | None:
        """What the newest whole checkpoint holds; None if there is none. Tells of damaged ones that it passes over."""
        self.resumed_from = None
        files = self.files()
        for path in reversed(files):
            try:
                content = read_plain(path)
            except ValueError as error:
                instead = "The one before it is used" if path != files[0] else "None is left: training begins anew"
                self.tell(f"{error} {instead}.")
                continue
            if not isinstance(content, dict) or content.get("format") != FORMAT:
                raise ValueError(f"{path} was written by another version of gradschool; begin anew without it.")
            self.resumed_from = path
            return content
        return None

    def files(self) -> list[Path]:
        """The checkpoints, oldest first."""
        return sorted(self.folder.glob("step-*.npz"))

    def prepare(self) -> None:
        """Makes the folder, and takes away what a killed run left unfinished (and everything, if not to be resumed)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.glob(".step-*"):
            path.unlink(missing_ok=True)
        if not self.resume:
            for path in self.files():
                path.unlink()

    def next_stop(self, step: int) -> int | None:
        """The step of the whole run before which a checkpoint is due, after `step` steps; None if none is."""
        return None if self.every_steps is None else (step // self.every_steps + 1) * self.every_steps

    def is_due(self, step: int) -> bool:
        """Whether one is due after `step` steps of the whole run."""
        if self.every_steps is not None and step % self.every_steps == 0:
            return True
        return self.every_minutes is not None and time.monotonic() - self._written >= 60 * self.every_minutes

    def write(self, step: int, content: dict[str, Any]) -> None:
        """Writes the checkpoint after `step` steps of the whole run, and lets go of the oldest.

        Those of later steps go as well: they can only be damaged ones, which `newest` passed over.
        """
        path = self.folder / f"step-{step:012d}.npz"
        try:
            write_plain(path, {"format": FORMAT, **content})
        except OSError as error:
            why = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror or str(error)
            kept = ", ".join(one.name for one in self.files()) or "none"
            raise OSError(
                f"the checkpoint {path} cannot be written: {why}. Earlier checkpoints are as they were: {kept}. "
                "Make room and resume from there."
            ) from error
        self._written = time.monotonic()
        files = self.files()
        ours = files.index(path) + 1
        for one in files[ours:] + files[: max(0, ours - KEPT)]:
            one.unlink(missing_ok=True)
