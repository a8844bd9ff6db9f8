"""Models by name, and what is said of a name or an argument that does not exist."""

import inspect

import pytest

from gradschool.zoo.registry import ModelEntry, create_model, list_models, model_class, model_entry

NAMES = [
    "mcculloch_pitts",
    "perceptron",
    "adaline",
    "linear_regression",
    "mlp",
    "mlp_16_16",
    "lenet5",
    "lenet5_1998",
]


def test_all_models_are_listed_in_the_table_s_order():
    assert [name for name in list_models() if name in NAMES] == NAMES
    assert list_models("mlp*") == ["mlp", "mlp_16_16"]
    assert list_models("no such*") == []


@pytest.mark.parametrize("name", list_models())
def test_a_row_says_all_that_a_table_shows(name):
    entry = model_entry(name)
    assert isinstance(entry, ModelEntry)
    assert entry.name == name
    assert model_class(name).__module__.endswith(f"zoo.models.{entry.family}")  # the family is the file's name
    assert any(character.isdigit() for character in entry.paper)  # authors, year, title
    assert entry.config.keys() <= inspect.signature(model_class(name).__init__).parameters.keys()


def test_overrides_replace_the_variant_s_own_arguments():
    assert create_model("mlp_16_16", hidden=(3,)).get_layer("hidden1").units == 3
    assert create_model("lenet5", classes=26).output_shape == (None, 26)


def test_a_model_may_have_a_name_of_its_own():
    assert create_model("lenet5", name="reader").name == "reader"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lenet", "unknown model 'lenet'; did you mean 'lenet5'"),
        ("LeNet5", "unknown model 'LeNet5'; did you mean 'lenet5'"),
        ("zzz", "unknown model 'zzz'; there are: adaline, alexnet, alexnet_two_tower"),
    ],
)
def test_unknown_models_get_the_nearest(name, message):
    with pytest.raises(ValueError, match=message):
        create_model(name)


def test_unknown_arguments_get_the_nearest():
    with pytest.raises(ValueError, match="unknown argument of lenet5 'clases'; did you mean 'classes'"):
        create_model("lenet5", clases=3)
    with pytest.raises(ValueError, match="unknown argument of perceptron 'dropout'; there are: activation"):
        create_model("perceptron", dropout=0.5)
