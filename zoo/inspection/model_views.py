"""The views of `gradschool inspect` that look at the model: its layers, what they see, and what they look for."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ..tables import calls_note, kinds_table, layers_table, rows_table
from .filters import filters, layers_with_filters
from .layer_access import check_units, find_layer
from .layer_kinds import layers_by_kind
from .layer_table import is_open, layer_table
from .measured_field import measured_field
from .receptive_field import ReceptiveField, receptive_fields
from .subject import Images, Subject
from .training_cost import training_cost
from .view import View, Wishes

MOST_FIELDS = 12  # receptive fields in one picture
MOST_NAMED = 5
WIDER = (
    "The effective size, four standard deviations of the influence, is larger than the field itself where the "
    "influence does not fall off towards its edge: 1.15 times as large where it is spread evenly"
)


def layers(subjects: Sequence[Subject], wishes: Wishes, images: Callable[[], Images]) -> View:
    """Every layer's parameters and multiply-adds, their shares, and what a unit sees of the image."""
    (subject,) = subjects
    rows = layer_table(subject.model)
    try:
        fields = {one.layer: one for one in receptive_fields(subject.model)}
    except ValueError:  # inputs without places, or of any size
        fields = {}
    kinds = layers_by_kind(rows)
    values: dict[str, Any] = {
        "model": subject.name,
        "layers": [
            {**asdict(row), **({"sees": _field_values(fields[row.name])} if row.name in fields else {})} for row in rows
        ],
        "kinds": [asdict(row) for row in kinds],
    }
    printed: list[Any] = [
        layers_table(rows, {name: "all" if one.whole_image else str(one) for name, one in fields.items()})
    ]
    if note := calls_note(rows):
        printed += ["", note]
    if is_open(subject.model):
        printed += ["", "multiply-adds of one step of a sequence: the model takes sequences of any length"]
    if kinds:
        printed += ["", kinds_table(rows)]
    if wishes.training:
        cost = training_cost(subject.model, *wishes.training)
        values["training_cost"] = asdict(cost)
        samples, epochs = wishes.training
        printed += [
            "",
            f"training for {epochs:,} epochs of {samples:,} samples: {cost.images:,} images, "
            f"{cost.operations:.3g} floating-point operations (2 x 3 x multiply-adds x images)",
        ]
    return View(values, printed)


def receptive_field(subjects: Sequence[Subject], wishes: Wishes, images: Callable[[], Images]) -> View:
    """What a unit of each layer sees of the image, and how much of that moves it."""
    (subject,) = subjects
    model = subject.model
    fields = receptive_fields(model)
    if wishes.layer is not None:
        find_layer(model, wishes.layer)
        fields = [one for one in fields if one.layer == wishes.layer]
        fields[0].box()  # an error, where nothing is known of the one that was asked for
    shown = images().images[: wishes.count or 32]
    drawn = [one for one in fields if not one.unknown and not one.flat]
    measured = {one.layer: measured_field(model, one.layer, shown) for one in drawn}
    rows, values = [], []
    for one in fields:
        found = measured.get(one.layer)
        row = {
            "layer": one.layer,
            "a unit sees": f"unknown: {one.unknown}" if one.unknown else str(one),
            "stride": "x".join(map(str, one.stride)) if any(one.stride) else "",
            "start": ", ".join(map(str, one.start)),
            "effective size": " x ".join(f"{size:.1f}" for size in found.effective_size) if found else "",
        }
        rows.append(row)
        seen = {"effective_size": found.effective_size, "support": found.support} if found else None
        values.append({"layer": one.layer, **_field_values(one), "measured": seen})
    printed: list[Any] = [rows_table(rows)]
    if wider := [one.layer for one in drawn if _is_wider(measured[one.layer].effective_size, one.size)]:
        printed += ["", f"{WIDER} (here: {', '.join(wider[:MOST_NAMED])}{', ...' if wider[MOST_NAMED:] else ''})."]
    figure = None
    if drawn and len(drawn[0].axes) == 2:
        from ..pictures.receptive_field import draw_receptive_fields

        chosen = some_fields(drawn)
        if len(chosen) < len(drawn):
            printed += ["", f"the picture shows {len(chosen)} of {len(drawn)} layers, whose fields differ"]
        figure = draw_receptive_fields(chosen, [measured[one.layer] for one in chosen])
    return View({"model": subject.name, "layers": values}, printed, figure)


def _is_wider(effective: Sequence[float], size: Sequence[int]) -> bool:
    return any(one > other for one, other in zip(effective, size, strict=True))


def some_fields(fields: Sequence[ReceptiveField], most: int = MOST_FIELDS) -> list[ReceptiveField]:
    """Fields to draw: one of each kind that there is, and of these so many, evenly over the depth, with both ends.

    Args:
        fields: of a model's layers, in order; many have the field of the layer before them, as an activation has.
        most: at least 2.
    """
    kinds: dict[Any, ReceptiveField] = {}
    for one in fields:
        kinds.setdefault(tuple((axis.first, axis.last, axis.step) for axis in one.axes), one)
    own = list(kinds.values())
    if len(own) <= most:
        return own
    return [own[round(place)] for place in np.linspace(0, len(own) - 1, most)]


def _field_values(one: ReceptiveField) -> dict[str, Any]:
    if one.unknown:
        return {"unknown": one.unknown}
    return {"size": one.size, "stride": one.stride, "start": one.start, "whole_image": one.whole_image}


def filter_images(subjects: Sequence[Subject], wishes: Wishes, images: Callable[[], Images]) -> View:
    """What the units of a layer look for: their weights as small images."""
    from ..pictures.filters import draw_filters

    (subject,) = subjects
    possible = layers_with_filters(subject.model)
    layer = wishes.layer or next(iter(possible), None)
    if layer is None:
        raise ValueError(f"no layer of {subject.name} has filters that are images.")
    found = filters(subject.model, layer)
    found = found[check_units(wishes.units, len(found), layer)]
    words = f"{layer}: {len(found)} filters of {'x'.join(map(str, found.shape[1:]))}"
    values = {"model": subject.name, "layer": layer, "filters": len(found), "shape": found.shape[1:]}
    return View(values, [words], draw_filters(found, layer))
