"""The trained model that a recipe's own begins with: `--from` of the command line."""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from ..data import data_identity
from ..data.catalogue import draws_test_part
from ..models.base import WITHOUT_LABELS
from ..recipes import Recipe
from ..registry import create_model, list_models, model_class, model_entry
from ..transfer_learning import freeze, head_of, take_features
from .opening import Trained, open_model
from .run_folder import TOKENIZERS

_NOT_TAKEN = ("name", "trainable", "frozen", "dtype", "input_shape", "classes")


@dataclass(frozen=True)
class Start:
    """A trained model, and what is taken of it.

    Args:
        source: the model.
        head: whether its head is taken too.
        words: that say so.
    """

    source: keras.Model
    head: bool
    words: str


def open_start(recipe: Recipe, description, fold: tuple[int, int] | None = None) -> Start | None:
    """The model that the recipe begins with; None if it begins with random weights.

    Args:
        recipe: whose `start` is a preset, a run folder, a `.keras` file, or the path of `keras.applications`' weights.
        description: of the data.
        fold: of a cross-validation.

    Raises:
        ValueError: if there is no such model, it is of another kind or variant than the recipe's, it learned from
            pixels that are scaled otherwise, or it may have learned from samples that the recipe tests.
        FileNotFoundError: if there is no such file.
    """
    if recipe.start is None:
        return None
    trained = _open(recipe)
    cls = model_class(recipe.model)
    if type(trained.model) is not cls:
        raise ValueError(
            f"{recipe.start} is of the class {type(trained.model).__name__}, and {recipe.model} of {cls.__name__}: "
            "features can be taken from a model of the same kind."
        )
    _check_variant(trained, recipe)
    _check_pixels(trained, recipe)
    _check_unseen(trained, recipe, fold)
    _check_tokens(trained, recipe, description)
    answers = trained.model.output_shape[-1]
    same = trained.data == data_identity(recipe.data) and answers == (description.classes or answers)
    head = same or cls.task in WITHOUT_LABELS  # whose last layer knows nothing of classes
    name = head_of(trained.model).name if recipe.freeze or not head else ""
    taken = "all its weights" if head else f"all its weights but those of {name}"
    frozen = f"; only {name} learns" if recipe.freeze else ""
    return Start(trained.model, head, f"beginning with {recipe.start}: {taken}{frozen}{_doubt(trained, recipe)}")


def check_starts(runs: Iterable[tuple[Recipe, tuple[int, int] | None]]) -> None:
    """Refuses runs that would be tested on samples which the model that they begin with may have learned from.

    Args:
        runs: recipes, all with the same `start`, and the fold of each.

    Raises:
        ValueError: as `open_start`, which tells of one run only when the others may have been trained.
    """
    trained = None
    for recipe, fold in runs:
        if recipe.start is not None:
            trained = trained or _open(recipe)
            _check_unseen(trained, recipe, fold)


def _check_unseen(trained: Trained, recipe: Recipe, fold: tuple[int, int] | None) -> None:
    """Refuses a model that learned from the same data, of which it had another test part set aside."""
    if trained.data != data_identity(recipe.data) or not draws_test_part(recipe.data):
        return
    theirs, ours = (trained.split["seed"], trained.split["fold"]), (recipe.seed, fold and tuple(fold))
    if theirs != ours:
        its_own, other = (f"seed {seed}{f' and fold {one}' if one else ''}" for seed, one in (theirs, ours))
        raise ValueError(
            f"{recipe.start} has learned from {recipe.data}, of which {its_own} set its test part aside; {other} would "
            f"test on other samples, some of which it has learned from. Fit with {its_own} (--seed {theirs[0]}), or "
            "begin with a model that has learned from other data."
        )


def _doubt(trained: Trained, recipe: Recipe) -> str:
    """Words on a validation part that is drawn from samples which the model that is begun with has learned from."""
    theirs = {name: value for name, value in trained.split.items() if name != "fold"}
    if trained.data != data_identity(recipe.data) or theirs == {"seed": recipe.seed, **recipe.data_options}:
        return ""
    return "; careful: it has learned from some of the validation samples, so that they look better than they are"


def _check_variant(trained: Trained, recipe: Recipe) -> None:
    """Refuses a model of another variant's make, such as a residual network for a plain one.

    One of the same name may have been trained with other arguments: they are taken over.
    """
    entries = {
        one.name: one for one in map(model_entry, list_models()) if one.target == model_entry(recipe.model).target
    }
    if trained.model.name == recipe.model or trained.model.name not in entries:
        return
    parameters = inspect.signature(type(trained.model).__init__).parameters
    ours, theirs = {**entries[recipe.model].config, **recipe.model_config}, trained.model.get_config()
    for name in sorted({key for one in entries.values() for key in one.config} - {*_NOT_TAKEN}):
        wanted = ours.get(name, parameters[name].default)
        if _plain(wanted) != _plain(theirs[name]):
            raise ValueError(
                f"{recipe.start} is a {trained.model.name} with {name}={theirs[name]!r}, and {recipe.model} has "
                f"{name}={wanted!r}: begin with a model of the same make, or fit {trained.model.name}."
            )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _check_tokens(trained: Trained, recipe: Recipe, description) -> None:
    """Refuses features that were learned of other tokens: the same numbers would stand for other words."""
    for kind in TOKENIZERS:
        theirs, ours = (getattr(one, f"{kind}_tokenizer") for one in (trained, description))
        if ours is not None and (theirs is None or theirs.to_json() != ours.to_json()):
            raise ValueError(
                f"{recipe.start} has learned of other tokens than {recipe.data} has, so its numbers stand for other "
                "pieces of text: begin with a model that has learned from the same text, or without one."
            )


def _check_pixels(trained: Trained, recipe: Recipe) -> None:
    """Refuses settings by which learned features would be shown other pixels than those they learned from."""
    learned = getattr(trained.model, "input_scaling", None)
    asked = recipe.model_config.get("input_scaling", learned)
    if learned is not None and (asked or "none") != learned:
        raise ValueError(
            f"{recipe.start} has learned with input_scaling={learned!r}, and the recipe has {asked!r}: leave "
            "input_scaling out of model_config (--set), and pixels are scaled as the learned features need them."
        )


def _open(recipe: Recipe) -> Trained:
    path = Path(str(recipe.start))
    if path.suffix == ".h5":
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {path} to begin with (--from).")
        from ..models.keras_applications import from_keras_applications

        return Trained(from_keras_applications(path, recipe.model), None, [], {})
    return open_model(str(recipe.start))


def make_model(recipe: Recipe, description, start: Start | None) -> keras.Model:
    """The recipe's model in the size that the data ask for, with the weights that it begins with.

    Whatever the recipe does not say of the model is as in the one that it begins with.

    Raises:
        ValueError: if the weights do not fit.
    """
    config: dict[str, Any] = model_class(recipe.model).config_for(description, **recipe.model_config)
    if start is None:
        return create_model(recipe.model, **config)
    theirs = {key: value for key, value in start.source.get_config().items() if key not in _NOT_TAKEN}
    model = create_model(recipe.model, **{**theirs, **config})
    take_features(model, start.source, start.head)
    if recipe.freeze:
        freeze(model)
    return model
