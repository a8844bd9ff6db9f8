"""From a recipe to a run folder: build, compile, fit, evaluate, write."""

import contextlib
import importlib
import json
import math
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.console import Console

from ... import __version__
from ..data import data_identity, load_data
from ..layers.losses import get_loss
from ..pictures.run import draw_run
from ..recipes import Recipe
from ..registry import create_model, model_class
from .checkpoints import Checkpoints
from .evaluation import forecast_scores, predict_test, score
from .opening import load_model_file
from .optimizers import get_optimizer
from .progress import ProgressBar, say
from .run_folder import NoFolder, RunFolder, check_free, make_run_folder
from .strategies import get_strategy, is_chief
from .trouble import NotFiniteError


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
    """

    strategy: str = "one"
    replicas: int | None = None
    checkpoint_every: int | None = None
    checkpoint_minutes: float | None = None
    resume: bool = False


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
    if chief:
        check_free(out, overwrite, execution.resume)
    else:
        console = Console(quiet=True)
    begun = RunFolder(out) if execution.resume and RunFolder(out).exists else None
    if begun is not None and chief:
        begun.remove_leftovers()
    if begun is not None:
        check_same_recipe(begun, recipe, fold)
        if begun.read_config().get("status") == "finished":
            say(console, f"{out} is finished already: nothing is left to do")
            if chief:
                begun.remove_checkpoints()
            own = begun if chief else NoFolder(out)
            return Fit(load_model_file(begun.model_path), own, begun.read_metrics(), False)
    data, model = prepare_fit(recipe, data_dir, fold, strategy)
    folder = (begun or make_run_folder(out, overwrite)) if chief else NoFolder(out)
    config = run_config(recipe, model, data.description, fold, command)
    config["strategy"] = {"name": execution.strategy, "replicas": strategy.num_replicas_in_sync}
    folder.write_config({**config, "status": "running"})
    say(
        console,
        f"fitting {recipe.model} ({model.count_params():,} parameters) to {recipe.data}: "
        f"{data.description.samples['train']:,} samples, {recipe.epochs} epochs",
    )
    started = time.perf_counter()
    try:
        with strategy.scope() if keras.backend.backend() == "jax" else contextlib.nullcontext():
            history, interrupted = run_epochs(model, data, recipe, folder, console, execution, config)
    except NotFiniteError:
        folder.write_config({**config, "status": "diverged"})
        raise
    except OSError:
        with contextlib.suppress(OSError):  # where the disk is full
            folder.write_config({**config, "status": "failed"})
        raise
    config["seconds"] = round(time.perf_counter() - started, 1)
    if history and not np.isfinite(history[-1]["loss"]):
        folder.write_config({**config, "status": "diverged"})
        raise ValueError(
            f"the loss became {history[-1]['loss']} in epoch {len(history)}: training diverged. "
            f"Try a learning rate below {recipe.learning_rate:g}. What happened is in {folder.path / 'history.csv'}."
        )
    if interrupted and execution.strategy == "multiworker":  # the others may be at another step: nothing can be shared
        folder.write_config({**config, "status": "interrupted"})
        raise KeyboardInterrupt
    metrics = finish(model, data, recipe, folder, history)
    folder.write_config({**config, "status": "interrupted" if interrupted else "finished"})
    if not interrupted:
        folder.remove_checkpoints()
    return Fit(model, folder, metrics, interrupted)


def check_same_recipe(folder: RunFolder, recipe: Recipe, fold) -> None:
    """Refuses to resume a run of another recipe.

    Raises:
        ValueError: names what differs.
    """
    config = folder.read_config()
    before, now = config.get("recipe", {}), json.loads(json.dumps(recipe.settings()))
    different = [key for key in now if before.get(key) != now[key]]
    if (list(fold) if fold else None) != config.get("fold"):
        different.append("fold")
    if different:
        was = ", ".join(f"{key} was {before.get(key, config.get(key))!r}" for key in different)
        raise ValueError(f"{folder.path} was begun with other settings: {was}. Resume with the same, or begin anew.")


def prepare_fit(
    recipe: Recipe, data_dir: Path | str | None = None, fold: tuple[int, int] | None = None, strategy: Any = None
):
    """The loaded data and the compiled model of a recipe; writes nothing, so that whatever does not fit is said early.

    Raises:
        ValueError: if recipe, data and model do not fit together.
    """
    strategy = strategy or get_strategy("one")
    make_repeatable(recipe.seed)
    data = load_data(
        recipe.data,
        data_dir=data_dir,
        batch_size=recipe.batch_size,
        seed=recipe.seed,
        augment=dict(recipe.augment) or None,
        fold=fold,
        parallel=False,  # operations are deterministic
        **recipe.data_options,
    )
    with strategy.scope():
        model = build_model(recipe, data.description)
    check_answers(model, recipe.loss, data.description)
    return data, model


def make_repeatable(seed: int) -> None:
    """Lets the same seed give the same figures.

    Seeds Python, NumPy and the back end, and asks TensorFlow, for the rest of the process, for operations that sum in
    one order.
    """
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def build_model(recipe: Recipe, description) -> keras.Model:
    """The recipe's model, compiled, in the size that the data ask for."""
    model = create_model(recipe.model, **model_class(recipe.model).config_for(description, **recipe.model_config))
    steps = math.ceil(description.samples["train"] / recipe.batch_size)
    model.compile(
        get_optimizer(recipe.optimizer, recipe.learning_rate, steps * recipe.epochs, recipe.schedule),
        loss=get_loss(recipe.loss),
        metrics=list(recipe.metrics),
    )
    return model


