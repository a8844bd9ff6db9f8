"""What is said, and written into `config.json`, of a fit that does not come to its end."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from ...callbacks import NonFiniteGradientError
from ..recipes import Recipe
from .run_folder import RunFolder
from .tensorflow_internals import has_workers
from .trouble import NotFiniteError


@contextlib.contextmanager
def status_of_failure(folder: RunFolder, config: dict[str, Any]) -> Iterator[None]:
    """Writes into `config.json` why the block did not come to its end."""
    try:
        yield
    except BaseException as error:
        status = "failed"
        if isinstance(error, NotFiniteError | NonFiniteGradientError | DivergedError):
            status = "diverged"
        elif isinstance(error, KeyboardInterrupt):
            status = "interrupted"
        with contextlib.suppress(OSError):  # where the disk is full
            folder.write_config({**config, "status": status, "reason": str(error)[:1000]})
        raise


@contextlib.contextmanager
def lost_workers_are_said(strategy) -> Iterator[None]:
    """Turns what TensorFlow raises when another worker has gone into a sentence."""
    if keras.backend.backend() != "tensorflow" or not has_workers(strategy):
        yield
        return
    import tensorflow as tf

    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError) as error:
        first_line = (error.message or "").strip().partition("\n")[0]
        raise ConnectionError(
            f"another worker was lost ({first_line}). Start all of them again with --resume, or use launch "
            "--max-restarts."
        ) from error


class DivergedError(ValueError):
    """The loss became infinite or no number, and nobody noticed before the end of an epoch."""


def check_loss(history: list[dict], recipe: Recipe, folder: RunFolder) -> None:
    """Refuses to go on with a model whose loss is no number any more.

    Raises:
        DivergedError: if it is not.
    """
    if history and not np.isfinite(history[-1]["loss"]):
        raise DivergedError(
            f"the loss became {history[-1]['loss']} in epoch {len(history)}: training diverged. "
            f"Try a learning rate below {recipe.learning_rate:g}. What happened is in {folder.path / 'history.csv'}."
        )
