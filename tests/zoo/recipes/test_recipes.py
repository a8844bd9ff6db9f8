"""Recipes name things that exist, and adapt to other data without promising anything."""

import json

import pytest

from gradschool.zoo import recipes
from gradschool.zoo.data import list_data
from gradschool.zoo.engine.preparing import recipe_optimizer
from gradschool.zoo.layers.losses import get_loss
from gradschool.zoo.recipes import Recipe, chosen_recipe, find_recipe, get_recipe, imagenet, list_recipes
from gradschool.zoo.recipes.recipe import YOUR_OWN, complete_settings
from gradschool.zoo.registry import list_models, model_entry


@pytest.mark.parametrize("name", list_recipes())
def test_a_recipe_names_what_exists(name):
    recipe = get_recipe(name)
    model_entry(recipe.model)
    assert recipe.data in {description.name for description in list_data()} | set(YOUR_OWN)
    get_loss(recipe.loss, recipe.label_smoothing)
    recipe_optimizer(recipe, recipe.optimizer, recipe.learning_rate, steps=10)
    assert Recipe(**json.loads(json.dumps(recipe.settings()))).settings() == recipe.settings()


def test_every_model_that_can_learn_has_a_recipe_of_its_own_or_of_its_class():
    without = []
    for name in list_models():
        try:
            assert find_recipe(name).model == name
        except ValueError:
            without.append(name)
    assert without == ["mcculloch_pitts"]  # nothing to learn


def test_a_recipe_of_the_same_class_serves_and_promises_nothing():
    recipe = find_recipe("plain56", "fashion_mnist")
    assert (recipe.name, recipe.model, recipe.measured) == ("plain56 on fashion_mnist", "plain56", None)
    assert recipe.learning_rate == find_recipe("resnet20", "fashion_mnist").learning_rate
    assert find_recipe("resnet101").data_options == find_recipe("resnet50").data_options
    assert find_recipe("resnet18", "fashion_mnist").data_options == {}  # those of imagenet2012 are for it alone


def test_a_model_whose_class_has_no_recipe(monkeypatch):
    monkeypatch.setattr(recipes, "_RECIPES", {})
    with pytest.raises(ValueError, match="there is no recipe for pilotnet yet"):
        find_recipe("pilotnet", "digits")


def test_the_first_recipe_of_a_model_needs_no_network():
    """It is what `gradschool fit MODEL` runs."""
    kinds = {description.name: description.kind for description in list_data()}
    large = [name for recipe in imagenet.RECIPES for name in list_models() if same_class(name, recipe.model)]
    for name in list_models():
        if name not in ("mcculloch_pitts", *large):
            assert kinds[find_recipe(name).data] in ("embedded", "generated"), name


def same_class(name, other):
    return model_entry(name).target == model_entry(other).target


def test_other_data_take_over_the_settings_but_not_the_result():
    recipe = find_recipe("lenet5", "kmnist")
    assert recipe.data == "kmnist"
    assert recipe.epochs == find_recipe("lenet5").epochs
    assert recipe.measured is None


def test_pre_training_belongs_to_the_model_whatever_the_data():
    recipe = find_recipe("stacked_autoencoder", "mnist")
    assert recipe.learning_rate == find_recipe("mlp", "mnist").learning_rate  # a recipe for those data serves
    assert recipe.pretrain == find_recipe("stacked_autoencoder").pretrain == {"epochs": 20}
    assert find_recipe("mlp_16_16", "kmnist").pretrain == {}