def check_answers(model: keras.Model, loss: str, description) -> None:
    """Refuses a model whose inputs are not the data's, or whose answers the loss cannot compare with their targets.

    Raises:
        ValueError: as said; names both sizes.
    """
    takes, gives = tuple(model.input_shape[1:]), model.output_shape[-1]
    if takes != tuple(description.input_shape):
        raise ValueError(
            f"the model takes inputs of shape {takes}; those of {description.name} are "
            f"{tuple(description.input_shape)}."
        )
    by_class = loss in ("cross_entropy", "misclassification", "sparse_categorical_crossentropy")
    wanted = description.classes if by_class else 1
    if gives != wanted:
        raise ValueError(
            f"the loss {loss!r} on {description.name} needs a model with {wanted} output{'s' if wanted != 1 else ''}; "
            f"this one has {gives}. For several classes use cross_entropy, with as many outputs as classes."
        )


def run_config(recipe: Recipe, model, description, fold, command) -> dict[str, Any]:
    """All that `config.json` says of a run before it starts."""
    backend = keras.backend.backend()
    return {
        "gradschool": __version__,
        "command": command,
        "recipe": recipe.settings(),
        "fold": fold,
        "model": {"name": recipe.model, "class": type(model).__name__, "config": model.get_config()},
        "data": {
            "name": data_identity(recipe.data),
            "task": description.task,
            "samples": dict(description.samples),
            "class_names": list(description.class_names or []),
        },
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "keras": keras.__version__,
            backend: importlib.import_module(backend).__version__,
        },
        "backend": backend,
    }


class HistoryWriter(keras.callbacks.Callback):
    """Writes `history.csv` anew after every epoch, and stops when the loss is no longer a number."""

    def __init__(self, folder: RunFolder):
        super().__init__()
        self.folder = folder
        self.rows: list[dict[str, float]] = []

    def on_epoch_end(self, epoch, logs=None):
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self.rows.append({"epoch": epoch + 1, **{k: float(v) for k, v in (logs or {}).items()}, "learning_rate": rate})
        self.folder.write_history(self.rows)
        if not np.isfinite(self.rows[-1]["loss"]):
            self.model.stop_training = True


def run_epochs(
    model, data, recipe: Recipe, folder: RunFolder, console: Console, execution: Execution, config: dict[str, Any]
) -> tuple[list[dict], bool]:
    """Runs `model.fit`; Ctrl-C ends it and keeps the weights.

    Returns:
        The rows of `history.csv`, and whether Ctrl-C came.
    """
    writer, bar = HistoryWriter(folder), ProgressBar(console)
    callbacks = [writer, bar]
    if keras.backend.backend() == "tensorflow":
        checkpoints = Checkpoints(
            folder.checkpoints, execution.checkpoint_every, execution.checkpoint_minutes, execution.resume
        )
        checkpoints.tell = lambda sentence: say(console, sentence)
        callbacks.append(checkpoints)
    elif execution.resume or execution.checkpoint_every or execution.checkpoint_minutes:
        raise ValueError("checkpoints and --resume are for the TensorFlow back end; this is another one.")
    try:
        model.fit(
            data.train,
            validation_data=data.validation,
            epochs=recipe.epochs,
            shuffle=False,  # the pipeline reshuffles by itself, and Keras 3.15 warns about its own default
            callbacks=callbacks,
            verbose=0,
        )
    except KeyboardInterrupt:
        bar.stop()
        say(console, f"interrupted in epoch {len(writer.rows) + 1}: keeping what was trained so far")
        return writer.rows, True
    finally:
        bar.stop()
        if keras.backend.backend() == "tensorflow":
            config["engine"] = checkpoints.choices
    return writer.rows, False


def finish(model, data, recipe: Recipe, folder: RunFolder, history: list[dict]) -> dict[str, Any]:
    """Evaluates the trained model and writes model, metrics and pictures."""
    folder.write_model(model)
    predictions = predict_test(model, data)
    metrics: dict[str, Any] = {"test": score(model, data.test)}
    if data.validation is not None:
        metrics["validation"] = score(model, data.validation)
    if data.description.task == "regression":
        metrics["test_in_units"] = forecast_scores(predictions, data.description)
    metrics["epochs"] = len(history)
    folder.write_metrics(metrics)
    for name, figure in draw_run(model, predictions, data.description, history).items():
        folder.write_picture(name, figure)
    return metrics
