"""Recipes name things that exist, and adapt to other data without promising anything."""

import json

import pytest

from gradschool.zoo.data import list_data
from gradschool.zoo.engine.optimizers import get_optimizer
from gradschool.zoo.layers.losses import get_loss
from gradschool.zoo.recipes import Recipe, find_recipe, get_recipe, list_recipes
from gradschool.zoo.registry import list_models, model_entry


@pytest.mark.parametrize("name", list_recipes())
def test_a_recipe_names_what_exists(name):
    recipe = get_recipe(name)
    model_entry(recipe.model)
    assert recipe.data in {description.name for description in list_data()}
    get_loss(recipe.loss)
    get_optimizer(recipe.optimizer, recipe.learning_rate, 10, recipe.schedule)
    assert Recipe(**json.loads(json.dumps(recipe.settings()))).settings() == recipe.settings()


def test_every_model_that_can_learn_has_a_recipe():
    without = [name for name in list_models() if not any(get_recipe(r).model == name for r in list_recipes())]
    assert without == ["mcculloch_pitts"]


def test_the_first_recipe_of_a_model_needs_no_network():
    """It is what `gradschool fit MODEL` runs."""
    kinds = {description.name: description.kind for description in list_data()}
    for name in list_models():
        if name != "mcculloch_pitts":
            assert kinds[find_recipe(name).data] in ("embedded", "generated")


def test_other_data_take_over_the_settings_but_not_the_result():
    recipe = find_recipe("lenet5", "fashion_mnist")
    assert recipe.data == "fashion_mnist"
    assert recipe.epochs == find_recipe("lenet5").epochs
    assert recipe.measured is None


def test_measured_results_stand_beside_a_command_that_names_the_recipe():
    for name in list_recipes():
        recipe = get_recipe(name)
        if recipe.measured:
            assert recipe.measured.command.startswith(f"gradschool fit {recipe.model} --data {recipe.data}")
            assert 0 <= recipe.measured.spread < recipe.measured.mean


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1; got 0"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"learning_rate": 0.0}, "learning_rate must be a positive number"),
        ({"learning_rate": float("inf")}, "learning_rate must be a positive number"),
        ({"schedule": "linear"}, "schedule must be one of constant, cosine"),
    ],
)
def test_settings_out_of_range(change, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**{"name": "r", "model": "mlp", "data": "digits", "epochs": 1, **change})


def test_unknown_recipes():
    with pytest.raises(ValueError, match="did you mean 'lenet5_mnist'"):
        get_recipe("lenet5_mnits")
