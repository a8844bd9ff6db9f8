"""Recipes: model + data + settings = a result that can be repeated. One file per kind of task."""

from dataclasses import replace

from ..data import list_data
from ..errors import unknown_name
from ..registry import model_entry
from . import digits, neurons, photographs, series
from .recipe import Measured, Recipe

_ALL = (*digits.RECIPES, *photographs.RECIPES, *neurons.RECIPES, *series.RECIPES)
_RECIPES = {recipe.name: recipe for recipe in _ALL}

__all__ = ["Measured", "Recipe", "find_recipe", "get_recipe", "list_recipes"]


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


def find_recipe(model: str, data: str | None = None) -> Recipe:
    """The recipe that fits `model` to `data`.

    Where nobody has written one for just this pair, the model's first recipe serves with the data exchanged, and
    promises no result. Without `data`, it is the model's first recipe as it stands.

    Raises:
        ValueError: if there is no such model, or nothing in it to fit.
    """
    model_entry(model)
    own = [recipe for recipe in _RECIPES.values() if recipe.model == model]
    if not own:
        raise ValueError(f"{model} has fixed weights: there is nothing to fit. See: gradschool models {model}")
    if data is None:
        return own[0]
    exact = [recipe for recipe in own if recipe.data == data]
    if exact:
        return exact[0]
    no_images = str(data).endswith(".csv") or any(
        known.name == data and len(known.input_shape) != 3 for known in list_data()
    )
    augment = {} if no_images else own[0].augment
    return replace(own[0], name=f"{model} on {data}", data=data, augment=augment, measured=None)
