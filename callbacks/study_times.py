"""What a step of each optimizer takes on its own, and what a comparison costs beside training one after the other.

Both are measured in turns: everyone trains one epoch in every round, in an order that rotates, and the median over the
rounds is taken. A machine's speed changes from one second to the next, so only what lies in the same round can be
compared. What is timed is an epoch within `fit`, from its beginning to its end, without validation.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

ROUNDS = 5
SETTLING = 2  # epochs before the clock counts: one that compiles, one in which everything is there

EpochTimer = Callable[[], float]  # trains an epoch and gives its seconds


class EpochClock(keras.callbacks.Callback):
    """Times the epochs of a fit.

    Attributes:
        seconds: of the last epoch.
        steps: in it.
    """

    seconds = 0.0
    steps = 0
    _started = 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds = time.perf_counter() - self._started
        self.steps = self.params.get("steps") or 0


def epoch_timer(model: keras.Model, callbacks: Sequence[Any] = (), **arguments: Any) -> EpochTimer:
    """A function that trains a compiled model for another epoch, and gives the seconds.

    Args:
        model: compiled.
        callbacks: that take part.
        **arguments: of `model.fit`.
    """
    clock = EpochClock()

    def run() -> float:
        model.fit(**arguments, epochs=1, callbacks=[*callbacks, clock], verbose=0)
        return clock.seconds

    return run


def take_turns(timers: Mapping[str, EpochTimer], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Seconds of an epoch of each, round by round.

    Example:
        >>> take_turns({"first": lambda: 1.0, "second": lambda: 2.0}, rounds=2)
        {'first': [1.0, 1.0], 'second': [2.0, 2.0]}
    """
    names = list(timers)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(-SETTLING, rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            taken = timers[name]()
            if turn >= 0:
                seconds[name].append(taken)
    return seconds


class TurnsWithinFit(keras.callbacks.Callback):
    """Lets others train between the epochs of a fit, so that both are timed in the same rounds.

    To begin the fit anew in every round would compile it every time.

    Args:
        others: that train an epoch each.

    Attributes:
        own: seconds of each epoch of the fit itself.
        theirs: seconds of one epoch of each of the others together, in the same rounds.
    """

    def __init__(self, others: Sequence[EpochTimer]):
        super().__init__()
        self.others, self.clock = list(others), EpochClock()
        self.own: list[float] = []
        self.theirs: list[float] = []

    def on_epoch_begin(self, epoch, logs=None):
        self.clock.on_epoch_begin(epoch)

    def on_epoch_end(self, epoch, logs=None):
        own = time.perf_counter() - self.clock._started
        theirs = sum(run() for run in self.others)
        if epoch >= SETTLING:
            self.own.append(own)
            self.theirs.append(theirs)


def comparison_cost(
    make_model: Callable[[], keras.Model],
    optimizers: Mapping[str, Callable[[], keras.optimizers.Optimizer]],
    x: Any,
    y: Any,
    *,
    loss: Any,
    batch_size: int = 128,
    rounds: int = ROUNDS,
    exact: bool = False,
    make_plain: Callable[[], keras.Model] | None = None,
) -> dict[str, Any]:
    """What an epoch of all optimizers in one fit takes, as a share of an epoch of each in a default Keras fit.

    Args:
        make_model: a model to compare the optimizers on, with `fit` as its users call it.
        optimizers: functions that make them, by name.
        x: samples, shape `(N, ...)`.
        y: targets.
        loss: as `compile` takes it.
        batch_size: samples per step.
        rounds: that count.
        exact: as for `compare_optimizers`.
        make_plain: a model of the same layers whose `fit` is Keras's own; `make_model` by default.

    Returns:
        `ratio` (the median over the rounds), `ratios` (all of them), and milliseconds of a step of all optimizers:
        `together_ms`, `apart_ms`.
    """
    from .optimizer_comparison import OptimizerComparison

    common = {"x": x, "y": y, "batch_size": batch_size}

    def alone(make_optimizer) -> EpochTimer:
        model = (make_plain or make_model)()
        model.compile(make_optimizer(), loss)
        return epoch_timer(model, **common)

    turns = TurnsWithinFit([alone(make) for make in optimizers.values()])
    model = make_model()
    model.compile(next(iter(optimizers.values()))(), loss)
    comparison = OptimizerComparison({name: make() for name, make in optimizers.items()}, exact=exact)
    model.fit(**common, epochs=SETTLING + rounds, callbacks=[comparison, turns], verbose=0)
    ratios = [own / theirs for own, theirs in zip(turns.own, turns.theirs, strict=True)]
    steps = -(-len(x) // batch_size)
    return {
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "together_ms": 1000 * statistics.median(turns.own) / steps,
        "apart_ms": 1000 * statistics.median(turns.theirs) / steps,
    }
