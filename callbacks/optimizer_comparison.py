"""`OptimizerComparison`: one fit that trains a copy of the model with each of several optimizers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from .diagnostic import Diagnostic
from .keras_internals import (
    FitSession,
    TrainingCopies,
    build_all,
    compiling_pays,
    more_is_better,
    scope_of,
)
from .loss_record import LossRecord

if TYPE_CHECKING:
    pass

Optimizers = Mapping[str, keras.optimizers.Optimizer | str]


class OptimizerComparison(Diagnostic):
    """Trains one copy of the model with each optimizer, all on the very same batches, within one `fit`.

    Every copy starts from the model's present weights and draws the same random numbers (dropout, noise), and has its
    own weights, statistics of batch normalization and metrics. When the fit is over, the model has the weights and the
    optimizer of one of them. What is given serves as a pattern: every fit starts with fresh optimizers.

    While the fit goes on, the model is the first copy, or the one to keep: `loss`, `val_loss` and the like in the logs
    are its figures, and callbacks that watch, save or stop act on it. Learning-rate callbacks of Keras's
    (`LearningRateScheduler`, `ReduceLROnPlateau`) act on every copy by its own figures. A copy that diverges goes on
    without harm to the others. After an exception the model has its own optimizer back, and the weights of that copy.

    Args:
        optimizers: Keras's optimizers, or their names, by the names that they are to have in the results.
        keep: which of them the model is left with. By default the best by `monitor`, after the last epoch.
        monitor: a metric, such as "val_accuracy"; by default "val_loss", or "loss" where there is no validation.
        exact: whether every copy is to be bit for bit what a `fit` with its optimizer alone would give. Otherwise XLA
            may compile the step, for models that it makes faster; it rounds differently.
        record: keeps the mean training loss of every so many steps in `step_loss`.

    Attributes:
        rows: one per epoch and optimizer: `epoch`, `optimizer`, every metric, in training and in validation (`val_`),
            and `diverged`: whether the loss is no finite number.
        kept: name of the optimizer whose training the model was left with.
        diverged: names of those whose loss, or a weight, has become infinite or no number.
        weights: each copy's final weights, as `model.set_weights` takes them.
        step_loss: with `record`, each copy's mean loss over `record` steps after `record` steps; the last of an epoch
            may be fewer.

    Raises:
        ValueError: if there is no optimizer, a name or a value does not fit, or the model cannot be compared like this.

    Logs `loss/NAME`, `val_loss/NAME`, and every other metric by name.

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        >>> model.compile(loss="mse")
        >>> comparison = OptimizerComparison({"sgd": keras.optimizers.SGD(0.01), "adam": "adam"}, keep="adam")
        >>> history = model.fit(np.ones((8, 3)), np.ones((8, 1)), epochs=2, verbose=0, callbacks=[comparison])
        >>> [(row["epoch"], row["optimizer"]) for row in comparison.rows]
        [(0, 'sgd'), (0, 'adam'), (1, 'sgd'), (1, 'adam')]
        >>> model.optimizer.name
        'adam'
    """

    order = 50  # what the others of this package log is there before, and their doctor looks at all of it afterwards

    def __init__(
        self,
        optimizers: Optimizers,
        keep: str | None = None,
        monitor: str | None = None,
        exact: bool = False,
        record: int | None = None,
    ):
        super().__init__()
        self.optimizers = _patterns(optimizers)
        self.keep, self.monitor, self.exact, self.record = keep, monitor, exact, record
        if keep is not None and keep not in self.optimizers:
            raise ValueError(f"keep={keep!r} is none of the optimizers: {', '.join(self.optimizers)}.")
        if keep is not None and monitor is not None:
            raise ValueError(f"keep={keep!r} says which copy the model is left with: leave out monitor={monitor!r}.")
        if record is not None and (not isinstance(record, int) or record < 1):
            raise ValueError(f"record is a number of steps, 1 or more; got {record!r}.")
        self.kept: str | None = None
        self.diverged: list[str] = []
        self.weights: dict[str, list[np.ndarray]] = {}
        self.step_loss: dict[str, np.ndarray] = {}
        self._copies: TrainingCopies | None = None
        self._record: LossRecord | None = None
        self._figures: dict[str, dict[str, Any]] = {}  # of the epoch, by copy
        self._validation: dict[str, dict[str, Any]] = {}

    # === Before training ===
    def attach(self, fit: FitSession) -> None:
        self.kept, self.diverged, self.weights, self.step_loss = None, [], {}, {}
        self._figures, self._validation = {}, {}
        build_all(fit)
        for one in fit.callbacks:
            if isinstance(one, Diagnostic) and one is not self and not fit.has(one):
                one.begin_early(fit)
        fit.undo_by(self._let_go)
        fit.handles_nonfinite = True
        fit.avoids_xla = self.exact or not self.model.jit_compile
        names = sorted(self.optimizers, key=lambda name: name != self.keep)  # the one to keep first
        with scope_of(self.model):
            optimizers = {name: self._make(name) for name in names}
        if self.record is not None:
            self._record = LossRecord(self.model, names, self.record, self.params.get("steps"))
        steps = self.params.get("steps")
        xla = not self.exact and compiling_pays(
            self.model, list(optimizers.values()), steps and steps * self.params["epochs"]
        )
        self._copies = TrainingCopies(fit, optimizers, xla, self._record, self._before_reset)

    def _let_go(self) -> None:
        self._copies = self._record = None

    def _make(self, name: str) -> keras.optimizers.Optimizer:
        """A fresh optimizer like the one of this name, wrapped as `compile` has wrapped the model's."""
        pattern = self.optimizers[name]
        optimizer = type(pattern).from_config(pattern.get_config())
        own = self.model.optimizer
        scaled = keras.optimizers.LossScaleOptimizer
        if isinstance(own, scaled) and not isinstance(optimizer, scaled):
            return scaled(optimizer, own.initial_scale, own.dynamic_growth_steps, name=own.name)
        return optimizer

    # === Every epoch ===
    def on_epoch_begin(self, epoch, logs=None):
        self._figures, self._validation = {}, {}
        if self._record is not None:
            self._record.begin_epoch()

    def _before_reset(self) -> None:
        if not self._figures and self._copies is not None:  # validation begins to count anew
            self._figures = self._read()

    def on_test_end(self, logs=None):
        if self._copies is not None:
            self._validation = self._read()

    def _read(self) -> dict[str, dict[str, Any]]:
        assert self._copies is not None
        return {one.name: self._copies.metrics_of(one) for one in self._copies.copies}

    def on_epoch_end(self, epoch, logs=None):
        logs = {} if logs is None else logs
        training = self._figures or self._read()
        shown = next(iter(training))
        plain = {name: value for name, value in logs.items() if "/" not in name}
        for name in self.optimizers:
            figures = plain if name == shown else _numbers(training[name], self._validation.get(name, {}), logs, name)
            logs |= {f"{metric}/{name}": value for metric, value in figures.items()}
            diverged = not np.isfinite(figures.get("loss", 0.0))
            if diverged and name not in self.diverged:
                self.diverged.append(name)
            self.rows.append({"epoch": epoch, "optimizer": name, **figures, "diverged": diverged})
        if self._record is not None:
            self.step_loss = self._record.end_epoch()

    # === After training ===
    def on_train_end(self, logs=None):
        copies = self._copies
        if copies is not None:
            copies.finalize()
            self.weights = {one.name: copies.weights_of(one) for one in copies.copies}
            broken = [name for name, all_of_it in self.weights.items() if not all(map(_is_finite, all_of_it))]
            self.diverged += [name for name in broken if name not in self.diverged]
            self.kept = self.keep or self._best(copies.copies[0].name)
            with scope_of(self.model):
                fresh = self._make(self.kept)
            copies.keep(next(one for one in copies.copies if one.name == self.kept), fresh)
        super().on_train_end(logs)

    def _best(self, otherwise: str) -> str:
        """The optimizer with the best monitored metric after the last epoch, among those that have not diverged."""
        last = {row["optimizer"]: row for row in self.rows[-len(self.optimizers) :]}
        monitor = self.monitor or ("val_loss" if any("val_loss" in row for row in last.values()) else "loss")
        ranked = {name: row[monitor] for name, row in last.items() if monitor in row and name not in self.diverged}
        ranked = {name: value for name, value in ranked.items() if np.isfinite(value)}
        if not ranked:
            return otherwise
        choose = max if more_is_better(self.model, monitor) else min
        return choose(ranked, key=ranked.__getitem__)


def _patterns(optimizers: Optimizers) -> dict[str, keras.optimizers.Optimizer]:
    if not isinstance(optimizers, Mapping) or not optimizers:
        raise ValueError(f'optimizers is a dict such as {{"sgd": "sgd", "adam": Adam(0.01)}}; got {optimizers!r}.')
    patterns = {}
    for name, given in optimizers.items():
        if not isinstance(name, str) or not name or "/" in name:
            raise ValueError(f"optimizers are named by words without a slash; got {name!r}.")
        try:
            patterns[name] = keras.optimizers.get(given)
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"optimizers[{name!r}] is no optimizer of Keras's, or name of one; got {given!r}."
            ) from error
    return patterns


def _numbers(training, validation, logs, name: str) -> dict[str, Any]:
    """A copy's figures, named as the logs of a fit would name them."""
    figures = {**training, **{f"val_{metric}": value for metric, value in validation.items()}}
    figures |= {metric.removesuffix(f"/{name}"): value for metric, value in logs.items() if metric.endswith(f"/{name}")}
    return {metric: value.item() if getattr(value, "ndim", None) == 0 else value for metric, value in figures.items()}


def _is_finite(values: np.ndarray) -> bool:
    return bool(np.isfinite(values.astype("float64")).all())
