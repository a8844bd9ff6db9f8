"""`gradschool fit --from`: the model is as the trained one, not as the recipe of a model without training has it."""

import importlib

import pytest

from gradschool.__main__ import main


@pytest.fixture
def asked(monkeypatch):
    """Calls the command; gives the recipe that would be fitted."""

    def ask(*arguments):
        recipes = []
        command = importlib.import_module("gradschool.zoo.commands.fit")  # of that name there is a function too
        monkeypatch.setattr(command, "_fit", lambda recipe, *rest: recipes.append(recipe))
        assert main(["fit", *arguments]) == 0
        return recipes[0]

    return ask


def test_features_see_the_pixels_that_they_learned_from(asked):
    assert asked("resnet50", "--data", "cifar10").model_config == {"input_scaling": "imagenet"}
    recipe = asked("resnet50", "--data", "cifar10", "--from", "weights.h5")  # whose pixels are those of "caffe"
    assert (recipe.start, recipe.model_config) == ("weights.h5", {})
    own = asked("resnet50", "--data", "cifar10", "--from", "weights.h5", "--set", "dropout=0.2", "--dtype", "float64")
    assert own.model_config == {"dropout": 0.2, "dtype": "float64"}


def test_what_was_learned_is_not_lost_to_pre_training(asked):
    assert asked("rbf_network").pretrain == {"neighbours": 2}
    assert asked("rbf_network", "--from", "runs/mine").pretrain == {}
    assert asked("rbf_network", "--from", "runs/mine", "--pretrain", "neighbours=3").pretrain == {"neighbours": 3}
