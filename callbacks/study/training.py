"""One seed of a comparison: a single fit in which every optimizer trains at every learning rate of its sweep."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from ..keras_internals import scaling_like
from .learning_rate_sweep import Candidate
from .times import EpochClock, epoch_timer, take_turns


@dataclass(frozen=True)
class Trial:
    """What is trained with one seed.

    Args:
        model: compiled, with the initial weights that all optimizers start from.
        fit: arguments of `model.fit` that name the training samples: `x`, `y`, `batch_size`, `shuffle`.
        validation: what `fit` takes as `validation_data`; None if there is nothing to choose by but the training.
        test: likewise, of samples that are never chosen by.
        callbacks: further ones that take part in the fit, such as `GradientClipping`.
    """

    model: keras.Model
    fit: Mapping[str, Any]
    validation: Any = None
    test: Any = None
    callbacks: Sequence[keras.callbacks.Callback] = ()

    def evaluate(self, samples: Any) -> dict[str, float]:
        """The loss and the metrics of the model as it is now, by name."""
        batch_size = self.fit.get("batch_size")
        x, *rest = samples if isinstance(samples, tuple | list) else (samples,)
        y, weight = (*rest, None, None)[:2]
        found = self.model.evaluate(x, y, sample_weight=weight, batch_size=batch_size, verbose=0, return_dict=True)
        if several := [name for name, value in found.items() if np.ndim(value)]:
            raise ValueError(
                f"metrics: {several[0]!r} gives {np.size(found[several[0]])} figures, and runs are compared by one: "
                "give it average='macro', or leave it out."
            )
        return {name: float(value) for name, value in found.items()}

    def train_with(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Gives the model another optimizer, wrapped for the scaling of losses if its own is."""
        self.model.optimizer = scaling_like(self.model.optimizer, optimizer)


def train_seed(
    prepare: Callable[[int], Trial],
    seed: int,
    candidates: Sequence[Candidate],
    *,
    epochs: int,
    exact: bool,
    check: Callable[[Sequence[str]], Any] = lambda _: None,
    tell: Callable[[int], None] = lambda _: None,
) -> dict[str, Any]:
    """Trains all candidates on the same batches, from the same weights, with the same random draws.

    Args:
        prepare: a new trial from a seed.
        seed: of everything random.
        candidates: optimizers at their learning rates.
        epochs: passes over the training samples.
        exact: whether every figure is to be that of a fit of its own, bit for bit.
        check: is given the names of all metrics before anything is trained.
        tell: called with the number of epochs done, after each.

    Returns:
        Plain values: `rows` (one for each candidate and epoch), `tests` (one for each candidate), `untrained` (the loss
        before training) and `steps` in an epoch.

    Raises:
        ValueError: if the model does not log a loss (before anything is trained, or after an epoch if that is a matter
            of its `train_step`); before anything is trained, if a metric is no single figure.
    """
    from ..optimizer_comparison import OptimizerComparison

    before = _untrained(prepare, seed, check)
    keras.utils.set_random_seed(seed)
    trial = prepare(seed)
    optimizers = {one.label: one.make(one.learning_rate) for one in candidates}
    comparison = OptimizerComparison(optimizers, keep=candidates[0].label, exact=exact)  # the model is of no more use
    clock, by_label = _Progress(tell), {one.label: one for one in candidates}
    callbacks = [*trial.callbacks, comparison, clock]
    trial.model.fit(**trial.fit, validation_data=trial.validation, epochs=epochs, callbacks=callbacks, verbose=0)
    first = min(row["epoch"] for row in comparison.rows)
    rows = [
        {**_names(by_label[row["optimizer"]]), "epoch": row["epoch"] - first + 1, **_figures(row)}
        for row in comparison.rows
    ]
    tests = []
    for label, one in by_label.items() if trial.test is not None else ():
        trial.model.set_weights(comparison.weights[label])
        found = trial.evaluate(trial.test)
        tests.append({**_names(one), **{f"test_{name}": value for name, value in found.items()}})
    return {"untrained": before, "steps": clock.steps, "rows": rows, "tests": tests}


def _untrained(prepare: Callable[[int], Trial], seed: int, check: Callable[[Sequence[str]], Any]) -> float:
    """The loss before training, of another model with the same initial weights.

    To evaluate the one that is to be trained would draw random numbers, which a fit of its own has not drawn.
    """
    keras.utils.set_random_seed(seed)
    trial = prepare(seed)
    training = trial.fit["x"] if trial.fit.get("y") is None else (trial.fit["x"], trial.fit["y"])
    found = trial.evaluate(training if trial.validation is None else trial.validation)
    if "loss" not in found:
        raise ValueError(_without_loss(found))
    check([*found, *(f"val_{name}" for name in found if trial.validation is not None)])
    return found["loss"]


def time_steps(trials: Mapping[str, Trial], steps: int, rounds: int) -> dict[str, float]:
    """What a step of each optimizer takes on its own, in seconds: all take turns, each with a model of its own.

    Args:
        trials: by optimizer, each model compiled with it.
        steps: in an epoch.
        rounds: turns that count.
    """
    import statistics

    timers = {name: epoch_timer(one.model, one.callbacks, **one.fit) for name, one in trials.items()}
    return {name: statistics.median(seconds) / steps for name, seconds in take_turns(timers, rounds).items()}


class _Progress(EpochClock):
    def __init__(self, tell: Callable[[int], None]):
        super().__init__()
        self.tell = tell

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        if "loss" not in (logs or {}):
            raise ValueError(_without_loss(name for name in logs or {} if "/" not in name))
        self.tell(epoch + 1)


def _without_loss(names: Iterable[str]) -> str:
    return f"the model must log a loss to be compared; it logs {', '.join(names) or 'nothing'}."


def _names(candidate: Candidate) -> dict[str, Any]:
    return {"optimizer": candidate.optimizer, "learning_rate": candidate.learning_rate}


def _figures(row: Mapping[str, Any]) -> dict[str, float]:
    """The metrics in a row of the callback's."""
    return {name: float(value) for name, value in row.items() if name not in ("optimizer", "epoch", "diverged")}
