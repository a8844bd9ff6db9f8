"""Keras's callbacks for the learning rate, for every copy of a model by its own figures."""

import copy
from collections.abc import Mapping
from typing import Any

import keras

from ..keras_internals import FitSession, TrainingCopies

_KINDS = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
_STATE = ("best", "wait", "cooldown_counter")


class SchedulesOfCopies:
    """Does to each copy but the first, which is the model itself, what such a callback does to the model.

    Args:
        fit: whose callbacks these are.
        copies: of its model.
    """

    def __init__(self, fit: FitSession, copies: TrainingCopies):
        self._copies = copies
        given = [one for one in fit.callbacks if isinstance(one, _KINDS)]
        self._schedules = {one.name: [_like(each) for each in given] for one in copies.copies[1:]}

    def begin_epoch(self, epoch: int) -> None:
        """In `on_epoch_begin`."""
        for one in self._copies.copies[1:] if any(self._schedules.values()) else ():
            with self._copies.entered(one):
                for schedule in self._schedules[one.name]:
                    schedule.on_epoch_begin(epoch)

    def end_epoch(self, epoch: int, figures: Mapping[str, Mapping[str, Any]]) -> None:
        """In `on_epoch_end`.

        Args:
            epoch: from 0.
            figures: each copy's, as logs.
        """
        for one in self._copies.copies[1:] if any(self._schedules.values()) else ():
            with self._copies.entered(one):
                for schedule in self._schedules[one.name]:
                    schedule.on_epoch_end(epoch, dict(figures[one.name]))

    # === For checkpoints ===
    def get_state(self) -> dict[str, list[dict[str, Any]]]:
        """What they remember, as plain values."""
        return {
            name: [{key: getattr(each, key) for key in _STATE if hasattr(each, key)} for each in schedules]
            for name, schedules in self._schedules.items()
        }

    def set_state(self, state: Mapping[str, list[dict[str, Any]]]) -> None:
        """Puts back what `get_state` gave."""
        for name, schedules in self._schedules.items():
            for each, values in zip(schedules, state[name], strict=True):
                vars(each).update(values)


def _like(callback):
    another = copy.copy(callback)
    another.verbose = 0  # the first copy's says what happens
    another.on_train_begin()
    return another
