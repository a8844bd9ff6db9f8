"""`LearningRateFinder`: the range of learning rates that train, from a few hundred steps."""

import math
from typing import TYPE_CHECKING

import keras

from .diagnostic import Diagnostic
from .keras_internals import (
    FitSession,
    Snapshot,
    build_all,
    learning_rate_by_step,
    refuse_stateful_layers,
    refuse_tf_function,
    write_back_state,
)
from .numbers_given import is_number, is_whole
from .range_test import (
    FEWEST,
    exponential_rates,
    has_diverged,
    moving_mean,
    rate_of_lowest_loss,
    steepest_rate,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# Callbacks of Keras's that put weights in place of others; EarlyStopping, if it is to.
_SET_WEIGHTS = (keras.callbacks.EarlyStopping, keras.callbacks.BackupAndRestore, keras.callbacks.SwapEMAWeights)


class LearningRateFinder(Diagnostic):
    """Raises the learning rate from step to step until the loss diverges, and puts the model back as it was.

        rate_n = lowest * (highest / lowest)^(n / (steps - 1))

    The fit that it is given to is this test alone: it ends with it, however many epochs were asked for, and leaves
    weights, optimizer state, learning rate and random seeds as they were, bit for bit. Give it enough epochs for
    `steps` steps; with fewer, the rate rises faster. A second fit, with the rate found, then trains.

    It looks at the loss of every step, which costs time that a test of a few hundred steps has. With
    `steps_per_execution` of k, it sees the mean loss of k steps, and the grid of rates is as much coarser.

    Args:
        lowest: the first learning rate, above 0.
        highest: the last one, above `lowest`.
        steps: how many steps (batches) from the one to the other.
        smoothing: how many steps the moving mean of the losses takes in.
        stop_at: the loss has diverged when its moving mean is above that of the first steps and so many times the
            lowest one. `float("inf")` lets the test go on to the highest rate, or to a loss that is no number.

    Attributes:
        rows: one for each step: step (from 1), learning_rate, loss, smoothed_loss (the mean of the `smoothing` losses
            around it).

    Raises:
        ValueError: for arguments out of range; before the first step, for a model that is not compiled, a
            `MultiOptimizer`, whose rates are several, or another callback that sets the learning rate; at the end of
            the test, if the optimizer has not updated anything.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).normal(size=(256, 3)).astype("float32")
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> finder = LearningRateFinder(lowest=1e-4, steps=64)
        >>> _ = model.fit(x, x.sum(axis=1), epochs=8, callbacks=[finder], verbose=0)
        >>> 1e-4 < finder.suggestion <= finder.highest_stable < 2.0
        True

    Reference:
        Smith (2017), "Cyclical Learning Rates for Training Neural Networks", section 3.3. There the rate rises linearly
        and accuracy is looked at; exponentially, rates of any size are found with equal care.
    """

    order = -10  # the model is as it was before any other callback looks at it

    def __init__(
        self,
        lowest: float = 1e-6,
        highest: float = 10.0,
        steps: int = 200,
        smoothing: int = 10,
        stop_at: float = 4.0,
    ):
        super().__init__()
        if not (is_number(lowest) and is_number(highest) and 0 < lowest < highest < math.inf):
            raise ValueError(
                f"lowest and highest must be 0 < lowest < highest; got lowest={lowest!r}, highest={highest!r}."
            )
        if not is_whole(steps, FEWEST):
            raise ValueError(
                f"steps must be a whole number of at least {FEWEST}; got {steps}. Some hundreds give a clear picture."
            )
        if not is_whole(smoothing, 1) or smoothing > steps:
            raise ValueError(f"smoothing must be a number of steps from 1 to steps={steps}; got {smoothing}.")
        if not is_number(stop_at) or not stop_at > 1:
            raise ValueError(f"stop_at must be above 1, times the lowest loss; got {stop_at!r}.")
        self.lowest, self.highest, self.steps = lowest, highest, steps
        self.smoothing, self.stop_at = smoothing, stop_at

    def attach(self, fit: FitSession) -> None:
        model = self.model
        self._check(fit)
        build_all(fit)
        snapshot = Snapshot(model)
        fit.undo_by(self._let_go)
        fit.undo_by(snapshot.put_back)
        fit.handles_nonfinite = True  # where gradients are no numbers any more is what the test is for
        self._put_back = snapshot.put_back
        self._steps = self._available_steps(fit)
        self._rates = exponential_rates(self.lowest, self.highest, self._steps)
        self._steps_taken = fit.enter(learning_rate_by_step(model, self._rates))
        self._is_over = self._has_diverged = False

    def _let_go(self) -> None:
        for name in ("_put_back", "_rates", "_steps_taken"):  # which hold the model
            self.__dict__.pop(name, None)

    def _check(self, fit: FitSession) -> None:
        self.only_optimizer()
        kinds = keras.callbacks.LearningRateScheduler | keras.callbacks.ReduceLROnPlateau
        for other in fit.callbacks:
            if isinstance(other, kinds):
                raise ValueError(
                    f"LearningRateFinder and {type(other).__name__} both set the learning rate: leave out the latter "
                    "while you look for a rate."
                )
            if isinstance(other, _SET_WEIGHTS) and getattr(other, "restore_best_weights", True):
                raise ValueError(
                    f"{type(other).__name__} sets or keeps weights of the test, after which the model is to be as it "
                    "was: leave it out while you look for a rate."
                )
        refuse_stateful_layers(self.model, type(self).__name__)
        refuse_tf_function(f"{type(self.model).__name__}.train_step", type(self.model).train_step)

    def _available_steps(self, fit: FitSession) -> int:
        in_epoch, epochs = self.params.get("steps"), self.params.get("epochs", 0) - fit.initial_epoch
        return min(self.steps, in_epoch * epochs) if in_epoch and epochs > 0 else self.steps

    # === In training ===
    def on_train_batch_begin(self, batch, logs=None):
        write_back_state(self.model)
        self.model.reset_metrics()  # so that the loss is that of the steps to come alone
        self._first = batch
        self._first_step = self._steps_taken()

    def on_train_batch_end(self, batch, logs=None):
        if self._is_over:
            return
        logs = logs or self.model.get_metrics_result()  # the engine tells workers nothing between epochs
        if "loss" not in logs:
            raise ValueError(f"LearningRateFinder needs a step that gives its 'loss'; this one gives {sorted(logs)}.")
        middle = self._first_step + (batch - self._first) / 2
        self.rows.append(
            {
                "step": (self.rows[-1]["step"] if self.rows else 0) + batch - self._first + 1,
                "learning_rate": float(keras.ops.convert_to_numpy(self._rates(middle))),
                "loss": float(logs["loss"]),
            }
        )
        losses = [row["loss"] for row in self.rows]
        self._has_diverged = has_diverged(losses, self._width(), self.stop_at)
        if self.rows[-1]["step"] >= self._steps or self._has_diverged:
            self._end()

    def on_epoch_end(self, epoch, logs=None):
        if not self._is_over and epoch + 1 == self.params.get("epochs"):  # the data ended first
            self._end()

    def on_train_end(self, logs=None):
        self._end()  # once more: what averages weights has finished in the meantime
        self.model.reset_metrics()
        super().on_train_end(logs)

    def _end(self) -> None:
        if not self._is_over:
            self._check_updates()
        self._is_over = True
        self._put_back()
        self.model.stop_training = True
        for row, smoothed in zip(
            self.rows, moving_mean([row["loss"] for row in self.rows], self._width()), strict=True
        ):
            row["smoothed_loss"] = float(smoothed)

    def _check_updates(self) -> None:
        write_back_state(self.model)
        if self.rows and math.isfinite(self.rows[0]["loss"]) and not self._steps_taken():
            raise ValueError(
                f"LearningRateFinder saw no update in the {self.rows[-1]['step']} steps of its test: "
                f"{type(self.model).__name__}.train_step must apply the gradients with self.optimizer. (Or every "
                "update was left out, as gradients were not finite: in mixed_float16, give it more epochs.)"
            )

    def _width(self) -> int:
        """How many rows `smoothing` steps are."""
        steps_in_row = self.rows[0]["step"] if self.rows else 1
        return max(1, round(self.smoothing / steps_in_row))

    # === Results ===
    @property
    def suggestion(self) -> float:
        """The rate at which the loss falls fastest, where training makes the most of a step.

        If it is close to `highest`, the loss was still falling there: try a higher one.

        Raises:
            ValueError: if there are too few steps, or the loss falls at no rate.
        """
        rate = steepest_rate(*self._curve())
        if rate is None:
            raise ValueError(
                f"the loss falls at no learning rate from {self.lowest:g} to {self.rows[-1]['learning_rate']:.2g}: "
                + (
                    f"give it more epochs: it had {self.rows[-1]['step']} of the {self.steps} steps that it wants."
                    if self.rows[-1]["step"] < self.steps and not self._has_diverged
                    else "try a smaller `lowest`, or look at the model and its data."
                )
            )
        return rate

    @property
    def highest_stable(self) -> float:
        """The rate at which the loss is lowest: above it, steps do harm.

        Raises:
            ValueError: if there are too few steps.
        """
        return rate_of_lowest_loss(*self._curve())

    def _curve(self) -> tuple[list[float], list[float]]:
        self.check_has_results()
        finite = [row for row in self.rows if math.isfinite(row["smoothed_loss"])]
        if len(finite) < FEWEST:
            diverged = len(finite) < len(self.rows) or self._has_diverged
            advice = "a smaller `lowest`" if diverged else "more epochs, or smaller batches"
            raise ValueError(
                f"LearningRateFinder has seen {len(finite)} losses{' before training diverged' if diverged else ''}, "
                f"and needs at least {FEWEST}: give it {advice}."
            )
        return [row["learning_rate"] for row in finite], [row["smoothed_loss"] for row in finite]

    def plot(self) -> "Figure":
        """The loss against the learning rate, with the rates found."""
        from .pictures import BLUE, GREY, ORANGE, RED, new_figure, tidy

        self.check_has_results()
        figure = new_figure(7, 4)
        axes = tidy(figure.subplots())
        rates = [row["learning_rate"] for row in self.rows]
        smoothed = [row["smoothed_loss"] for row in self.rows]
        axes.plot(rates, [row["loss"] for row in self.rows], color=GREY, linewidth=0.7, label="loss of a step")
        axes.plot(rates, smoothed, color=BLUE, linewidth=2, label=f"mean of {self.smoothing} steps")
        for name, colour in (("suggestion", ORANGE), ("highest_stable", RED)):
            try:
                rate = getattr(self, name)
            except ValueError:  # the curve is there to see why
                continue
            axes.axvline(rate, color=colour, linestyle="--", label=f"{name.replace('_', ' ')} {rate:.2g}")
        shown = [loss for loss in smoothed if math.isfinite(loss)]
        if shown:  # a diverged loss would press everything else flat
            low, first = min(shown), shown[0]
            axes.set_ylim(low - 0.1 * (first - low) - 1e-9, first + 1.0 * (first - low) + 1e-9)
        axes.set(xscale="log", xlabel="learning rate", ylabel="loss")
        axes.legend(frameon=False, fontsize=8)
        return figure
