"""`TrainingDoctor`: says in plain words what is wrong with a training run, and is silent on a healthy one."""

import numbers
from typing import Any

from .dead_unit_tracker import DeadUnitTracker
from .diagnostic import Diagnostic
from .doctoring.batch_checks import look_at_batches
from .doctoring.diagnoses import LASTING, leave_out_consequences, look_at_epochs, look_at_gradients, look_at_units
from .gradient_clipping import GradientClipping
from .gradient_monitor import GradientMonitor
from .keras_internals import FitSession, output_layers


class TrainingDoctor(Diagnostic):
    """Reads the logs and the other callbacks' figures, and names what is wrong, with the evidence and the remedy.

    What it can see depends on the other callbacks of the same `fit`, in any order: vanishing and exploding gradients
    need a `GradientMonitor`, dead and saturated units a `DeadUnitTracker`; learning rates are judged better by a
    `GradientMonitor(every=...)`. Losses and metrics it reads from the logs, overfitting from those of validation. The
    rules stand in `doctoring/diagnoses.py` and `doctoring/batch_checks.py`.

    Args:
        batches: the first batches, to be looked at before training: `(x, y)` arrays in the order in which they are
            trained on (so not those that `fit` shuffles), or batches of such: a `tf.data.Dataset`, a list. It finds
            data not shuffled, labels that are all the same, inputs not normalized or not finite.
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

    order = 50  # after the callbacks whose figures it reads

    def __init__(self, batches: Any = None, patience: int = 5, verbose: int = 1):
        super().__init__()
        if isinstance(patience, bool) or not isinstance(patience, int) or patience < 2:
            raise ValueError(f"patience is a number of epochs, at least 2; got {patience!r}.")
        self.batches, self.patience, self.verbose = batches, patience, verbose
        self.epochs: list[dict[str, Any]] = []
        self._fit: FitSession | None = None

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What was found, as in `rows`."""
        return self.rows

    def attach(self, fit: FitSession) -> None:
        self.epochs, self._fit = [], fit
        if self.batches is not None:
            self.rows = [{"epoch": 0, **one} for one in look_at_batches(self.batches, self.model)]

    def on_epoch_end(self, epoch, logs=None):
        figures = {name: float(value) for name, value in (logs or {}).items() if isinstance(value, numbers.Number)}
        self.epochs.append({"epoch": epoch + 1, **figures})
        found, units = [], []
        for callback in self._fit.callbacks if self._fit is not None else ():
            if isinstance(callback, GradientMonitor):
                found += look_at_gradients([one for one in callback.findings if one["epoch"] == epoch + 1])
            elif isinstance(callback, DeadUnitTracker):
                units = [row for row in callback.rows if epoch + 1 - LASTING < row["epoch"] <= epoch + 1]
                found += look_at_units(units, self._lasting(), self._outputs(units))
            elif isinstance(callback, GradientClipping):
                found += self._look_at_clipping(callback.rows)
        dying = any(one["condition"] == "dead units" for one in found)
        found = [*look_at_epochs(self.epochs, self.patience, dying), *found]
        now = [row for row in units if row["epoch"] == epoch + 1]
        self.rows += [{"epoch": epoch + 1, **one} for one in leave_out_consequences(found, now)]

    def _lasting(self) -> int:
        """Through how many epochs units have to be in trouble: fewer where there are no more."""
        return min(LASTING, self.params.get("epochs") or LASTING)

    def _outputs(self, units: list[dict[str, Any]]) -> set[str]:
        """The layers of the model's outputs; the last one that is tracked, where a `call` does not tell."""
        return output_layers(self.model) or {row["layer"] for row in units[-1:]}

    def _look_at_clipping(self, rows: list[dict[str, Any]]):
        """Gradients that were not finite, where no monitor names the layers."""
        monitored = any(isinstance(one, GradientMonitor) for one in self._fit.callbacks) if self._fit else False
        if rows and rows[-1]["epoch"] == self.epochs[-1]["epoch"] and rows[-1]["nonfinite_steps"] and not monitored:
            count = rows[-1]["nonfinite_steps"]
            evidence = f"gradients were infinite or no numbers in {count} of the epoch's {rows[-1]['updates']} updates"
            yield from look_at_gradients([{"condition": "exploding", "layer": None, "evidence": evidence}])

    def on_train_end(self, logs=None):
        self._fit = None
        super().on_train_end(logs)
        if self.verbose and self.rows:
            print(self.report())

    def report(self) -> str:
        """What was found, in plain words; the empty string if nothing was."""
        from .reporting.findings import merge_findings

        if not self.rows:
            return ""
        lines = ["What the training doctor found:"]
        for one in merge_findings(self.rows):
            when = "before training" if one.when == "epoch 0" else one.when
            lines += [f"- {one.what} ({when}): {one.evidence}", f"  {one.remedy}"]
        return "\n".join(lines)

    def plot(self):
        """The loss by epoch, and below it in which epochs what was found."""
        from .doctoring.pictures import draw_findings

        if not self.epochs:
            self.check_has_results()
        return draw_findings(self.epochs, self.rows)
