"""`TrainingDoctor`: says in plain words what is wrong with a training run, and is silent on a healthy one."""

import math
import numbers
import warnings
from collections.abc import Iterator
from typing import Any

from .dead_unit_tracker import DeadUnitTracker
from .diagnostic import Diagnostic
from .doctoring.batch_checks import ENOUGH, NoBatchesError, first_samples, look_at_samples
from .doctoring.diagnoses import LASTING, leave_out_consequences, look_at_epochs, look_at_gradients, look_at_units
from .doctoring.guessing import Guess, best_guess
from .gradient_clipping import GradientClipping
from .gradient_monitor import GradientMonitor
from .keras_internals import FitSession, leaf_optimizer, number_of_updates, output_layers, shuffles_samples
from .learning_rate_finder import LearningRateFinder
from .numbers_given import is_whole

UNLIKE_ALL = ("data not shuffled", "labels constant", "labels not finite")  # labels that say little about the others
_SPOILT = ("inputs not finite", "labels not finite")  # whose loss is no number at any learning rate


class TrainingDoctor(Diagnostic):
    """Reads the logs and the other callbacks' figures, and names what is wrong, with the evidence and the remedy.

    What it can see depends on the other callbacks of the same `fit`, in any order: vanishing and exploding gradients
    need a `GradientMonitor`, dead and saturated units a `DeadUnitTracker`; learning rates are judged better by a
    `GradientMonitor(every=...)`. Losses and metrics it reads from the logs, overfitting from those of validation. The
    rules stand in `doctoring/diagnoses.py` and `doctoring/batch_checks.py`.

    Args:
        batches: the first batches, to be looked at before training: the `(x, y)` arrays that `fit` gets, or batches: a
            `tf.data.Dataset`, a list. It finds data not shuffled (where `fit` does not shuffle them itself), labels
            that are all the same or not finite, inputs not normalized or not finite. Their labels also tell what is
            reached by guessing, so that a plateau or a loss that exploded in the first epoch is told from a run that
            has converged. An iterator is looked at in the first fit.
        patience: how many epochs make a trend, at least 2.
        verbose: 1 prints what was found when training ends, 0 nothing.

    `results` has a row for every epoch and trouble: `epoch` (0 for the batches, before training), `condition`, `layer`
    (where there is one), `evidence`, `remedy`.

    Raises:
        ValueError: for a patience below 2, or batches without inputs and labels.

    Example:
        >>> import keras, numpy as np
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.SGD(50.0), "mse")
        >>> x = np.random.default_rng(0).normal(size=(32, 2))
        >>> history = model.fit(x, x[:, :1], epochs=3, verbose=0, callbacks=[TrainingDoctor()])  # doctest: +ELLIPSIS
        What the training doctor found:
        - Learning rate too high (epochs 2 to 3): the loss rose from ...
          Lower the learning rate, ...
    """

    columns = ("epoch", "condition", "layer", "evidence", "remedy")
    order = 50  # after the callbacks whose figures it reads

    def __init__(self, batches: Any = None, patience: int = 5, verbose: int = 1):
        super().__init__()
        if not is_whole(patience, 2):
            raise ValueError(f"patience is a number of epochs, at least 2; got {patience!r}.")
        self.batches, self.patience, self.verbose = batches, patience, verbose
        self.epochs: list[dict[str, Any]] = []
        self._fit: FitSession | None = None
        self._fresh = True
        self._seen: list[dict[str, Any]] | None = None  # in the batches
        self._guess = Guess()

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What was found, as in `rows`."""
        return self.rows

    def attach(self, fit: FitSession) -> None:
        self.epochs, self._fit = [], fit
        fit.undo_by(self._let_go)
        self._fresh = number_of_updates(leaf_optimizer(self.model.optimizer)) == 0
        if self._seen is None or not isinstance(self.batches, Iterator):
            self._look_at_batches()
        found = self._seen or []
        if shuffles_samples():
            found = [one for one in found if one["condition"] != "data not shuffled"]
        self.rows = [{"epoch": 0, **one} for one in found]

    def _let_go(self) -> None:
        self._fit = None

    def _look_at_batches(self) -> None:
        self._seen, self._guess = [], Guess()
        if self.batches is None:
            return
        try:
            x, y = first_samples(self.batches, self.model)
            found = look_at_samples(x, y, self.model)
            if len(y) == 1 and len(y[0]) >= ENOUGH and not any(one["condition"] in UNLIKE_ALL for one in found):
                self._guess = best_guess(self.model, y[0])
            self._seen = found
        except NoBatchesError:
            self._seen = None
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:  # not worth a fit
            warnings.warn(f"TrainingDoctor could not look at batches: {error}", stacklevel=2)

    def on_epoch_end(self, epoch, logs=None):
        if self._fit is not None and any(isinstance(one, LearningRateFinder) for one in self._fit.callbacks):
            return  # which trains at rates that are too high on purpose
        figures = {name: float(value) for name, value in (logs or {}).items() if isinstance(value, numbers.Number)}
        self.epochs.append({"epoch": epoch + 1, **figures})
        if self._guess == Guess():
            self._guess = best_guess(self.model)  # now that it is built
        found: list[dict[str, Any]] = []
        units: list[dict[str, Any]] = []  # of this epoch
        stopped: set[str] = set()
        callbacks = self._fit.callbacks if self._fit is not None else []
        clipped = any(isinstance(one, GradientClipping) for one in callbacks)
        is_number = math.isfinite(figures.get("loss", 0.0))
        for callback in callbacks:
            if isinstance(callback, GradientMonitor):
                new = [one for one in callback.findings if one["epoch"] == epoch + 1]
                found += look_at_gradients(new, clipped)
                now = [row for row in callback.rows if row["epoch"] == epoch + 1]
                stopped |= {row["layer"] for row in now if row["gradient_norm"] == 0}
            elif isinstance(callback, DeadUnitTracker) and is_number:  # else nothing fires, dead or not
                last = [row for row in callback.rows if epoch + 1 - LASTING < row["epoch"] <= epoch + 1]
                found += look_at_units(last, self._lasting(), self._outputs(last))
                units += [row for row in last if row["epoch"] == epoch + 1]
            elif isinstance(callback, GradientClipping):
                found += self._look_at_clipping(callback.rows)
        dying = any(one["condition"] == "dead units" for one in found)
        if is_number or not any(map(self._goes_on, callbacks)):
            found = [*look_at_epochs(self.epochs, self.patience, dying, self._fresh, self._guess), *found]
        if not any(one["condition"] == "learning rate too high" for one in (*self.rows, *found)):
            stopped = set()
        if any(one["condition"] in _SPOILT for one in self.rows):
            found = [one for one in found if one["condition"] not in ("learning rate too high", "exploding gradients")]
        self.rows += [{"epoch": epoch + 1, **one} for one in leave_out_consequences(found, units, stopped)]

    def _lasting(self) -> int:
        """Through how many epochs units have to be in trouble: fewer where there are no more."""
        epochs = (self.params or {}).get("epochs")
        return min(LASTING, max(1, epochs - self.epochs[0]["epoch"] + 1)) if epochs else LASTING

    def _outputs(self, units: list[dict[str, Any]]) -> set[str]:
        """The layers of the model's outputs; the last one that is tracked, where a `call` does not tell."""
        return output_layers(self.model) or {row["layer"] for row in units[-1:]}

    def _goes_on(self, callback: Any) -> bool:
        """Whether it kept the epoch's updates that were not finite from the weights, and there were others."""
        row = callback.rows[-1] if isinstance(callback, GradientClipping) and callback.rows else None
        if row is None or row["epoch"] != self.epochs[-1]["epoch"]:
            return False
        return callback.nonfinite != "raise" and 0 < row["nonfinite_steps"] < row["updates"]

    def _look_at_clipping(self, rows: list[dict[str, Any]]):
        """Gradients that were not finite, where no monitor names the layers."""
        monitored = any(isinstance(one, GradientMonitor) for one in self._fit.callbacks) if self._fit else False
        if rows and rows[-1]["epoch"] == self.epochs[-1]["epoch"] and rows[-1]["nonfinite_steps"] and not monitored:
            count = rows[-1]["nonfinite_steps"]
            evidence = f"gradients were infinite or no numbers in {count} of the epoch's {rows[-1]['updates']} updates"
            yield from look_at_gradients([{"condition": "exploding", "layer": None, "evidence": evidence}], True)

    def on_train_end(self, logs=None):
        if self.verbose and self.rows:
            print(self.report())
        super().on_train_end(logs)

    def report(self) -> str:
        """What was found, in plain words; the empty string if nothing was."""
        from .reporting.findings import merge_findings

        if not self.rows:
            return ""
        lines = ["What the training doctor found:"]
        for one in merge_findings(self.rows):
            lines += [f"- {one.what} ({one.when}): {one.evidence}", f"  {one.remedy}"]
        return "\n".join(lines)

    def plot(self):
        """The loss by epoch, and below it in which epochs what was found."""
        from .doctoring.pictures import draw_findings

        if not self.epochs:
            self.check_has_results()
        return draw_findings(self.epochs, self.rows)
