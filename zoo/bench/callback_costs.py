"""What the callbacks cost: training with one beside the same training without, in short turns of one run.

    overhead = median over epochs e of  seconds with the callback_e / seconds without_e  - 1

where an epoch of both is trained a few steps of one and then of the other (`fits_in_turn.py`), since a machine's speed
wanders, and the epochs are those of several pairs of fits, since two equal fits differ as well (where their memory
lies); and what several optimizers inside one fit take, as a share of a fit for each. With a callback and without,
tf.data does not tune its iterators: the end of a tuned one now and then takes as long again as the epoch.
"""

import contextlib
import functools
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from ... import __version__
from ...callbacks.study.times import SETTLING
from ..engine.untuned_iterators import untuned_iterators
from ..layers.losses import get_loss
from .cases import GRADSCHOOL, KERAS, BenchCase
from .figures import paired_ratios, spread
from .fits_in_turn import FitInTurn, train_in_turns
from .keras_contender import back_end
from .load import cores
from .samples import make_samples

SMALL = ("mlp",)  # whose goal is wider: their steps take little more than a millisecond
GOALS = {True: 0.05, False: 0.02}  # of the overhead over Keras's fit, by whether the model is small
IN_KERAS, IN_ZOO = "in Keras's fit", "in the zoo's fit"
BY_STUDY, EXACT = "by compare_optimizers", "in the zoo's fit, exact"
OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "nadam")


@dataclass(frozen=True)
class Cost:
    """What is measured: a callback or, to compare, what one of Keras's own optimizers does.

    Args:
        name: as the table calls it.
        make: makes the callback; None if the optimizer does it.
        has_goal: whether it is one of those that must be nearly free.
        optimizer: arguments of the optimizer.
    """

    name: str
    make: Callable[[], Any] | None = None
    has_goal: bool = False
    optimizer: Mapping[str, Any] = field(default_factory=dict)


def measured_callbacks() -> tuple[Cost, ...]:
    """What the table shows, line by line."""
    from ...callbacks import DeadUnitTracker, GradientClipping, GradientMonitor

    return (
        Cost("clipping by global norm", lambda: GradientClipping(global_norm=1.0), True),
        Cost("Adam(global_clipnorm=1.0)", optimizer={"global_clipnorm": 1.0}),
        Cost("monitor", GradientMonitor, True),
        Cost("dead units", DeadUnitTracker, True),
        Cost("clipping, skipping bad updates", lambda: GradientClipping(global_norm=1.0, nonfinite="skip")),
        Cost("adaptive clipping", lambda: GradientClipping(adaptive=0.01)),
        Cost("clipping by percentile", lambda: GradientClipping(percentile=10, window=100)),
        Cost("monitor with update ratios", lambda: GradientMonitor(every=1)),
        Cost("monitor with noise scale", lambda: GradientMonitor(noise_scale=True)),
    )


