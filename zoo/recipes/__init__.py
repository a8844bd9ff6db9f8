"""Recipes: model + data + settings = a result that can be repeated. One file per kind of task."""

import difflib
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...callbacks.near_names import what_there_is
from ..data import list_data
from ..data.catalogue import kind_of_file
from ..errors import unknown_name
from ..registry import model_entry
from . import digits, driving, imagenet, memory, neurons, photographs, series, texts, unsupervised
from .recipe import YOUR_OWN, Measured, Recipe

_ALL = (
    *digits.RECIPES,
    *photographs.RECIPES,
    *imagenet.RECIPES,
    *neurons.RECIPES,
    *memory.RECIPES,  # first of all those of their models: they need no file
    *series.RECIPES,
    *texts.RECIPES,
    *driving.RECIPES,
    *unsupervised.RECIPES,
)
_RECIPES = {recipe.name: recipe for recipe in _ALL}

__all__ = ["Measured", "Recipe", "chosen_recipe", "find_recipe", "get_recipe", "list_recipes"]


def list_recipes() -> list[str]:
    """The names of all recipes, in the order of the files."""
    return list(_RECIPES)


def get_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        ValueError: if there is none; names the nearest.
    """
    if name not in _RECIPES:
        raise unknown_name("recipe", name, _RECIPES)
    return _RECIPES[name]


def chosen_recipe(model: str, data: str | None = None, name: str | None = None) -> Recipe:
    """The recipe of that name, which has to be for `model` and `data`; without a name, that of `find_recipe`.

    Raises:
        ValueError: if there is no such recipe, with the model's own, or it is another model's or for other data.
    """
    if name is None:
        return find_recipe(model, data)
    model_entry(model)
    if name not in _RECIPES:
        raise _unknown_recipe(name, model)
    recipe = get_recipe(name)
    if recipe.model != model:
        raise ValueError(f"the recipe {name} is for the model {recipe.model}, not for {model}.")
    if recipe.data in YOUR_OWN and data is not None and _own_kind(data) == recipe.data:
        return replace(recipe, data=data, measured=None)
    if data not in (None, recipe.data):
        raise ValueError(f"the recipe {name} is for the data {recipe.data}, not for {data}.")
    return _with_data(recipe)


def _own_kind(data: str) -> str | None:
    """What a recipe calls a file or folder of the user's own; None for a data set's name."""
    if any(one.name == data for one in list_data()) or not Path(data).expanduser().exists():
        return None
    kind = kind_of_file(Path(data).expanduser())
    return next((name for name, one in YOUR_OWN.items() if one == kind), None)


def _with_data(recipe: Recipe) -> Recipe:
    """The recipe, which has to say what it learns from."""
    if recipe.data in YOUR_OWN:
        raise ValueError(f"{recipe.name} needs a file or folder of your own: name it by --data {recipe.data}.")
    return recipe


def _unknown_recipe(name: str, model: str) -> ValueError:
    """The error for a name that no recipe has: those of the model, the nearest first."""
    own = [recipe.name for recipe in _RECIPES.values() if recipe.model == model]
    if not own:
        return ValueError(f"unknown recipe of {model} {name!r}; it has none of its own: leave --recipe out.")
    nearest_first = difflib.get_close_matches(name, own, n=len(own), cutoff=0)
    return ValueError(f"unknown recipe of {model} {name!r}; {what_there_is(name, nearest_first)}")


def find_recipe(model: str, data: str | None = None) -> Recipe:
    """The recipe that fits `model` to `data`.

    Where nobody has written one for just this pair, another serves, with model or data exchanged, and promises no
    result: one for the same data of a model of the same class; else the first of the model itself, or of its class.
    Without `data`, it is the first as it stands. Pre-training belongs to the model: it is that of its own first recipe.

    Raises:
        ValueError: if there is no such model, nothing in it to fit, or no recipe that could serve.
    """
    entry = model_entry(model)
    own = [recipe for recipe in _RECIPES.values() if recipe.model == model]
    alike = [recipe for recipe in _RECIPES.values() if model_entry(recipe.model).target == entry.target]
    if not alike:
        if not entry.parameters:
            raise ValueError(f"{model} has fixed weights: there is nothing to fit. See: gradschool models {model}")
        raise ValueError(f"there is no recipe for {model} yet; in Python, zoo.create_model({model!r}).fit trains it.")
    kind = None if data is None else _own_kind(data)
    for recipe in (*own, *alike):
        if data is None or recipe.data in (data, kind):
            if data is not None and recipe.data == kind:
                recipe = replace(recipe, data=data, measured=None)
            if recipe.model == model:
                return _with_data(recipe)
            return replace(_for_another(recipe, model=model), pretrain=own[0].pretrain if own else {})
    return _for_another((own or alike)[0], model=model, data=str(data))


def _for_another(recipe: Recipe, model: str, data: str | None = None) -> Recipe:
    """The recipe with model and data exchanged, without what is for the old ones alone."""
    changes: dict[str, Any] = {"model": model, "name": f"{model} on {data or recipe.data}", "measured": None}
    if data is not None:
        no_images = _own_kind(data) is not None or any(
            known.name == data and len(known.input_shape) != 3 for known in list_data()
        )
        changes |= {"data": data, "data_options": {}, "augment": {} if no_images else recipe.augment}
    return replace(recipe, **changes)
