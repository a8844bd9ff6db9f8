"""The views of `gradschool inspect` that show a model images: what it finds in them, and what its answers rest on."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

import numpy as np

from ..tables import rows_table
from .class_scores import chosen_classes, model_outputs
from .feature_maps import feature_maps, layers_with_maps
from .grad_cam import grad_cam, layer_of_maps
from .layer_access import check_units, find_layer
from .layer_table import layer_table
from .most_activating import most_activating
from .occlusion import occlusion
from .shift import shift_accuracy
from .subject import Images, Subject
from .view import View, Wishes, some_images


def maps(subjects: Sequence[Subject], wishes: Wishes, images: Callable[[], Images]) -> View:
    """Where in one image the units of the layers find what they look for."""
    from ..pictures.feature_maps import draw_feature_maps

    (subject,) = subjects
    layer = wishes.layer and layer_of_maps(subject.model, wishes.layer)
    if not layer and not layers_with_maps(subject.model):
        raise ValueError(f"no layer of {subject.name} gives maps.")
    shown = some_images(images(), wishes, 1)
    found = {name: one[0] for name, one in feature_maps(subject.model, shown.images, layer).items()}
    if layer:
        found = {layer: found[layer][..., check_units(wishes.units, found[layer].shape[-1], layer)]}
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
    shown = some_images(images(), wishes, 6)
    classes = subject.class_number(wishes.explained)
    heats = occlusion(subject.model, shown.images, classes, wishes.size)
    return _heat_view(subject, shown, classes, heats, "drop when covered")


def cam(subjects: Sequence[Subject], wishes: Wishes, images: Callable[[], Images]) -> View:
    """Where in an image the last maps find what speaks for a class."""
    (subject,) = subjects
    layer = layer_of_maps(subject.model, wishes.layer)
    classes = subject.class_number(wishes.explained)
    shown = some_images(images(), wishes, 6)
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

    shown = some_images(images(), wishes, None)
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


def _last_convolution(model) -> str:
    """The last convolution, or else the first layer with weights."""
    rows = [row for row in layer_table(model) if row.parameters]
    if not rows:
        raise ValueError(f"{model.name} has no layer with weights.")
    return next((row.name for row in reversed(rows) if row.kind == "convolution"), rows[0].name)
