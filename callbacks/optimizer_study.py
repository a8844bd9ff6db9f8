"""`compare_optimizers`: which optimizer trains a model best, with an equal tuning budget, paired seeds and intervals.

One fit for each seed trains every optimizer at every learning rate of its sweep, on the same batches, from the same
initial weights and with the same random draws (`OptimizerComparison`). What is measured then:

    study/learning_rate_sweep.py   which rates: as many for one optimizer as for another
    study/training.py              one seed
    study/times.py                 what a step takes on its own
    study/runs.py                  the best rate of each optimizer, chosen on the validation samples; the target
    study/summary.py               the course's four columns, in figures and words
    study/confidence.py            how far a mean over seeds can be trusted
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from .study.arguments import (
    check_names,
    check_options,
    check_samples,
    check_targets,
    check_whole,
    copies_of,
    new_metrics,
    rule_for,
    seed_numbers,
    told,
)
from .study.folder import StudyFolder
from .study.learning_rate_sweep import Candidate, find_makers, sweep
from .study.results import OptimizerStudy
from .study.runs import Rule, Runs, best_rates, with_target
from .study.times import ROUNDS
from .study.training import Trial, time_steps, train_seed


def compare_optimizers(
    make_model: Callable[[], keras.Model] | keras.Model,
    optimizers: Iterable[Any] | Mapping[str, Any],
    x: Any,
    y: Any = None,
    *,
    validation_data: Any = None,
    test_data: Any = None,
    loss: Any = None,
    metrics: Any = None,
    epochs: int = 5,
    batch_size: int | None = None,
    seeds: int | Sequence[int] = 5,
    learning_rates: Sequence[float] | Mapping[str, Sequence[float]] | int | None = None,
    **options: Any,
) -> OptimizerStudy:
    """Compares optimizers on a model and data, each at the best of equally many learning rates.

    Args:
        make_model: called for a new model once a seed, after `keras.utils.set_random_seed`; or a model, of which every
            seed gets a copy with weights of its own.
        optimizers: names, optimizers or their classes, or a dict of name -> name, optimizer, class, or function of the
            learning rate.
        x: training samples as `fit` takes them: arrays or a data set, but no generator, which is used up in one pass.
        y: targets of arrays; a model with a `train_step` of its own and no `loss` may do without.
        validation_data: as `fit` takes it. Learning rates are chosen by it; without any, by the training samples.
        test_data: likewise; never used to choose. If it is there, it tells how each optimizer generalizes.
        loss: as `compile` takes it; None if the model is compiled already.
        metrics: likewise; each gives one figure.
        epochs: passes over the training samples in every run.
        batch_size: samples per step, 32 by default.
        seeds: how many, counted from 0; or the seeds themselves. A single one gives no intervals.
        learning_rates: how many for each optimizer, evenly spaced around its usual one (5 by default); or the rates for
            all; or a dict with as many for each.
        **options: of `run_study`: `monitor`, `higher_is_better`, `target`, `confidence`, `exact`, `rounds`, `folder`,
            `resume` and `tell`.

    Returns:
        `OptimizerStudy`: `.results`, `.summary`, `.plot()` and `.save(folder)`.

    Raises:
        ValueError: if an argument makes no sense; before anything is trained.
        TypeError: for an option that there is not.

    Example:
        >>> import numpy as np
        >>> x, y = np.eye(8, dtype="float32"), np.arange(8.0, dtype="float32")
        >>> def line():
        ...     return keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)])
        >>> study = compare_optimizers(line, ["sgd", "adam"], x, y, loss="mse", epochs=3, seeds=2, learning_rates=2)
        >>> len(study.results), sorted(study.summary["optimizer"])
        (24, ['adam', 'sgd'])

    Reference:
        Schmidt, Schneider & Hennig (2021), "Descending through a Crowded Valley", for the design; the intervals are
        Student's (`study/confidence.py`).
    """
    known = {name for one in (compare_optimizers, run_study) for name in inspect.signature(one).parameters}
    check_names("compare_optimizers", options, known - {"options", "prepare", "candidates", "identity"})
    check_samples(x=x, validation_data=validation_data, test_data=test_data)
    if loss is not None:
        check_targets(x, y)
    if batch_size is not None:
        check_whole("batch_size", batch_size, 1)
    candidates = sweep(find_makers(optimizers), learning_rates)
    if isinstance(metrics, str | keras.Metric) or callable(metrics):
        metrics = [metrics]
    make = copies_of(make_model) if isinstance(make_model, keras.Model) else make_model
    if not callable(make):
        raise ValueError(f"make_model must be a function that makes a keras.Model, or a model; got {make_model!r}.")
    made: list[keras.Model] = []

    def prepare(seed: int) -> Trial:
        model = make()
        if not isinstance(model, keras.Model):
            raise ValueError(f"make_model must give a keras.Model; got {model!r}.")
        if any(model is one for one in made):
            raise ValueError("make_model gave the same model again; it must make a new one every time.")
        made[:] = [model]
        if loss is not None:
            model.compile(candidates[0].make(candidates[0].learning_rate), loss, metrics=new_metrics(metrics))
        elif not model.compiled:
            raise ValueError("loss is missing: pass loss=, or compile the model that make_model gives.")
        elif model.loss is not None and type(model).train_step is keras.Model.train_step:
            check_targets(x, y)
        given = {"x": x} if y is None else {"x": x, "y": y}
        if batch_size is not None:
            given["batch_size"] = int(batch_size)
        return Trial(model, given, validation_data, test_data)

    identity = {
        "batch_size": None if batch_size is None else int(batch_size),
        "samples": list(getattr(x, "shape", ())),
        "loss": told(loss),
        "metrics": told(metrics),
        "validated": validation_data is not None,
        "tested": test_data is not None,
    }
    return run_study(prepare, candidates, epochs=epochs, seeds=seeds, identity=identity, **options)


def run_study(
    prepare: Callable[[int], Trial],
    candidates: Sequence[Candidate],
    *,
    epochs: int,
    seeds: int | Sequence[int],
    monitor: str | None = None,
    higher_is_better: bool | None = None,
    target: tuple[str, float] | None = None,
    confidence: float = 0.95,
    exact: bool = False,
    rounds: int = ROUNDS,
    folder: Path | str | None = None,
    resume: bool = False,
    identity: Mapping[str, Any] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> OptimizerStudy:
    """Compares candidates on what `prepare` gives for each seed.

    Args:
        prepare: a new trial from a seed; Python, NumPy and Keras are seeded with it before.
        candidates: from `learning_rate_sweep.sweep`.
        epochs: of every run.
        seeds: how many, counted from 0; or the seeds themselves.
        monitor: the metric by which learning rates are chosen and optimizers ranked: by default the first one, on the
            validation samples, or their loss if the model has no other.
        higher_is_better: of that metric; by its name if not said.
        target: a metric and the value to which runs are timed, such as ("val_accuracy", 0.95); by default what more
            than half of the optimizers reach.
        confidence: of the intervals.
        exact: whether every run is to be that of a fit of its own, bit for bit.
        rounds: turns in which steps are timed; 0 for no times.
        folder: keeps what finished seeds have measured.
        resume: whether finished seeds that lie there count, so that a run that was killed goes on.
        identity: plain values that a resumed comparison must have in common with the one that was begun.
        tell: called with a line on what is going on.
    """
    numbers = seed_numbers(seeds)
    check_options(epochs, rounds, target, confidence)
    epochs, rounds = int(epochs), int(rounds)  # of whatever library they were
    labels = [one.label for one in candidates]
    kept = StudyFolder(folder, {"candidates": labels, "epochs": epochs, "exact": exact, **(identity or {})}, resume)
    rule_of = functools.partial(
        rule_for, monitor=monitor, higher_is_better=higher_is_better, target=target, confidence=confidence
    )
    measured: dict[int, dict[str, Any]] = {}
    for count, seed in enumerate(numbers, start=1):
        where = f"seed {seed} ({count} of {len(numbers)})"
        found = kept.finished(seed)
        if found is None:
            tell(f"{where}: getting {len(candidates)} runs ready")
            told = functools.partial(_tell_epoch, tell, where, epochs)
            found = train_seed(prepare, seed, candidates, epochs=epochs, exact=exact, check=rule_of, tell=told)
            kept.keep(seed, found)
        measured[seed] = found
    one = measured[numbers[0]]
    rule = rule_of([name for name in one["rows"][0] if name not in ("optimizer", "learning_rate", "epoch")])
    seconds = kept.step_seconds() if rounds else {}
    if seconds is None:
        tell("timing a step of each optimizer")
        seconds = time_steps(_alone(prepare, candidates, numbers[0]), one["steps"], rounds)
        kept.keep_step_seconds(seconds)
    return _study(measured, seconds, replace(rule, steps_per_epoch=one["steps"]))


def _study(measured: Mapping[int, Mapping[str, Any]], seconds: Mapping[str, float], rule: Rule) -> OptimizerStudy:
    import pandas as pd

    results, tests = (
        pd.DataFrame([{"seed": seed, **row} for seed, found in measured.items() for row in found[part]])
        for part in ("rows", "tests")
    )
    untrained = {seed: found["untrained"] for seed, found in measured.items()}
    runs = Runs(results, untrained)
    rule = with_target(runs, rule, best_rates(runs, rule))
    return OptimizerStudy(results, tests, untrained, seconds, rule)


def _alone(prepare: Callable[[int], Trial], candidates: Sequence[Candidate], seed: int) -> dict[str, Trial]:
    """For each optimizer a model of its own, compiled with it at the lowest rate, at which nothing diverges."""
    lowest: dict[str, Candidate] = {}
    for one in sorted(candidates, key=lambda one: one.learning_rate):
        lowest.setdefault(one.optimizer, one)
    trials: dict[str, Trial] = {}
    for name in dict.fromkeys(one.optimizer for one in candidates):
        keras.utils.set_random_seed(seed)
        trial = prepare(seed)
        trial.train_with(lowest[name].make(lowest[name].learning_rate))
        samples = next(iter(trials.values()), trial).fit  # the same for all, in memory once
        trials[name] = replace(trial, fit=samples)
    return trials


def _tell_epoch(tell: Callable[[str], None], where: str, epochs: int, epoch: int) -> None:
    tell(f"{where}: epoch {epoch} of {epochs}")
