"""`OptimizerComparison`: one fit that trains a copy of the model with each of several optimizers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from .comparison.loss_record import LossRecord
from .comparison.optimizer_names import optimizer_classes, unknown_optimizer
from .comparison.schedules import SchedulesOfCopies
from .diagnostic import Diagnostic
from .keras_internals import (
    FitSession,
    TrainingCopies,
    build_all,
    compiling_pays,
    fresh_optimizer,
    make_several_steps_a_call,
    more_is_better,
    number_of_kinds,
    refuse_stateful_layers,
    scope_of,
)
from .numbers_given import is_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Callbacks of Keras's that put weights in place of others.
_OF_ONE_MODEL = (keras.callbacks.BackupAndRestore, keras.callbacks.SwapEMAWeights)


class OptimizerComparison(Diagnostic):
    """Trains one copy of the model with each optimizer, all on the very same batches, within one `fit`.

    Every copy starts from the model's present weights and draws the same random numbers (dropout, noise). Each has its
    own weights, statistics of batch normalization and metrics. When the fit is over, the model has the weights and the
    optimizer of one of them. Those given serve as patterns: every fit starts with fresh ones like them.

    While the fit goes on, the model is the copy to keep, or the first one: `loss`, `val_loss` and the like in the logs
    are its figures, and callbacks that watch, save or stop act on it. `GradientMonitor`, `GradientClipping`,
    `DeadUnitTracker` and `TrainingDoctor` beside it tell of this copy alone, the one to keep or the first.
    `LearningRateScheduler` and `ReduceLROnPlateau` act on every copy, by its own figures; clipping and other changes to
    gradients hold for all. A copy that diverges does no harm to the others. After an exception in training, the model
    has its own optimizer back and the weights that the copy had then. Whatever a model keeps outside of Keras's
    variables, all copies share.

    Args:
        optimizers: Keras's optimizers, or their names, by the names that they are to have in the results.
        keep: which of them the model is left with. By default the best by `monitor`, after the last epoch.
        monitor: a metric, such as "val_accuracy". By default "val_loss", or "loss" where nothing is validated.
            Whether there is one is known after the first epoch, since other callbacks may add some.
        exact: whether every copy is to be, bit for bit, what Keras's `fit` gives with its optimizer alone and the same
            batches. Otherwise XLA may compile the updates, which rounds differently, and one call make several steps.
            On a GPU even two equal fits may round differently, where JAX measures which of its kernels is the fastest.
        record: keeps the mean training loss of every so many steps in `step_loss`.

    Attributes:
        rows: one for each epoch and optimizer: `epoch` (from 1), `optimizer`, every metric, in training and with `val_`
            in validation, and `diverged`: whether the loss was no finite number.
        kept: name of the optimizer whose training the model was left with.
        diverged: names of those whose loss or weights have become infinite or no number.
        weights: each copy's final weights, as `model.set_weights` takes them.
        step_loss: with `record`, each copy's mean loss of every `record` steps; the last of an epoch may be fewer.

    Raises:
        ValueError: for names or values that do not fit; before training, for a model that cannot be compared like this;
            after the first epoch, if nothing is logged to choose by, or no optimizer has updated anything.

    Logs every metric by name: `loss/NAME`, `val_loss/NAME`, ...

    Example:
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        >>> model.compile(loss="mse")
        >>> comparison = OptimizerComparison({"sgd": keras.optimizers.SGD(0.01), "adam": "adam"}, keep="adam")
        >>> history = model.fit(np.ones((8, 3)), np.ones((8, 1)), epochs=2, verbose=0, callbacks=[comparison])
        >>> [(row["epoch"], row["optimizer"]) for row in comparison.rows]
        [(1, 'sgd'), (1, 'adam'), (2, 'sgd'), (2, 'adam')]
        >>> type(model.optimizer).__name__
        'Adam'
    """

    order = 50  # behind those whose figures it shows of the first copy alone

    def __init__(
        self,
        optimizers: Mapping[str, keras.optimizers.Optimizer | str],
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
        if record is not None and not is_whole(record, 1):
            raise ValueError(f"record must be a number of steps, 1 or more; got {record!r}.")
        self._forget()

    def _forget(self) -> None:
        self.kept: str | None = None
        self.diverged: list[str] = []
        self.weights: dict[str, list[np.ndarray]] = {}
        self.step_loss: dict[str, np.ndarray] = {}
        self._training: dict[str, dict[str, Any]] = {}  # the epoch's figures, by copy
        self._validation: dict[str, dict[str, Any]] = {}
        self._let_go()

    def _let_go(self) -> None:
        self._copies: TrainingCopies | None = None
        self._schedules: SchedulesOfCopies | None = None
        self._record: LossRecord | None = None
        self._counters_before: list[float] = []

    # === Before training ===
    def attach(self, fit: FitSession) -> None:
        self._forget()
        self._check(fit)
        iterator = build_all(fit)
        for one in fit.callbacks:
            if isinstance(one, Diagnostic) and not fit.has(one):
                one.begin_early(fit)  # so that all they attach is there to be copied
        fit.undo_by(self._let_go)
        fit.handles_nonfinite = True
        names = sorted(self.optimizers, key=lambda name: name != self.keep)  # the one to keep comes first
        with scope_of(self.model):
            optimizers = {name: fresh_optimizer(self.optimizers[name], self.model.optimizer) for name in names}
        if self.record is not None:
            self._record = LossRecord(self.model, names, self.record, self.params.get("steps"))
        all_of_them = list(optimizers.values())
        xla = not self.exact and compiling_pays(self.model, all_of_them, self._number_of_steps(fit))
        fit.rounds_as_ever = not (
            xla and len(all_of_them) >= 2 * number_of_kinds(all_of_them)
        )  # else XLA has to do more
        self._copies = TrainingCopies(fit, optimizers, xla, self._record, self._before_reset)
        self._counters_before = _counters(self._copies)
        self._schedules = SchedulesOfCopies(fit, self._copies)
        if not self.exact:
            make_several_steps_a_call(fit, iterator, len(names))

    def _check(self, fit: FitSession) -> None:
        refuse_stateful_layers(self.model, type(self).__name__)
        taken = [one.name for one in self.model._flatten_layers() if one.name in self.optimizers]
        if taken:
            raise ValueError(
                f"a layer is called {taken[0]!r} as well, which figures in the logs end with: rename the optimizer."
            )
        for one in fit.callbacks:
            if isinstance(one, OptimizerComparison) and one is not self:
                raise ValueError("a fit takes one OptimizerComparison: give it all the optimizers.")
            if isinstance(one, _OF_ONE_MODEL):
                raise ValueError(
                    f"{type(one).__name__} knows the model alone, and not the copies that are compared: leave it out."
                )
            restores = isinstance(one, keras.callbacks.EarlyStopping) and one.restore_best_weights
            if restores and self.keep is None and len(self.optimizers) > 1:
                raise ValueError(
                    "EarlyStopping(restore_best_weights=True) goes back to weights of one copy, and which of them the "
                    "model is left with is not known before the end: say keep=, or leave out restore_best_weights."
                )

    def _number_of_steps(self, fit: FitSession) -> int | None:
        in_epoch = self.params.get("steps")
        return in_epoch * (self.params["epochs"] - fit.initial_epoch) if in_epoch else None

    # === Every epoch ===
    def on_epoch_begin(self, epoch, logs=None):
        self._training, self._validation = {}, {}
        if self._record is not None:
            self._record.begin_epoch()
        if self._schedules is not None:
            self._schedules.begin_epoch(epoch)

    def _before_reset(self) -> None:
        if not self._training:  # validation begins to count anew
            self._training = self._read()

    def on_test_end(self, logs=None):
        if self._copies is not None:
            self._validation = self._read()

    def _read(self) -> dict[str, dict[str, Any]]:
        copies = self._copies
        return {} if copies is None else {one.name: copies.metrics_of(one) for one in copies.copies}

    def on_epoch_end(self, epoch, logs=None):
        logs = {} if logs is None else logs
        figures = self._figures(logs)
        if not self.rows:
            self._check_updates()
            self._check_choice(figures)
        for name in self.optimizers:
            logs |= {f"{metric}/{name}": value for metric, value in figures[name].items()}
            diverged = not _is_finite(figures[name].get("loss", 0.0))
            self.diverged += [name] if diverged and name not in self.diverged else []
            self.rows.append({"epoch": epoch + 1, "optimizer": name, **figures[name], "diverged": diverged})
        if self._record is not None:
            self.step_loss = self._record.end_epoch()
        if self._schedules is not None:
            self._schedules.end_epoch(epoch, figures)

    def _check_updates(self) -> None:
        if self._copies is not None and _counters(self._copies) == self._counters_before:
            raise ValueError(
                f"no copy's optimizer has updated anything in the first epoch: {type(self.model).__name__}.train_step "
                "must apply the gradients with self.optimizer, which is each copy's in turn. (Or every update was left "
                "out, as gradients were not finite.)"
            )

    def _check_choice(self, figures: Mapping[str, Mapping[str, Any]]) -> None:
        known = dict.fromkeys(metric for one in figures.values() for metric in one)
        if self.monitor is not None:
            if self.monitor not in known:
                raise ValueError(f"monitor={self.monitor!r} is none of the metrics: {', '.join(known)}.")
            more_is_better(self.model, self.monitor)
        elif self.keep is None and len(self.optimizers) > 1 and not {"loss", "val_loss"} & set(known):
            raise ValueError(
                f"there is no loss to choose the best optimizer by; the model logs {', '.join(known) or 'nothing'}: "
                "say which of these is to count with monitor=, or which copy to keep with keep=."
            )

    def _figures(self, logs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """The epoch's figures of every copy, named as the logs of a fit of its own would name them."""
        training = self._training or self._read()
        first, *others = training
        found = {first: {name: value for name, value in logs.items() if "/" not in name}}
        for name in others:
            end = f"/{name}"
            validation = self._validation.get(name, {})
            read = training[name] | {f"val_{metric}": value for metric, value in validation.items()}
            # a step of the user's own may leave out metrics, which then have counted nothing
            found[name] = {metric: _number(value) for metric, value in read.items() if metric in found[first]}
            found[name] |= {metric.removesuffix(end): value for metric, value in logs.items() if metric.endswith(end)}
        return found

    # === After training ===
    def on_train_end(self, logs=None):
        copies = self._copies
        if copies is not None:
            copies.finalize()
            self.weights = {one.name: copies.weights_of(one) for one in copies.copies}
            broken = [name for name, weights in self.weights.items() if not all(map(_is_finite, weights))]
            self.diverged += [name for name in broken if name not in self.diverged]
            self.kept = self.keep or self._best() or copies.copies[0].name
            with scope_of(self.model):
                fresh = fresh_optimizer(self.optimizers[self.kept], self.model.optimizer)
            copies.keep(next(one for one in copies.copies if one.name == self.kept), fresh)
        super().on_train_end(logs)

    def _best(self) -> str | None:
        """The optimizer with the best last value of the monitored metric, among those that have not diverged."""
        monitor = self.monitor or ("val_loss" if any("val_loss" in row for row in self.rows) else "loss")
        last = {row["optimizer"]: row[monitor] for row in self.rows if monitor in row}
        values = {name: last[name] for name in last if name not in self.diverged and _is_finite(last[name])}
        choose = max if values and more_is_better(self.model, monitor) else min
        return choose(values, key=values.__getitem__, default=None)

    # === For checkpoints ===
    def get_state(self) -> dict[str, Any]:
        """What it remembers of the fit so far, as plain values."""
        return {
            "rows": self.rows,
            "diverged": self.diverged,
            "losses": None if self._record is None else self._record.losses,
            "schedules": None if self._schedules is None else self._schedules.get_state(),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Puts back what `get_state` gave, in a fit that has begun."""
        self.rows, self.diverged = state["rows"], state["diverged"]
        if self._record is not None:
            self._record.losses = state["losses"]
        if self._schedules is not None:
            self._schedules.set_state(state["schedules"])

    # === For people ===
    @property
    def remark(self) -> str:
        """Which copy the model was left with, and whose figures other callbacks of the fit have."""
        if self.kept is None:
            return ""
        first = self.keep or next(iter(self.optimizers))
        return f"The model was left with {self.kept}. What other callbacks of the same fit have measured is of {first}."

    def plot(self) -> "Figure":
        """Training and validation loss of every optimizer by epoch, as a matplotlib figure.

        Raises:
            ValueError: before the first epoch has ended.
        """
        from .comparison.pictures import draw_comparison

        self.check_has_results()
        return draw_comparison(self.rows, list(self.optimizers), self.diverged)


def _patterns(optimizers: Any) -> dict[str, keras.optimizers.Optimizer]:
    if not isinstance(optimizers, Mapping) or not optimizers:
        raise ValueError(
            f'optimizers must be a dict, at least one by name, such as {{"sgd": "sgd", "adam": Adam(0.01)}}; got '
            f"{optimizers!r}."
        )
    patterns = {}
    for name, given in optimizers.items():
        if not isinstance(name, str) or not name or "/" in name:
            raise ValueError(f"optimizers must be named by strings without a slash; got {name!r}.")
        try:
            patterns[name] = keras.optimizers.get(given)
        except (ValueError, TypeError, KeyError) as error:
            if isinstance(given, str):
                raise unknown_optimizer(given, optimizer_classes()) from error
            raise ValueError(
                f"optimizers[{name!r}] must be an optimizer of Keras's or a name; got {given!r}."
            ) from error
        if not isinstance(patterns[name], keras.optimizers.Optimizer):
            raise ValueError(f"optimizers[{name!r}] must be an optimizer of Keras's or a name; got {given!r}.")
    return patterns


def _counters(copies: TrainingCopies) -> list[float]:
    """What changes with every use of the copies' optimizers: steps, and the scale of a loss that made one overflow."""
    variables = [variable for one in copies.copies for variable in one.optimizer.variables]
    scalars = [one for one in variables if len(one.shape) == 0 and one.name != "learning_rate"]
    return [float(ops.convert_to_numpy(one)) for one in scalars]


def _number(value: np.ndarray) -> Any:
    return value.item() if value.ndim == 0 else value


def _is_finite(values: Any) -> bool:
    return bool(np.isfinite(np.asarray(values, "float64")).all())
