"""The trained model that a recipe's own begins with: `--from` of the command line."""

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from ..data import data_identity
from ..data.catalogue import source_of
from ..recipes import Recipe
from ..registry import create_model, model_class
from ..transfer_learning import freeze, head_of, take_features
from .opening import Trained, open_model

_ANSWER_WITH_IMAGES = ("reconstruction", "generation")  # tasks whose last layer knows nothing of classes
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
        ValueError: if there is no such model, or it is of another kind than the recipe's.
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
    answers = trained.model.output_shape[-1]
    same = trained.data == data_identity(recipe.data) and answers == (description.classes or answers)
    head = same or cls.task in _ANSWER_WITH_IMAGES
    name = head_of(trained.model).name if recipe.freeze or not head else ""
    taken = "all its weights" if head else f"all its weights but those of {name}"
    frozen = f"; only {name} learns" if recipe.freeze else ""
    seen = ", some of which it may have learned from: its own test part was drawn otherwise"
    careful = f". Careful: it is tested on samples of {recipe.data}{seen}" if _saw_others(trained, recipe, fold) else ""
    return Start(trained.model, head, f"beginning with {recipe.start}: {taken}{frozen}{careful}")


def _saw_others(trained: Trained, recipe: Recipe, fold: tuple[int, int] | None) -> bool:
    """Whether a model learned from the same data, in which a seed or a fold draws the test part, and drew another."""
    if trained.data != data_identity(recipe.data) or "fold" not in inspect.signature(source_of(recipe.data)).parameters:
        return False
    return (trained.recipe.get("seed", 0), trained.fold) != (recipe.seed, fold and tuple(fold))


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
