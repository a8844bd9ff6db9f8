"""The views of `gradschool inspect`: from a model and the user's wishes to what is printed and drawn."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ..tables import calls_note, kinds_table, layers_table, rows_table
from .class_scores import chosen_classes, model_outputs
from .feature_maps import feature_maps, layers_with_maps
from .filters import filters, layers_with_filters
from .grad_cam import grad_cam, layer_of_maps
from .layer_access import find_layer
from .layer_kinds import layers_by_kind
from .layer_table import layer_table
from .measured_field import measured_field
from .most_activating import most_activating
from .occlusion import occlusion
from .receptive_field import ReceptiveField, receptive_fields
from .shift import shift_accuracy
from .subject import Images, Subject
from .training_cost import training_cost


@dataclass(frozen=True)
class Wishes:
    """What the user asked for; None is the view's own choice.

    Args:
        layer: its name.
        units: their numbers.
        explained: name or number of the class to explain.
        count: how many images.
        sample: number of the first image.
        size: side of the patch that covers, in pixels.
        shifts: in pixels.
        training: samples and epochs of a training whose cost is wanted.
        whole: whether to show whole images in place of patches.
    """

    layer: str | None = None
    units: Sequence[int] | None = None
    explained: str | None = None
    count: int | None = None
    sample: int = 0
    size: int | None = None
    shifts: Sequence[int] = (0, 1, 2, 3, 4, 5, 6)
    training: tuple[int, int] | None = None
    whole: bool = False


@dataclass(frozen=True)
class View:
    """What a view found.

    Args:
        values: as JSON has them.
        printed: tables and lines.
        figure: the picture, if there is one.
    """

    values: dict[str, Any]
    printed: list[Any] = field(default_factory=list)
    figure: Any = None


MOST_FIELDS = 12  # receptive fields in one picture
MOST_NAMED = 5
WIDER = (
    "The effective size, four standard deviations of the influence, is larger than the field itself where the "
    "influence does not fall off towards its edge: 1.15 times as large where it is spread evenly"
)
Look = Callable[[Sequence[Subject], Wishes, Callable[[], Images]], View]


# === The model alone ===
def layers(subjects: Sequence[Subject], wishes: Wishes, images: Callable[[], Images]) -> View:
    """Every layer's parameters and multiply-adds, their shares, and what a unit sees of the image."""
    (subject,) = subjects
    rows = layer_table(subject.model)
    try:
        fields = {one.layer: one for one in receptive_fields(subject.model)}
    except ValueError:  # inputs without places
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
    found = found[_units(wishes, len(found), layer)]
    words = f"{layer}: {len(found)} filters of {'x'.join(map(str, found.shape[1:]))}"
    values = {"model": subject.name, "layer": layer, "filters": len(found), "shape": found.shape[1:]}
    return View(values, [words], draw_filters(found, layer))


# === With images ===
def maps(subjects: Sequence[Subject], wishes: Wishes, images: Callable[[], Images]) -> View:
    """Where in one image the units of the layers find what they look for."""
    from ..pictures.feature_maps import draw_feature_maps

    (subject,) = subjects
    layer = wishes.layer and layer_of_maps(subject.model, wishes.layer)
    if not layer and not layers_with_maps(subject.model):
        raise ValueError(f"no layer of {subject.name} gives maps.")
    shown = _some(images(), wishes, 1)
    found = {name: one[0] for name, one in feature_maps(subject.model, shown.images, layer).items()}
    if layer:
        found = {layer: found[layer][..., _units(wishes, found[layer].shape[-1], layer)]}
    rows = [
        {
            "layer": name,
            "maps": "x".join(map(str, one.shape)),
            "mean": f"{one.mean():.3g}",
            "largest": f"{one.max():.3g}",
            "zeros": f"{np.mean(one == 0):.0%}",
        }
        for name, one in found.items()
    ]
    values = {
        "model": subject.name,
        "image": shown.names[0],
        "layers": [
            {"layer": name, "shape": one.shape, "mean": float(one.mean()), "largest": float(one.max())}
            for name, one in found.items()
        ],
    }
    return View(values, [rows_table(rows)], draw_feature_maps(shown.images[0], found))


def activating(subjects: Sequence[Subject], wishes: Wishes, images: Callable[[], Images]) -> View:
    """The images that make the units of a layer answer most, and what they saw there."""
    from ..pictures.most_activating import draw_most_activating

    (subject,) = subjects
    layer = wishes.layer or _last_convolution(subject.model)
    find_layer(subject.model, layer)  # a wrong name is said before any data are loaded
    searched = images()
    found = most_activating(subject.model, searched.images, layer, wishes.units, wishes.count or 9)
    rows = [
        {
            "unit": str(one.unit),
            "largest": f"{one.values[0]:.3g}",
            "images": " ".join(map(str, one.indices)),
            "they show": " ".join(searched.names[index] for index in one.indices),
        }
        for one in found
    ]
    values = {"model": subject.name, "layer": layer, "searched": len(searched.images), "units": []}
    values["units"] = [
        {
            "unit": one.unit,
            "images": one.indices.tolist(),
            "values": one.values.tolist(),
            "boxes": one.boxes,
            "names": [searched.names[index] for index in one.indices],
        }
        for one in found
    ]
    words = f"{layer}, {len(searched.images):,} images searched ({searched.source})"
    return View(values, [words, rows_table(rows)], draw_most_activating(found, searched.images, wishes.whole))


