"""What the callbacks of this package share: one fit long attached to a model, and results to look at afterwards."""

import difflib
import fnmatch
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from .keras_internals import FitSession, session_of

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure


class Diagnostic(keras.callbacks.Callback):
    """A callback that counts inside the compiled step, reports once an epoch, and leaves nothing behind.

    A subclass has `attach`, which says what it changes about the model for the time of the fit, and adds to `rows` in
    `on_epoch_end`. It has no hooks for batches, so that many steps can run in one call.

    Attributes:
        rows: the results, one dict a row, of the last fit.
        order: the lowest is called first by Keras, before all other callbacks; the default is 0.
    """

    order = 0

    def __init__(self):
        super().__init__()
        self.rows: list[dict[str, Any]] = []
        self._begun_early: FitSession | None = None

    def attach(self, fit: FitSession) -> None:
        """Changes the model for the time of the fit; raises a `ValueError` for what does not fit together."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it attaches to a model.")

    def on_train_begin(self, logs=None):
        begun, self._begun_early = self._begun_early, None
        if begun is not None and begun is session_of(self.model):
            return
        self.rows = []
        session = FitSession.join(self)
        try:
            self.attach(session)
        except BaseException:
            session.close()
            raise

    def begin_early(self, fit: FitSession) -> None:
        """Lets the callback attach now, for one that has to come last."""
        self.on_train_begin()
        self._begun_early = fit

    def on_train_end(self, logs=None):
        session = session_of(self.model)
        if session is not None:
            session.leave(self)

    @property
    def results(self) -> "pandas.DataFrame":
        """What was measured in the last fit, as a tidy table: one observation a row, one variable a column."""
        import pandas

        return pandas.DataFrame(self.rows)

    def plot(self) -> "Figure":
        """A picture of the results, as a matplotlib figure that belongs to no window.

        Raises:
            ValueError: before the first epoch has ended.
        """
        raise NotImplementedError(f"{type(self).__name__} has no picture.")

    def check_has_results(self) -> None:
        """Refuses to draw nothing.

        Raises:
            ValueError: if no epoch has ended yet.
        """
        if not self.rows:
            raise ValueError(
                f"{type(self).__name__} has nothing to show yet: pass it to model.fit(..., callbacks=[...]) first."
            )

    def warn_of_no_updates(self) -> None:
        """Says that the optimizer whose gradients were to be seen has not updated anything in an epoch."""
        warnings.warn(
            f"{type(self).__name__} saw no update of model.optimizer in this epoch: the model's train_step uses "
            "another optimizer, or every update was skipped by the loss scale.",
            stacklevel=2,
        )


def check_patterns(argument: str, patterns: Sequence[str] | None, names: Sequence[str]) -> None:
    """Refuses a pattern that fits no name.

    Args:
        argument: as an error calls it.
        patterns: such as "block_*"; None for all.
        names: of the layers that there are.

    Raises:
        ValueError: names the nearest.
    """
    if not names:
        raise ValueError(f"{argument}: the model has no layer to track.")
    for pattern in patterns or ():
        if not any(fnmatch.fnmatch(name, pattern) for name in names):
            nearest = list(difflib.get_close_matches(pattern, names) or dict.fromkeys(names))[:8]
            raise ValueError(f"{argument}: no layer fits {pattern!r}; there are {', '.join(nearest)}.")
