"""Which layer of each kind of model is its head, and what is left to learn once the others are frozen."""

import re
from dataclasses import replace

import numpy as np
import pytest

from gradschool.zoo.data.catalogue import describe, draws_test_part
from gradschool.zoo.engine import starting
from gradschool.zoo.engine.opening import Trained
from gradschool.zoo.engine.starting import check_starts, make_model, open_start
from gradschool.zoo.recipes import find_recipe, get_recipe
from gradschool.zoo.registry import create_model
from gradschool.zoo.transfer_learning import freeze, head_of, learning_rates, take_features, transfer

HEADS = {
    "mlp": "logits",
    "lenet5_1998": "F6",  # the layer behind it holds fixed codes
    "perceptron": "decisions",
    "rbf_network": "logits",
    "autoencoder": "logits",  # behind it, values become pixels
    "variational_autoencoder": "logits",
    "denoising_autoencoder": "logits",
    "conv_autoencoder": "pixels",
}


@pytest.mark.parametrize("name", HEADS)
def test_the_head_learns_and_nothing_else(name):
    model = create_model(name)
    assert head_of(model).name == HEADS[name]
    freeze(model)
    assert model.trainable_variables
    assert {one.path.split("/")[0] for one in model.trainable_variables} == {HEADS[name]}
    assert head_of(model).name == HEADS[name]  # after freezing too


def test_codes_of_other_classes_do_not_stand_in_the_way():
    source = create_model("lenet5_1998")
    source.get_layer("F6").kernel.assign(source.get_layer("F6").kernel + 1)
    model = transfer(source, classes=7)
    assert model.output_shape == (None, 7)
    np.testing.assert_array_equal(model.get_layer("C5").get_weights()[0], source.get_layer("C5").get_weights()[0])
    assert not np.array_equal(model.get_layer("F6").get_weights()[0], source.get_layer("F6").get_weights()[0])


def test_two_networks_in_one_have_no_head_but_all_weights_can_be_taken():
    model, source = create_model("dcgan", width=2), create_model("dcgan", width=2)
    for refused in (head_of, freeze, lambda one: take_features(one, source)):
        with pytest.raises(ValueError, match="dcgan has no layer that turns features into answers"):
            refused(model)
    with pytest.raises(ValueError, match="generator, discriminator in dcgan: learning_rates is for layers"):
        learning_rates(model, 0.5)
    assert take_features(model, source, head=True) == ["generator", "discriminator"]
    for one, other in zip(model.get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["autoencoder", "dcgan"])
def test_what_answers_with_images_keeps_all_its_weights_on_other_data(name, monkeypatch):
    source = create_model(name)
    monkeypatch.setattr(starting, "open_model", lambda path: Trained(source, "mnist", [], {}))
    recipe = replace(find_recipe(name, "digits"), start="runs/mine")
    start = open_start(recipe, describe("digits"))
    assert start.words == "beginning with runs/mine: all its weights"
    model = make_model(recipe, describe("digits"), start)
    for one, other in zip(model.get_weights(), source.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("data", "seed", "fold", "refused"),
    [
        ("digits", 5, None, None),  # the very same test part
        ("digits", 6, None, "seed 6"),
        ("digits", 5, (0, 5), r"seed 5 and fold \(0, 5\)"),
        ("mnist", 6, None, None),  # with a test part of its own
    ],
)
def test_nothing_is_tested_on_what_it_may_have_learned_from(data, seed, fold, refused, monkeypatch):
    trained = Trained(create_model("mlp"), data, [], {"seed": 5})
    monkeypatch.setattr(starting, "open_model", lambda path: trained)
    recipe = replace(find_recipe("mlp", data), start="runs/mine", seed=5)
    other = replace(recipe, seed=seed)
    if refused is None:
        words = open_start(other, describe(data), fold).words
        assert words.startswith("beginning with runs/mine: all its weights")
        assert ("; careful: it has learned from some of the validation samples" in words) == (seed != 5)
        check_starts([(recipe, None), (other, fold)])
        return
    words = f"of which seed 5 set its test part aside; {refused} would test on other samples.* Fit with seed 5"
    with pytest.raises(ValueError, match=words):
        open_start(other, describe(data), fold)
    with pytest.raises(ValueError, match=words):  # before the first of several is trained
        check_starts([(recipe, None), (other, fold)])


@pytest.mark.parametrize(
    ("theirs", "ours", "config", "says"),
    [
        ("resnet20", "plain20", {}, "is a resnet20 with shortcut='padding', and plain20 has shortcut='none'"),
        ("mlp", "mlp_16_16", {}, "is a mlp with hidden=(128, 32), and mlp_16_16 has hidden=(16, 16)"),
        ("mlp", "mlp_16_16", {"hidden": [128, 32]}, None),
        ("plain20", "resnet20", {"shortcut": "none"}, None),
    ],
)
def test_one_variant_is_not_begun_with_another(theirs, ours, config, says, monkeypatch):
    source = create_model(theirs, input_shape=(28, 28, 1))
    monkeypatch.setattr(starting, "open_model", lambda path: Trained(source, None, [], {}))
    recipe = replace(find_recipe(ours, "digits"), start="runs/mine", model_config=config)
    if says is None:
        assert make_model(recipe, describe("digits"), open_start(recipe, describe("digits"))).name == ours
        return
    with pytest.raises(ValueError, match=re.escape(f"{says}: begin with a model of the same make, or fit {theirs}")):
        open_start(recipe, describe("digits"))


def test_activations_with_weights_learn_as_fast_as_the_layer_before_them():
    small = {"input_shape": (67, 67, 3), "classes": 3, "width": 2, "activation": "parametric_relu"}
    rates = learning_rates(create_model("alexnet", **small), 0.5)
    assert len(set(rates.values())) == 8  # layers
    assert rates["act1"] == rates["conv1"] == 0.5**7
    rates = learning_rates(create_model("variational_autoencoder"), 0.5)
    assert rates["mean"] == rates["log_variance"] == 0.25


def test_a_folder_s_own_test_part_is_nobody_s_draw(tmp_path):
    assert draws_test_part(tmp_path)
    for part in ("train", "test"):
        (tmp_path / part).mkdir()
    assert not draws_test_part(tmp_path)


def test_features_are_not_shown_pixels_of_another_scale(monkeypatch):
    source = create_model("alexnet", input_shape=(67, 67, 3), width=1, input_scaling="caffe")
    monkeypatch.setattr(starting, "open_model", lambda path: Trained(source, None, [], {}))
    recipe = replace(get_recipe("alexnet_imagenet2012"), start="runs/mine")
    with pytest.raises(ValueError, match="input_scaling='caffe', and the recipe has 'imagenet': leave input_scaling"):
        open_start(recipe, describe("imagenet2012"))
    for fitting in ({}, {"input_scaling": "caffe"}):
        assert open_start(replace(recipe, model_config=fitting), describe("imagenet2012")).source is source
