"""Counting what the units of a model's layers do in every training step of a fit, and on a probe set.

Whose units are they? A layer with weights has its units wherever it is called: one that fires in any call has fired.
An activation layer without weights has none of its own: often one object serves many places of a model. Each place is
counted by itself, as `relu`, `relu:2` and so on, in the order in which the layer or model around it calls them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops

from ..keras_internals import FitSession, LayerCall, LayerWatch, number_of_replicas, step_variable
from .counts import Counter, UnitCount
from .layers import UnitLayer

_NOT_CALLED = -1.0  # where flags of one replica start: dead units are told from those of a layer that was not called


@dataclass(eq=False)
class Place:
    """One group of units.

    Args:
        name: of the layer, with the number of the call where there are several.
        layer: that gives the outputs.
        counter: what is counted.
    """

    name: str
    layer: UnitLayer
    counter: Counter
    variables: list[Any] = field(default_factory=list, repr=False)
    called: bool = False  # in a training step, or while one was traced


class UnitWatch:
    """Counts until the fit ends.

    Args:
        fit: in which it counts.
        layers: whose units are counted.
        frequency: whether firings are counted; see `counts.Counter` for this and the next two.
        margin: how near to a limit is near.
        most: of how many outputs for each unit in each batch, at least.
    """

    def __init__(self, fit: FitSession, layers: Sequence[UnitLayer], frequency: bool, margin: float, most: int | None):
        self._fit, self._frequency, self._margin, self._most = fit, frequency, margin, None if frequency else most
        self._layers: dict[int, list[UnitLayer]] = {}
        for one in layers:
            self._layers.setdefault(id(one.node.operation), []).append(one)
        self._places: dict[Any, Place] = {}
        self._starts_at = _NOT_CALLED if number_of_replicas(fit.model) == 1 else 0.0
        self._watch = LayerWatch(fit, [one.node.operation for one in layers], [one.node.container for one in layers])
        calls: list[tuple[Place, int]] = []
        self._watch.symbolically(lambda call: calls.extend(self._found(call)))
        for place, units in calls:  # now, since checkpoints and copies of a training need all variables at the start
            self._make(place, units)
        self._watch.in_training(fit, self._count)

    # === In training steps ===
    def _count(self, call: LayerCall) -> None:
        for place, units in self._found(call):
            self._make(place, units)
            place.called = True
            place.counter.update(place.variables, _told_by(place.layer, call))

    def _found(self, call: LayerCall) -> list[tuple[Place, int]]:
        """The place that a call belongs to, with the number of its units; none if it has no units."""
        layers = self._layers[id(call.operation)]
        layer = next((one for one in layers if one.node.container is call.container), layers[0])
        if getattr(call.operation, "weights", None):
            key: Any = id(call.operation)
            number, layer = 0, layers[0]
        else:
            key, number = (id(call.operation), id(call.container), call.number), call.number
        if key not in self._places:
            counter = Counter(layer.limits, layer.axis, self._frequency, self._margin, self._most)
            self._places[key] = Place(self._new_name(layer.node.path, number), layer, counter)
        place = self._places[key]
        units = place.counter.units_of(_told_by(layer, call))
        return [] if units is None else [(place, units)]

    def _new_name(self, path: str, number: int) -> str:
        names = {one.name for one in self._places.values()}
        while (name := path if number == 0 else f"{path}:{number + 1}") in names:
            number += 1
        return name

    def _make(self, place: Place, units: int) -> None:
        if place.variables:
            return
        node, number = place.layer.node, len(self._fit.variables)
        owner = node.operation if hasattr(node.operation, "_seed_generators") else node.container
        for shape, dtype in place.counter.states(units):
            name = f"gradschool_units_{number + len(place.variables)}"
            place.variables.append(step_variable(self._fit, owner, shape, dtype, self._start(place), name))

    def _start(self, place: Place) -> float:
        return self._starts_at if place.counter.only_flags else 0.0

    # === Between steps ===
    def forget(self) -> None:
        """Begins to count anew."""
        for place in self._places.values():
            for one in place.variables:
                one.assign(np.full(one.shape, self._start(place), keras.backend.standardize_dtype(one.dtype)))

    def read(self) -> tuple[dict[str, tuple[UnitLayer, UnitCount]], dict[str, str]]:
        """What has been counted, by the names of places, in the order of the model; and where nothing was, and why."""
        counted, missing = {}, {}
        for place in self._in_order():
            if not place.called:
                continue
            states = [np.array(ops.convert_to_numpy(ops.convert_to_tensor(one))) for one in place.variables]
            count = place.counter.result(states)
            if count.outputs == 0 or (place.counter.only_flags and (states[0] < 0).all()):
                missing[place.name] = (
                    "nothing of it was counted in some epoch: no step called it, or, on JAX, a train_step of your own "
                    "does not hand on the non-trainable variables of its layers"
                )
            else:
                counted[place.name] = (place.layer, count)
        called = {id(place.layer.node.operation) for place in self._places.values() if place.called}
        never = [layers[0].node.path for key, layers in self._layers.items() if key not in called]
        return counted, missing | dict.fromkeys(never, "no training step has called it")

    def count_on(self, batches: Iterable[Any]) -> dict[str, UnitCount]:
        """Counts what the model does on other batches, in inference."""
        states: dict[Place, list[Any]] = {}

        def see(call: LayerCall) -> None:
            for place, units in self._found(call):
                if place not in states:
                    shapes = place.counter.states(units)
                    states[place] = [keras.Variable("zeros", shape, dtype, trainable=False) for shape, dtype in shapes]
                place.counter.update(states[place], _told_by(place.layer, call))

        for batch in batches:
            self._watch.in_inference(batch, see)
        return {
            place.name: place.counter.result([np.array(ops.convert_to_numpy(one.value)) for one in own])
            for place, own in states.items()
        }

    def _in_order(self) -> list[Place]:
        order = [id(one) for layers in self._layers.values() for one in layers]
        return sorted(self._places.values(), key=lambda place: order.index(id(place.layer)))


def _told_by(layer: UnitLayer, call: LayerCall):
    return call.inputs if layer.by_inputs else call.outputs
