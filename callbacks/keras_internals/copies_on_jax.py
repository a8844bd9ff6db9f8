"""How the values of several copies of a model travel through Keras's training loop on JAX.

There, a step is a function of values:

    logs, (trainable, non-trainable, optimizer's, metrics') = train_step((trainable, ...), batch)

and the loop takes them from the variables before the first step of an epoch, and puts them back behind the last. The
copies' values are appended to the metrics', which training and evaluation both hand on.
"""

from collections.abc import Callable
from typing import Any

import keras

from .fit_session import FitSession


class Carried:
    """The variables of all copies but the first, and of what records them, as part of the state.

    Args:
        copies: the `TrainingCopies`.
        fit: in which they train.
        record: see there.
    """

    def __init__(self, copies, fit: FitSession, record: Any):
        self._copies, self._model, self._record = copies, fit.model, record
        own = {id(one) for one in copies._shared}
        found = [twin for one in copies.copies for _, twin in one.pairs]
        found += [one for each in copies.copies[1:] for one in each.optimizer.variables if id(one) not in own]
        self._variables = found + (record.variables if record else [])
        for name in ("_get_jax_state", "jax_state_sync", "_get_state_sharding_spec", "_enforce_jax_state_sharding"):
            if hasattr(fit.model, name):
                fit.override(name, getattr(self, name))

    # === In place of the model's ===
    def _get_jax_state(self, purge_model_variables: bool = False, **which) -> tuple[Any, ...]:
        model = self._model
        state = type(model)._get_jax_state(model, purge_model_variables=purge_model_variables, **which)
        if not which.get("metrics_variables"):
            return state
        carried = [one.value for one in self._variables]
        if purge_model_variables:  # their values are given away to the step
            for one in self._variables:
                one._value = None
        return (*state[:-1], state[-1] + carried)

    def jax_state_sync(self) -> None:
        model = self._model
        state = getattr(model, "_jax_state", None)
        if state and not model._jax_state_synced and "metrics_variables" in state:
            carried = state["metrics_variables"][len(model.metrics_variables) :]
            for variable, value in zip(self._variables, carried, strict=False):
                variable.assign(value)
        type(model).jax_state_sync(model)

    def _get_state_sharding_spec(self) -> tuple[Any, ...]:
        spec = type(self._model)._get_state_sharding_spec(self._model)
        return (*spec[:-1], spec[-1] + [one.value.sharding for one in self._variables])

    @staticmethod
    def _enforce_jax_state_sharding(
        trainable_variables=None, non_trainable_variables=None, optimizer_variables=None, metrics_variables=None
    ):
        """Where Keras 3.10 wants the results of a step to lie; it only knows the model's own."""
        lists = (trainable_variables, non_trainable_variables, optimizer_variables, metrics_variables)
        return tuple(one or [] for one in lists)

    # === Steps ===
    def steps(self) -> dict[str, Callable]:
        """What takes the place of the model's `train_step` and `test_step`."""
        return {kind: self._step(kind, getattr(self._model, f"{kind}_step")) for kind in ("train", "test")}

    def _step(self, kind: str, own: Callable) -> Callable:
        copies = self._copies
        record = self._record if kind == "train" else None

        def step(state, data):
            values = dict(zip(map(id, self._flat(kind, copies.copies[0])), _joined(state), strict=True))
            logs, seen = {}, []
            for one in copies.copies:
                copies.model.__dict__["optimizer"] = one.optimizer
                try:
                    lists = self._lists(kind, one)
                    given, new = own(tuple([values[id(each)] for each in some] for some in lists), data)
                finally:
                    copies.model.__dict__["optimizer"] = copies.copies[0].optimizer
                logs |= copies.named(one, given)
                for some, results in zip(lists, new, strict=True):
                    values.update(zip(map(id, some), results, strict=True))
                if record is not None:
                    metrics = [(each, values[id(one.of(each))]) for each in self._model.metrics_variables]
                    with keras.StatelessScope(metrics):
                        seen.append(record.observe())
            if record is not None:
                with keras.StatelessScope([(each, values[id(each)]) for each in record.variables]) as scope:
                    record.keep(seen)
                values.update((id(each), scope.get_current_value(each)) for each in record.variables)
            return logs, self._state(kind, values)

        return step

    def _lists(self, kind: str, one) -> list[list[Any]]:
        """The variables whose values make up a copy's state."""
        model = self._model
        lists = [model.trainable_variables, model.non_trainable_variables, model.metrics_variables]
        if kind == "train":
            lists.insert(2, one.optimizer.variables)
        return [[one.of(variable) for variable in some] for some in lists]

    def _flat(self, kind: str, first) -> list[Any]:
        return [*_joined(self._lists(kind, first)), *self._variables]

    def _state(self, kind: str, values: dict[int, Any]) -> tuple[list[Any], ...]:
        lists = self._lists(kind, self._copies.copies[0])
        lists[-1] = lists[-1] + self._variables
        return tuple([values[id(each)] for each in some] for some in lists)


def _joined(lists) -> list[Any]:
    return [each for some in lists for each in some]
