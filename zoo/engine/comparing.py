"""Optimizers compared on a recipe: its model, data, schedule and batches, with other optimizers at other rates."""

import contextlib
import functools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from ... import __version__
from ...callbacks.optimizer_study import run_study
from ...callbacks.study.arguments import check_options, rule_for
from ...callbacks.study.learning_rate_sweep import find_makers, sweep
from ...callbacks.study.results import OptimizerStudy
from ...callbacks.study.training import Trial
from ..layers.metrics import metrics_for
from ..recipes import Recipe
from ..watching import make_callbacks
from .endings import status_of_failure
from .preparing import prepare_fit, rates_for, recipe_optimizer
from .pretraining import pretrain
from .run_folder import RunFolder, check_free, make_run_folder
from .starting import check_starts
from .tensorflow_internals import deterministic_operations

_LEFT_OUT = ("name", "optimizer", "learning_rate", "seed")  # of a recipe's settings


def compare_recipe(
    recipe: Recipe,
    optimizers: Sequence[str],
    out: Path | str,
    *,
    seeds: int = 5,
    learning_rates: Sequence[float] | Mapping[str, Sequence[float]] | int | None = None,
    target: tuple[str, float] | None = None,
    exact: bool = False,
    data_dir: Path | str | None = None,
    overwrite: bool = False,
    resume: bool = False,
    command: str | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> OptimizerStudy:
    """Compares optimizers on a recipe and writes a folder with everything measured.

    Args:
        recipe: everything but its optimizer and learning rate, which are compared, and its averages of weights (`ema`),
            of which there are none here: the copies are validated as they are. Its seed is the first.
        optimizers: names of `optimizers.py`.
        out: the folder to make.
        seeds: how many, counted up from the recipe's.
        learning_rates: how many for each optimizer, around its usual one; or the rates for all; or a dict with as many
            for each.
        target: a metric and the value to which runs are timed.
        exact: whether every run is to be that of a fit of its own without XLA, bit for bit.
        data_dir: folder of prepared data sets.
        overwrite: whether an earlier result at `out` may go.
        resume: whether a comparison that was killed in `out` goes on, with the seeds that were finished.
        command: the line that repeats this, for `config.json`.
        tell: called with a line on what is going on.

    Raises:
        ValueError: if an argument makes no sense, `out` is taken, or holds another comparison.
        OSError: if `out` cannot be written.
    """
    out = Path(out)
    check_free(out, overwrite, resume)
    recipe = replace(recipe, ema=0.0)  # the copies are validated as they are
    numbers = range(recipe.seed, recipe.seed + seeds)
    check_starts((replace(recipe, seed=seed), None) for seed in numbers)
    data, model = prepare_fit(recipe, data_dir)  # what cannot be done is said before an earlier result goes
    _check_target(target, recipe, data)
    make_callbacks((), recipe.clip, model)
    steps = math.ceil(data.description.samples["train"] / recipe.batch_size)
    same = {"steps": steps, "rates": rates_for(model, recipe)}
    makers = find_makers({name: functools.partial(recipe_optimizer, recipe, name, **same) for name in optimizers})
    candidates = sweep(makers, learning_rates)
    begun = _begun(out, resume)
    folder = begun or make_run_folder(out, overwrite)
    settings = {name: value for name, value in recipe.settings().items() if name not in _LEFT_OUT}
    config: dict[str, Any] = {
        "gradschool": __version__,
        "command": command,
        "comparison": {**settings, "optimizers": list(makers), "seeds": seeds, "exact": exact},
    }
    if begun is not None:  # its command repeats the comparison; this one goes on with it
        config |= {"command": begun.read_config()["command"], "resumed_by": command}

    def prepare(seed: int) -> Trial:
        data, model = prepare_fit(replace(recipe, seed=seed), data_dir)
        pretrain(model, replace(recipe, seed=seed), data, tell)
        callbacks = list(make_callbacks((), recipe.clip, model).values())
        return Trial(model, {"x": data.train, "shuffle": False}, data.validation, data.test, callbacks)

    started = time.perf_counter()
    folder.write_config({**config, "status": "running"})
    with _repeatable(), status_of_failure(folder, config):
        study = run_study(
            prepare, candidates, epochs=recipe.epochs, seeds=numbers, target=target, exact=exact, folder=out,
            resume=True, identity=settings, tell=tell,
        )  # fmt: skip
        config["seconds"] = round(time.perf_counter() - started, 1)
        told: dict[str, Any] = {"command": config["command"], "parameters": model.count_params(), **settings}
        study.save(out, f"Optimizers on {recipe.model} and {recipe.data}", told)
        folder.write_config({**config, "status": "finished"})
    return study


def _check_target(target, recipe: Recipe, data) -> None:
    """Refuses a target that is no number, or of a metric that the recipe does not measure."""
    check_options(recipe.epochs, 0, target, 0.95)
    names = ["loss", *metrics_for(recipe.metrics, data.description.classes)]
    held_out = [f"val_{name}" for name in names if data.validation is not None]
    rule_for([*names, *held_out], None, None, target, 0.95)


def _begun(out: Path, resume: bool) -> RunFolder | None:
    """The comparison to go on with, if there is one and that is wanted."""
    folder = RunFolder(out)
    if not (resume and folder.exists):
        return None
    if "comparison" not in folder.read_config():
        raise ValueError(f"{out} holds a fit, no comparison: name another folder.")
    folder.remove_leftovers()
    return folder


def _repeatable():
    """For the time of the block, a seed decides everything, down to the order of sums."""
    return deterministic_operations() if keras.backend.backend() == "tensorflow" else contextlib.nullcontext()
