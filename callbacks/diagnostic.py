"""What the callbacks of this package share: one fit long attached to a model, and results to look at afterwards."""

import fnmatch
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras

from .keras_internals import (
    FitSession,
    build_all,
    is_built,
    leaf_optimizer,
    other_optimizers,
    refuse_several_optimizers,
    session_of,
)
from .near_names import what_there_is

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure


class Diagnostic(keras.callbacks.Callback):
    """A callback that counts inside the compiled step, reports once an epoch, and leaves nothing behind.

    A subclass has `attach`, which says what it changes about the model for the time of the fit, and adds to `rows` in
    `on_epoch_end`. It should have no hooks for batches, so that many steps can run in one call.

    Attributes:
        rows: the results, one dict a row, of the last fit.
        columns: of the results, where there are none.
        order: the lowest is called first by Keras, before all other callbacks; the default is 0.
    """

    order = 0
    columns: tuple[str, ...] = ()

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

    def only_optimizer(self) -> keras.optimizers.Optimizer:
        """The optimizer that holds the model's update rule.

        Raises:
            ValueError: if the model has none, or several.
        """
        name, optimizer = type(self).__name__, getattr(self.model, "optimizer", None)
        if not isinstance(optimizer, keras.optimizers.Optimizer):
            raise ValueError(
                f"{name} needs a model with an optimizer: call model.compile(optimizer, loss) first; its optimizer "
                f"is {optimizer!r}."
            )
        leaf = leaf_optimizer(optimizer)
        refuse_several_optimizers(leaf, name)
        others = other_optimizers(self.model)
        if others:
            warnings.warn(
                f"{type(self.model).__name__} keeps other optimizers beside model.optimizer ({', '.join(others)}): "
                f"{name} knows nothing of their updates.",
                stacklevel=2,
            )
        return leaf

    @property
    def results(self) -> "pandas.DataFrame":
        """What was measured in the last fit, as a tidy table: one observation a row, one variable a column."""
        import pandas

        return pandas.DataFrame(self.rows, columns=None if self.rows else list(self.columns))

    @property
    def remark(self) -> str:
        """What has to be known of the results beside their table and picture, in a sentence; mostly nothing."""
        return ""

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


def build_if_possible(fit: FitSession) -> ValueError | None:
    """Makes the variables that a model would make in its first step; what there is by now can be used all the same.

    Returns:
        Why the model cannot be built; None if it is.
    """
    if not is_built(fit.model):
        try:
            build_all(fit)
        except ValueError as error:
            return error
    return None


def check_patterns(argument: str, patterns: Sequence[str], names: Sequence[str]) -> None:
    """Refuses a pattern that fits no name.

    Args:
        argument: as an error calls it.
        patterns: such as "block_*".
        names: of the layers that there are.

    Raises:
        ValueError: names the nearest.
    """
    for pattern in patterns:
        if not any(fnmatch.fnmatch(name, pattern) for name in names):
            raise ValueError(f"{argument}: no layer fits {pattern!r}; {what_there_is(pattern, names, most=8)}")