@dataclass(frozen=True)
class CostOptions:
    """How callbacks are measured.

    Args:
        rounds: epochs of each fit.
        fits: pairs of them for each callback, one after the other.
        only_goals: measure nothing but the callbacks that have a goal, what Keras itself has like them, and in Keras's
            fit alone.

    Raises:
        ValueError: if a number is below 1.
    """

    rounds: int = 7
    fits: int = 3
    only_goals: bool = False

    def __post_init__(self):
        for name in ("rounds", "fits"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1; got {getattr(self, name)}.")


def measure_costs(
    cases: Sequence[BenchCase], options: CostOptions, tell: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Measures callbacks on every model, over Keras's `fit` and over the zoo's.

    Args:
        cases: the models.
        options: how thoroughly.
        tell: called with a line on what is going on.

    Returns:
        A dict that is JSON: `gradschool`, `machine`, `rounds`, `fits`, and `models`, each with `callbacks` and, for a
        small one, `optimizers`.
    """
    with untuned_iterators():
        models = [_measure_model(case, options, tell) for case in cases]
    machine = {"platform": platform.platform(), "python": platform.python_version(), "cores": cores()}
    run = {"rounds": options.rounds, "fits": options.fits, "models": models}
    return {"gradschool": __version__, "back_end": back_end(), "machine": machine, **run}


def _measure_model(case: BenchCase, options: CostOptions, tell: Callable[[str], None]) -> dict[str, Any]:
    loops: dict[str, Any] = {}
    for loop in (KERAS,) if options.only_goals else (KERAS, GRADSCHOOL):
        loops[loop] = _overheads(case, loop, options, tell)
    measured = {"model": case.model, "batch": case.batch, "steps": case.steps, "loops": loops}
    if case.model in SMALL and not options.only_goals:
        tell(f"{case.model}: eight optimizers in one fit")
        measured["optimizers"] = _comparison(case, options.rounds)
    return measured


def _overheads(case: BenchCase, loop: str, options: CostOptions, tell: Callable[[str], None]) -> dict[str, Any]:
    rows, without = {}, []
    for cost in measured_callbacks():
        if options.only_goals and not cost.has_goal and cost.make:
            continue
        tell(f"{case.model}: {cost.name} in {'Keras' if loop == KERAS else 'the zoo'}'s fit")
        ratios: list[float] = []
        for _ in range(options.fits):
            bare, observed = _pair(case, loop, cost, options.rounds)
            without += bare
            ratios += paired_ratios(observed, bare)
        overhead = spread([ratio - 1 for ratio in ratios])
        goal = GOALS[case.model in SMALL] if cost.has_goal and loop == KERAS else None
        rows[cost.name] = {**overhead, "goal": goal, "met": None if goal is None else overhead["median"] <= goal}
    return {"step_ms": 1000 * statistics.median(without) / case.steps, "callbacks": rows}


def _pair(case: BenchCase, loop: str, cost: Cost, rounds: int) -> list[list[float]]:
    """Seconds of the epochs of a fit without what is measured and of one with it."""
    inputs, targets = make_samples(case)
    with contextlib.ExitStack() as started:
        bare = started.enter_context(_begin(case, loop, inputs, targets))
        optimizer = keras.optimizers.Adam(case.learning_rate, **cost.optimizer)
        callbacks = [cost.make()] if cost.make else []
        observed = started.enter_context(_begin(case, loop, inputs, targets, callbacks, optimizer))
        return _epochs([bare, observed], rounds)


def _epochs(fits: Sequence[FitInTurn], rounds: int) -> list[list[float]]:
    """Seconds of each fit's epochs, without those in which it settles down."""
    epochs = [train_in_turns(fits) for _ in range(SETTLING + rounds)]
    return [list(seconds) for seconds in zip(*epochs[SETTLING:], strict=True)]


def _comparison(case: BenchCase, rounds: int) -> dict[str, Any]:
    """Eight optimizers together, as a share of eight fits of Keras's own, default in everything.

    In turns of whole epochs: together they train several steps in a call, unless a callback looks at batches.
    """
    from ...callbacks import OptimizerComparison
    from ..engine.optimizers import get_optimizer

    inputs, targets = make_samples(case)

    def optimizers():
        return {name: get_optimizer(name, case.learning_rate) for name in OPTIMIZERS}

    goals = {IN_KERAS: 0.3, IN_ZOO: 0.3, BY_STUDY: 0.2, EXACT: None}
    with contextlib.ExitStack() as started:
        fits = {}
        for name, one in optimizers().items():
            fits[f"{KERAS} {name}"] = started.enter_context(_begin(case, KERAS, inputs, targets, (), one, True))
        for name, loop, exact in ((IN_KERAS, KERAS, False), (IN_ZOO, GRADSCHOOL, False), (EXACT, GRADSCHOOL, True)):
            comparison = OptimizerComparison(optimizers(), exact=exact)
            fits[name] = started.enter_context(_begin(case, loop, inputs, targets, [comparison], None, True))
        fits[BY_STUDY] = started.enter_context(_begin_study(case, inputs, targets))
        seconds = dict(zip(fits, _epochs(list(fits.values()), rounds), strict=True))
    each = [sum(parts) for parts in zip(*(seconds[name] for name in fits if name not in goals), strict=True)]
    shares = {name: spread(paired_ratios(seconds[name], each)) for name in goals}
    return {
        "optimizers": list(OPTIMIZERS),
        "eight_fits_ms": 1000 * statistics.median(each) / case.steps,
        "shares": {
            name: {**share, "goal": goals[name], "met": None if goals[name] is None else share["median"] <= goals[name]}
            for name, share in shares.items()
        },
    }


def _begin(
    case: BenchCase,
    loop: str,
    inputs,
    targets,
    callbacks: Sequence[Any] = (),
    optimizer: Any = None,
    whole_epochs: bool = False,
) -> FitInTurn:
    """A fit that waits for its turns, of the zoo's model or of Keras's own model of its layers."""
    keras.utils.set_random_seed(0)
    model = case.make_model()
    if loop == KERAS:
        model = keras.Model(model.input, model.output)
    model.compile(optimizer or keras.optimizers.Adam(case.learning_rate), get_loss(case.loss))

    def fit(turn: FitInTurn) -> None:
        model.fit(inputs, targets, batch_size=case.batch, epochs=10**6, verbose=0, callbacks=[turn, *callbacks])

    turn = FitInTurn(whole_epochs)
    turn.start(fit)
    return turn


def _begin_study(case: BenchCase, inputs, targets) -> FitInTurn:
    """A comparison as `gradschool compare` makes it, of the eight optimizers at one learning rate each."""
    from ...callbacks.optimizer_study import run_study
    from ...callbacks.study.learning_rate_sweep import find_makers, sweep
    from ...callbacks.study.training import Trial
    from ..engine.optimizers import get_optimizer

    turn = FitInTurn(whole_epochs=True)

    def prepare(_seed: int) -> Trial:
        model = case.make_model()
        model.compile(get_optimizer(OPTIMIZERS[0], case.learning_rate), get_loss(case.loss))
        return Trial(model, {"x": inputs, "y": targets, "batch_size": case.batch}, callbacks=[turn])

    makers = find_makers({name: functools.partial(get_optimizer, name) for name in OPTIMIZERS})
    candidates = sweep(makers, [case.learning_rate])
    turn.start(lambda _: run_study(prepare, candidates, epochs=10**6, seeds=1, rounds=0))
    return turn