def test_measured_results_stand_beside_a_command_that_names_the_recipe():
    for name in list_recipes():
        recipe = get_recipe(name)
        if recipe.measured:
            data = "" if recipe.data in YOUR_OWN else recipe.data
            assert recipe.measured.command.startswith(f"gradschool fit {recipe.model} --data {data}")
            assert (recipe.measured.spread is None) == (recipe.measured.runs == "1 seed")
            assert 0 <= (recipe.measured.spread or 0) < recipe.measured.mean


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1; got 0"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"learning_rate": 0.0}, "learning_rate must be a number above 0; got 0.0"),
        ({"learning_rate": float("inf")}, "learning_rate must be a number above 0; got inf"),
        ({"learning_rate": "0.1"}, "learning_rate must be a number above 0; got '0.1'"),
        ({"schedule": "linear"}, "schedule must be one of constant, cosine, steps; got 'linear'"),
        ({"schedule": "steps"}, "needs the epochs after which the rate falls"),
        ({"warmup": 2}, "warmup must not be longer than the run of 1 epochs"),
        ({"weight_decay": -1e-4}, "weight_decay must be a number of at least 0"),
        ({"weight_decay_on": "biases"}, "weight_decay_on must be one of all, kernels; got 'biases'"),
        ({"label_smoothing": 1}, r"label_smoothing must be a number in \[0, 1\)"),
        ({"ema": 1.0}, r"ema must be a number in \[0, 1\)"),
        ({"label_smoothing": 0.1, "loss": "l2"}, "label_smoothing needs the loss cross_entropy; got 'l2'"),
        ({"augment": {"mixup": 0.2}, "loss": "l2"}, "mixup needs the loss cross_entropy; got 'l2'"),
    ],
)
def test_settings_out_of_range(change, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**{"name": "r", "model": "mlp", "data": "digits", "epochs": 1, **change})


def test_unknown_recipes():
    with pytest.raises(ValueError, match="did you mean 'lenet5_mnist'"):
        get_recipe("lenet5_mnits")


def test_settings_of_an_earlier_version_are_completed():
    now = find_recipe("mlp", "mnist").settings()
    new = {"schedule_options", "warmup", "weight_decay", "weight_decay_on", "label_smoothing", "ema"}
    assert complete_settings({key: value for key, value in now.items() if key not in new}) == now


def test_one_of_several_recipes_goes_by_its_name():
    assert chosen_recipe("resnet20", "cifar10").schedule_options == {"at": [91, 136]}
    assert chosen_recipe("resnet20", "cifar10", "resnet20_cifar10_today").schedule == "cosine"
    assert chosen_recipe("resnet56", None, "resnet56_cifar100").data == "cifar100"
    with pytest.raises(ValueError, match="is for the model resnet20, not for mlp"):
        chosen_recipe("mlp", None, "resnet20_cifar10_today")


@pytest.mark.parametrize("recipe", imagenet.RECIPES, ids=lambda recipe: recipe.name)
def test_recipes_for_imagenet_fall_three_times_by_ten(recipe):
    rate = recipe_optimizer(recipe, recipe.optimizer, recipe.learning_rate, steps=10)._learning_rate
    rates = sorted({round(float(rate(step)) / recipe.learning_rate, 6) for step in range(10 * recipe.epochs)})
    assert rates == [0.001, 0.01, 0.1, 1]
    assert recipe.data in {description.name for description in list_data()}


def test_a_file_of_ones_own_finds_the_recipe_for_its_kind(tmp_path):
    names, text = tmp_path / "names", tmp_path / "poem.txt"
    names.mkdir()
    for language in ("Here", "There"):
        (names / f"{language}.txt").write_text("Ann\nBob\n")
    text.write_text("a text of several words\n")
    assert find_recipe("gru_classifier", str(names)).name == "gru_classifier_names"
    assert find_recipe("gru_classifier", str(names)).data == str(names)
    assert find_recipe("char_lstm", str(text)).name == "char_lstm_text"
    assert chosen_recipe("char_lstm", str(text), "char_lstm_text").data == str(text)
    with pytest.raises(ValueError, match="needs a file or folder of your own: name it by --data YOUR-TEXT"):
        chosen_recipe("char_lstm", None, "char_lstm_text")
    with pytest.raises(ValueError, match=f"is for the data YOUR-TEXT, not for {names}"):
        chosen_recipe("char_lstm", str(names), "char_lstm_text")
