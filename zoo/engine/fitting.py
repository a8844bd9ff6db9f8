"""From a recipe to a run folder: prepare, fit, evaluate, write."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
from rich.console import Console
from rich.markup import escape

from ...callbacks.report import HEALTHY
from ..recipes import Recipe
from ..watching import check_watch, choose_watch, make_callbacks, results_written
from .averages import ValidateAverages
from .checkpoints import Checkpoints, check_intervals
from .endings import check_loss, lost_workers_are_said, status_of_failure
from .opening import load_model_file
from .preparing import check_same_recipe, prepare_fit, run_config
from .pretraining import pretrain
from .progress import ProgressBar, say
from .results import measure
from .run_folder import NoFolder, RunFolder, check_free, make_run_folder
from .strategies import asks_for_workers, get_strategy, is_chief
from .tensorflow_internals import deterministic_operations
from .writers import HistoryWriter, ResultsWriter


@dataclass(frozen=True)
class Fit:
    """What came out of a fit.

    Args:
        model: the trained model.
        folder: its run folder.
        metrics: as in `metrics.json`.
        interrupted: whether it was stopped by Ctrl-C before its last epoch.
    """

    model: keras.Model
    folder: RunFolder
    metrics: dict[str, Any]
    interrupted: bool


@dataclass(frozen=True)
class Execution:
    """How a recipe is run, none of which changes its result (but for the rounding of sums over replicas).

    Args:
        strategy: a name of `strategies.py`.
        replicas: how many, for the strategy mirrored.
        checkpoint_every: steps from one checkpoint to the next, beside the one after every epoch.
        checkpoint_minutes: minutes from one to the next.
        resume: whether a run that was begun in the same folder goes on.
        watch: what is measured beside the metrics: names of `zoo/watching.py`.

    Raises:
        ValueError: if there cannot be such checkpoints, or there is nothing of such a name to watch.
    """

    strategy: str = "one"
    replicas: int | None = None
    checkpoint_every: int | None = None
    checkpoint_minutes: float | None = None
    resume: bool = False
    watch: tuple[str, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "watch", check_watch(self.watch))
        names = "--checkpoint-every", "--checkpoint-minutes"
        check_intervals(self.checkpoint_every, self.checkpoint_minutes, names)
        if self.by_workers and self.checkpoint_minutes is not None:
            raise ValueError("--checkpoint-minutes: several workers' clocks differ; say --checkpoint-every instead.")
        wants_any = self.resume or self.checkpoint_every or self.checkpoint_minutes
        if wants_any and keras.backend.backend() != "tensorflow":
            raise ValueError(
                "checkpoints and --resume are for the TensorFlow back end: leave out --resume, --checkpoint-every and "
                "--checkpoint-minutes, or set KERAS_BACKEND=tensorflow."
            )

    @property
    def by_workers(self) -> bool:
        """Whether several processes train together."""
        return self.strategy == "multiworker" or (self.strategy == "auto" and asks_for_workers())


def fit_recipe(
    recipe: Recipe,
    out: Path | str,
    *,
    data_dir: Path | str | None = None,
    fold: tuple[int, int] | None = None,
    overwrite: bool = False,
    command: str | None = None,
    console: Console | None = None,
    execution: Execution | None = None,
) -> Fit:
    """Trains a recipe's model and writes its run folder.

    A run that is killed can be called again with `Execution(resume=True)`: it goes on from its newest checkpoint, or
    begins if there is none, and gives what it would have given without the kill.

    Args:
        recipe: what to train, on what, and how.
        out: the run folder to make.
        data_dir: folder of prepared data sets; tensorflow-datasets' own by default.
        fold: (k, K): hold out the k-th of K parts as the test set, for cross-validation.
        overwrite: whether an earlier run at `out` may go.
        command: the line that repeats this, for `config.json`.
        console: where progress is shown; nowhere by default.
        execution: on which devices, and with which checkpoints.

    Raises:
        ValueError: if recipe, data and model do not fit together, if the loss or a gradient is no longer a number, if
            `out` is taken, or holds a run of another recipe that cannot be resumed.
        OSError: if `out` cannot be written.
    """
    out, console, execution = Path(out), console or Console(quiet=True), execution or Execution()
    strategy = get_strategy(execution.strategy, execution.replicas)
    chief = is_chief(strategy)
    if not chief:
        console = Console(quiet=True)
    begun = _find_begun(out, recipe, fold, overwrite, execution, chief, console)
    if begun is not None and begun.read_config().get("status") == "finished":
        return _finished_already(begun, console, chief)
    with _repeatable_operations():
        data, model = prepare_fit(recipe, data_dir, fold, strategy, lambda words: say(console, words))
        watch = choose_watch(execution.watch, model)
        callbacks = make_callbacks(watch, recipe.clip, model, data)
        if begun is not None:
            _check_same_watch(begun, watch)
        folder = (begun or make_run_folder(out, overwrite)) if chief else NoFolder(out)
        config = run_config(recipe, model, data.description, fold, command)
        config |= {"strategy": {"name": execution.strategy, "replicas": strategy.num_replicas_in_sync}}
        config |= {"watch": list(watch), "seconds": 0.0}
        if begun is not None:  # its command repeats the run; this one goes on with it
            earlier = begun.read_config()
            config |= {"command": earlier["command"], "resumed_by": command, "seconds": earlier.get("seconds", 0.0)}
        folder.write_config({**config, "status": "running"})
        folder.write_tokenizers(data.description)
        _say_what_begins(console, recipe, model, data, strategy)
        started = time.perf_counter()
        with status_of_failure(folder, config), lost_workers_are_said(strategy):
            scope = strategy.scope() if keras.backend.backend() == "jax" else contextlib.nullcontext()
            with scope, results_written(folder, callbacks):
                # A checkpoint holds what came of it; one of an earlier run, which the first worker is about to remove,
                # does not. And a large one is not read for nothing.
                if recipe.pretrain and (begun is None or not _has_checkpoint(folder)):
                    pretrain(model, recipe, data, lambda line: say(console, line))
                history, interrupted = run_epochs(model, data, recipe, folder, console, execution, config, callbacks)
            _say_what_was_found(console, callbacks.get("findings"))
            config["seconds"] = round(config["seconds"] + time.perf_counter() - started, 1)
            check_loss(history, recipe, folder)
            if interrupted and execution.by_workers:  # others may be at another step: nothing to share
                raise KeyboardInterrupt
            metrics = finish(model, data, folder, history)
        folder.write_config({**config, "status": "interrupted" if interrupted else "finished"})
    if not interrupted:
        folder.remove_checkpoints()
    return Fit(model, folder, metrics, interrupted)


def _say_what_begins(console: Console, recipe: Recipe, model, data, strategy) -> None:
    replicas = strategy.num_replicas_in_sync
    say(
        console,
        f"fitting {recipe.model} ({model.count_params():,} parameters) to {recipe.data}: "
        f"{data.description.samples['train']:,} samples, {recipe.epochs} epoch{'s' if recipe.epochs > 1 else ''}"
        + (f", {replicas} replicas" if replicas > 1 else ""),
    )
    if recipe.batch_size > (samples := data.description.samples["train"]):
        say(
            console,
            f"careful: a batch of {recipe.batch_size} holds all {samples:,} samples, so that an epoch is one step; "
            "take smaller ones by --batch-size",
        )


def _say_what_was_found(console: Console, doctor) -> None:
    if doctor is not None and (words := doctor.report() or (HEALTHY if doctor.epochs else "")):
        say(console, escape(words))


def _find_begun(
    out: Path, recipe: Recipe, fold, overwrite: bool, execution: Execution, chief: bool, console: Console
) -> RunFolder | None:
    """The run to go on with, if there is one and that is wanted; refuses an `out` that is taken or holds another."""
    if chief:
        check_free(out, overwrite, execution.resume)
    begun = RunFolder(out)
    if not execution.resume:
        return None
    if not begun.exists:
        say(console, f"there is no run in {out} to go on with: beginning anew")
        return None
    if chief:
        begun.remove_leftovers()
    check_same_recipe(begun, recipe, fold)
    return begun


def _has_checkpoint(folder: RunFolder) -> bool:
    """Whether the fit will go on from a whole checkpoint."""
    checkpoints = Checkpoints(folder.checkpoints)
    checkpoints.tell = lambda sentence: None  # of damaged ones the fit itself tells
    return checkpoints.newest() is not None


def _check_same_watch(begun: RunFolder, watch: Sequence[str]) -> None:
    """Refuses to resume with other callbacks: what they count is part of the checkpoints."""
    watched = begun.read_config().get("watch", [])
    if watched != list(watch):
        was, now = (", ".join(names) or "nothing" for names in (watched, watch))
        raise ValueError(f"{begun.path} was begun with {was} watched, now it is {now}: resume with the same --watch.")


def _finished_already(begun: RunFolder, console: Console, chief: bool) -> Fit:
    say(console, f"{begun.path} is finished already: nothing is left to do")
    if chief:
        begun.remove_checkpoints()
    own = begun if chief else NoFolder(begun.path)
    return Fit(load_model_file(begun.model_path), own, begun.read_metrics(), False)


def _repeatable_operations():
    """For the time of the block, a seed decides everything, down to the order of sums."""
    return deterministic_operations() if keras.backend.backend() == "tensorflow" else contextlib.nullcontext()


def run_epochs(
    model,
    data,
    recipe: Recipe,
    folder: RunFolder,
    console: Console,
    execution: Execution,
    config: dict[str, Any],
    watching: Mapping[str, Any],
) -> tuple[list[dict], bool]:
    """Runs `model.fit`; Ctrl-C ends it and keeps the weights.

    Returns:
        The rows of `history.csv`, and whether Ctrl-C came.
    """
    writer, bar = HistoryWriter(folder), ProgressBar(console)
    callbacks = [writer, bar, *watching.values(), ResultsWriter(folder, watching)]
    if recipe.ema:
        callbacks.insert(0, ValidateAverages())
    if keras.backend.backend() == "tensorflow":
        checkpoints = Checkpoints(
            folder.checkpoints, execution.checkpoint_every, execution.checkpoint_minutes, execution.resume
        )
        checkpoints.tell = lambda sentence: say(console, sentence)
        checkpoints.on_resume = lambda path: say(console, f"going on from {path}")
        callbacks.append(checkpoints)
    try:
        model.fit(
            data.train,
            validation_data=None if model.task == "generation" else data.validation,  # nothing is drawn there
            epochs=recipe.epochs,
            shuffle=False,  # the pipeline reshuffles by itself, and Keras 3.15 warns about its own default
            callbacks=callbacks,
            verbose=0,
        )
    except KeyboardInterrupt:
        bar.stop()
        _build_optimizer(model)  # which Keras would warn about whenever the saved model is loaded
        if recipe.ema and int(model.optimizer.iterations):  # before the first step, the averages are zeros
            model.optimizer.finalize_variable_values(model.trainable_variables)  # as at the end of a whole fit
        kept = "go on with --resume" if execution.by_workers else "keeping what was trained so far"
        say(console, f"interrupted in epoch {len(writer.rows) + 1}: {kept}")
        return writer.rows, True
    finally:
        bar.stop()
        if keras.backend.backend() == "tensorflow":
            config["engine"] = checkpoints.choices
    return writer.rows, False


def _build_optimizer(model) -> None:
    """Makes the optimizer's variables, where a fit was broken off before its first step had made them."""
    strategy = getattr(model, "distribute_strategy", None)  # TensorFlow's
    with strategy.scope() if strategy else contextlib.nullcontext():
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)


def finish(model, data, folder: RunFolder, history: list[dict]) -> dict[str, Any]:
    """Measures the trained model and writes model, metrics, pictures and texts."""
    folder.write_model(model)
    results = measure(model, data, history)
    folder.write_metrics(results.metrics)
    for name, figure in results.pictures.items():
        folder.write_picture(name, figure)
    for name, text in results.texts.items():
        folder.write_text(name, text)
    return results.metrics
