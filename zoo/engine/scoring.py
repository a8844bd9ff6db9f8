"""A trained model measured on data: its own, or other."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..data import data_identity, load_data
from ..data.catalogue import draws_test_part
from ..data.description import EVERY_STEP
from ..errors import unknown_name
from ..layers.losses import get_loss
from ..layers.metrics import get_metrics, metrics_for
from .evaluation import errors_in_units, predict_test, score
from .opening import Trained
from .preparing import check_inputs, targets_for
from .results import TRANSLATED
from .run_folder import TOKENIZERS

PARTS = ("train", "validation", "test")

# Options that decide which samples are in which part, of data where neither the seed nor a fold does.
_SPLITTING = (
    *("validation_share", "log", "skip", "repeats", "gaps", "allow_gaps", "dates"),
    *("days", "samples", "drives", "speakers"),
)
_NEW_DATA = ("data_seed", "series_seed", "road_seed")  # with another of these, nothing is what was trained on


def measure_trained(
    trained: Trained,
    data: str | None = None,
    data_dir: Path | None = None,
    part: str = "test",
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Loss and metrics of a trained model on one part of a data set, named as `metrics.json` has them.

    Values are standardised as those that the model was trained on, whatever mean and deviation the data have.

    Args:
        trained: the model, as `open_model` gives it.
        data: a data set in place of its own.
        data_dir: folder of prepared data sets.
        part: "train", "validation" or "test"; of its own data, the very parts it was trained with.
        options: further arguments of `load_data`.

    Returns:
        By the part's name its figures, BLEU of a translation among them; of values to predict in the test part,
        "test_in_units" as well, beside naive forecasts.

    Raises:
        ValueError: if the data are unknown, of another shape, or of other classes, or if options might put samples
            that the model has learned from into another part.
    """
    loaded = _load(trained, data, data_dir, part, options)
    measured: dict[str, Any] = {part: score(trained.model, loaded.evaluation(part))}
    task = getattr(trained.model, "task", loaded.description.task)
    if task == "translation":
        from ..generation.bleu import translation_results

        measured[part] |= translation_results(trained.model, loaded, part, most=TRANSLATED).scores
    elif task == "regression" and loaded.description.outputs and part == "test":
        predictions = predict_test(trained.model, loaded)
        measured["test_in_units"] = errors_in_units(predictions, loaded.description, loaded.baselines)
    return measured


def _load(trained: Trained, data: str | None, data_dir: Path | None, part: str, options: Mapping[str, Any] | None):
    """The data on which a model is to be measured, which is compiled then."""
    if part not in PARTS:
        raise unknown_name("part", part, PARTS)
    own = data is None or data_identity(data) == trained.data
    name = trained.data if data is None else data
    if name is None:
        raise ValueError("this file does not say what it was trained on; name the data with --data.")
    if own:
        _check_split(trained, name, options or {})
    recipe = trained.recipe
    split = {**(trained.split if own else {}), **(options or {}), "targets": targets_for(trained.model)}
    loaded = load_data(name, data_dir=data_dir, batch_size=recipe.get("batch_size", 128), **split)
    if not loaded.description.samples[part]:
        raise ValueError(f"{name} has no {part} part.")
    _check_fit(trained, loaded.description)
    values = loaded.description.outputs if split["targets"] == "labels" else ()
    if values and trained.outputs and values != trained.outputs:
        loaded.standardise_as(trained.outputs, trained.input_scales)  # the model's answers are in no other scale
    if not trained.model.compiled:
        if not recipe and trained.model.output_shape[-1] < 2:
            raise ValueError("this model was saved without its loss; compile it before saving, or name a run folder.")
        names = metrics_for(recipe.get("metrics", ["accuracy"]), loaded.description.classes)
        metrics = get_metrics(names, per_step=loaded.description.task in EVERY_STEP)
        loss = get_loss(recipe.get("loss", "cross_entropy"), recipe.get("label_smoothing", 0.0))
        trained.model.compile(loss=loss, metrics=metrics)
    return loaded


def _check_split(trained: Trained, name: str, options: Mapping[str, Any]) -> None:
    changed = [option for option, value in options.items() if trained.split.get(option) != value]
    if not set(changed).isdisjoint(_NEW_DATA):
        return
    if deciding := changed if draws_test_part(name) else [option for option in changed if option in _SPLITTING]:
        raise ValueError(
            f"{', '.join(deciding)}: with other options, other samples of {name} would test, some of which the model "
            "has learned from. Leave them out."
        )


def _check_fit(trained: Trained, description) -> None:
    check_inputs(trained.model, description)
    for kind in TOKENIZERS:
        theirs, ours = (getattr(one, f"{kind}_tokenizer") for one in (description, trained))
        if theirs is not None and ours is not None and not theirs.has_tokens_of(ours):
            raise ValueError(
                f"{description.name} makes other tokens of its text than {trained.data}, from which the model has "
                "learned: it would read nonsense. Fit it to these data."
            )
    units, others = ([one.unit for one in outputs] for outputs in (trained.outputs, description.outputs))
    if units and others and units != others:
        raise ValueError(
            f"the model predicts {', '.join(units)}; the values of {description.name} are {', '.join(others)}."
        )
    gives = trained.model.output_shape[-1]
    if getattr(trained.model, "task", "classification") not in ("classification", "tagging"):
        return  # no classes to compare
    if description.classes and gives > 1 and gives != description.classes:
        raise ValueError(f"the model tells {gives} classes apart; {description.name} has {description.classes}.")
    names = list(description.class_names or [])
    if trained.class_names and names and names != trained.class_names:
        raise ValueError(
            f"the model's classes are {', '.join(trained.class_names)}; those of {description.name} are "
            f"{', '.join(names)}."
        )