def occluded(subjects: Sequence[Subject], wishes: Wishes, images: Callable[[], Images]) -> View:
    """By how much covering each part of an image lowers the score of a class."""
    (subject,) = subjects
    shown = _some(images(), wishes, 6)
    classes = subject.class_number(wishes.explained)
    heats = occlusion(subject.model, shown.images, classes, wishes.size)
    return _heat_view(subject, shown, classes, heats, "drop when covered")


def cam(subjects: Sequence[Subject], wishes: Wishes, images: Callable[[], Images]) -> View:
    """Where in an image the last maps find what speaks for a class."""
    (subject,) = subjects
    layer = layer_of_maps(subject.model, wishes.layer)
    classes = subject.class_number(wishes.explained)
    shown = _some(images(), wishes, 6)
    heats = grad_cam(subject.model, shown.images, layer, classes)
    return _heat_view(subject, shown, classes, heats, f"grad-cam, {layer}")


def _heat_view(subject: Subject, shown: Images, classes: int | None, heats: np.ndarray, what: str) -> View:
    from ..pictures.heat_maps import draw_heat_maps

    outputs = model_outputs(subject.model, shown.images)
    chosen, names = chosen_classes(outputs, classes), subject.class_names()
    rows, values = [], []
    for name, heat, answer, one in zip(shown.names, heats, outputs, chosen, strict=True):
        row, column = (int(place) for place in np.unravel_index(heat.argmax(), heat.shape))
        scores = {"score": float(answer[one]), "largest": float(heat.max())}
        values.append({"image": name, "class": names[one], **scores, "row": row, "column": column})
        texts = {key: f"{value:.3g}" for key, value in scores.items()}
        rows.append({"image": name, "class": names[one], **texts, "at row, column": f"{row}, {column}"})
    titles = [f"{name}: why {names[one]}?" for name, one in zip(shown.names, chosen, strict=True)]
    height, width = heats.shape[1:]
    figure = draw_heat_maps(shown.images, heats, titles, what)
    result = {"model": subject.name, "map": what, "map_shape": [height, width], "images": values}
    return View(result, [f"{what}, maps of {height}x{width}", rows_table(rows)], figure)


def shifts(subjects: Sequence[Subject], wishes: Wishes, images: Callable[[], Images]) -> View:
    """The accuracy on images that have moved by so many pixels, of one model or of several."""
    from ..pictures.shift import draw_shift

    shown = _some(images(), wishes, None)
    if shown.labels is None:
        raise ValueError("the shift test needs images whose class is known: name data with --data, not --image.")
    models = {subject.name: subject.model for subject in subjects}
    curves = shift_accuracy(models, shown.images, shown.labels, wishes.shifts)
    rows = [
        {
            "model": one.model,
            "parameters": f"{one.parameters:,}",
            **{f"{shift} px": f"{100 * value:.2f}" for shift, value in zip(one.shifts, one.accuracies, strict=True)},
        }
        for one in curves
    ]
    words = f"accuracy in % on {len(shown.images):,} images ({shown.source}), moved up, down, left and right"
    values = {"images": len(shown.images), "data": shown.source, "models": [asdict(one) for one in curves]}
    return View(values, [words, rows_table(rows)], draw_shift(curves))


VIEWS: Mapping[str, Look] = {
    "layers": layers,
    "receptive-field": receptive_field,
    "filters": filter_images,
    "feature-maps": maps,
    "most-activating": activating,
    "occlusion": occluded,
    "grad-cam": cam,
    "shift": shifts,
}


def _some(found: Images, wishes: Wishes, count: int | None) -> Images:
    """So many of the images, from the wished one on."""
    if wishes.sample >= len(found.images):
        raise ValueError(f"--sample must be from 0 to {len(found.images) - 1} ({found.source}); got {wishes.sample}.")
    count = wishes.count or count
    part = slice(wishes.sample, None if count is None else wishes.sample + count)
    labels = None if found.labels is None else found.labels[part]
    return Images(found.images[part], found.names[part], labels, found.source)


def _units(wishes: Wishes, there_are: int, layer: str) -> list[int]:
    units = range(there_are) if wishes.units is None else wishes.units
    for unit in units:
        if not 0 <= unit < there_are:
            raise ValueError(f"units of {layer} are numbered from 0 to {there_are - 1}; got {unit}.")
    return list(units)


def _last_convolution(model) -> str:
    """The last convolution, or else the first layer with weights."""
    rows = [row for row in layer_table(model) if row.parameters]
    if not rows:
        raise ValueError(f"{model.name} has no layer with weights.")
    return next((row.name for row in reversed(rows) if row.kind == "convolution"), rows[0].name)
