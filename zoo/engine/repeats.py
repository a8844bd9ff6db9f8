"""One recipe several times, over seeds or over folds: the mean, and how far it can be trusted."""

import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from ... import __version__
from ..recipes import Recipe
from ..watching import choose_watch, make_callbacks
from .endings import status_of_failure
from .fitting import Execution, fit_recipe
from .preparing import check_same_recipe, prepare_fit
from .run_folder import RunFolder, check_free, make_run_folder
from .starting import check_starts
from .strategies import get_strategy


def fit_repeatedly(
    recipe: Recipe,
    out: Path | str,
    *,
    seeds: int = 1,
    folds: int | None = None,
    data_dir: Path | str | None = None,
    overwrite: bool = False,
    command: str | None = None,
    console: Console | None = None,
    execution: Execution | None = None,
) -> dict[str, Any]:
    """Trains a recipe once per seed, or once per fold of a cross-validation.

    Args:
        recipe: what to train; its seed is the first.
        out: folder to make; each run gets a run folder in it.
        seeds: how many seeds, counted up from the recipe's.
        folds: how many parts the samples are cut into, each the test set once; the seed stays.
        data_dir: folder of prepared data sets.
        overwrite: whether an earlier result at `out` may go.
        command: the line that repeats this, for `config.json`.
        console: where progress is shown.
        execution: as in `fit_recipe`; a resumed repetition keeps the runs that are finished.

    Returns:
        `test` (means), `spread` (sample standard deviations) and `runs` (each run's figures), as in `metrics.json`.

    Raises:
        ValueError: if both or neither of seeds and folds ask for more than one run; and as `fit_recipe`.
        KeyboardInterrupt: on Ctrl-C; the run that was being trained keeps what it has.
    """
    plan = _plan(recipe, seeds, folds)
    console, execution = console or Console(quiet=True), execution or Execution()
    strategy = get_strategy(execution.strategy, execution.replicas)
    if execution.by_workers:
        raise ValueError("--seeds and --folds are not for several workers; use --strategy mirrored, or one seed.")
    check_free(Path(out), overwrite, execution.resume)
    begun = RunFolder(out) if execution.resume and RunFolder(out).exists else None
    if begun is not None:
        check_same_recipe(begun, recipe, None, [name for name, *_ in plan])
    # What cannot be done is said before a result goes.
    check_starts((one, fold) for _, one, fold in plan)
    _, model = prepare_fit(plan[0][1], data_dir, plan[0][2], strategy)
    make_callbacks(choose_watch(execution.watch, model), recipe.clip, model)
    folder = begun or make_run_folder(Path(out), overwrite)
    config = {
        "gradschool": __version__,
        "command": command,
        "recipe": recipe.settings(),
        "runs": [name for name, *_ in plan],
    }
    folder.write_config({**config, "status": "running"})
    common: dict[str, Any] = {"data_dir": data_dir, "command": command, "console": console, "execution": execution}
    results = []
    with status_of_failure(folder, config):
        for name, one, one_fold in plan:
            console.rule(name.replace("-", " "), align="left")
            fit = fit_recipe(one, folder.path / name, fold=one_fold, **common)
            if fit.interrupted:
                raise KeyboardInterrupt
            results.append({"run": name, **fit.metrics})
        metrics = summarise(results)
    folder.write_metrics(metrics)
    folder.write_config({**config, "status": "finished"})
    return metrics


def _plan(recipe: Recipe, seeds: int, folds: int | None) -> list[tuple[str, Recipe, tuple[int, int] | None]]:
    if folds is not None and seeds > 1:
        raise ValueError(f"--seeds and --folds cannot be combined; got {seeds} and {folds}.")
    if folds is not None:
        if folds < 2:
            raise ValueError(f"--folds must be at least 2; got {folds}.")
        return [(f"fold-{k + 1}-of-{folds}", recipe, (k, folds)) for k in range(folds)]
    if seeds < 2:
        raise ValueError(f"--seeds must be at least 2 to repeat a fit; got {seeds}.")
    return [(f"seed-{seed}", replace(recipe, seed=seed), None) for seed in range(recipe.seed, recipe.seed + seeds)]


def summarise(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Mean and sample standard deviation of every test figure; the mean of those in units, and of baselines.

    Example:
        >>> summarise([{"test": {"loss": 1.0}}, {"test": {"loss": 2.0}}, {"test": {"loss": 3.0}}])["spread"]
        {'loss': 1.0}
    """
    figures = {name: [result["test"][name] for result in results] for name in results[0]["test"]}
    summary: dict[str, Any] = {
        "test": {name: statistics.fmean(values) for name, values in figures.items()},
        "spread": {name: statistics.stdev(values) for name, values in figures.items()},
    }
    for part in ("test_in_units", "baselines"):
        if all(part in result for result in results):
            summary[part] = _means([result[part] for result in results])
    return {**summary, "runs": list(results)}


def _means(values: Sequence[Any]) -> Any:
    """The mean of numbers, or of those that stand at the same place of dicts; a text is the same everywhere."""
    if isinstance(values[0], dict):
        return {name: _means([one[name] for one in values]) for name in values[0]}
    return values[0] if isinstance(values[0], str) else statistics.fmean(values)
