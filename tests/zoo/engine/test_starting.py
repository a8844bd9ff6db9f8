"""A recipe that begins with a trained model: what `--from`, `--freeze` and `--rate-decay` make of it."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool import zoo
from gradschool.zoo.engine.preparing import prepare_fit
from gradschool.zoo.recipes import find_recipe

RECIPE = find_recipe("lenet5", "digits")


def prepared(**changes):
    told = []
    _, model = prepare_fit(replace(RECIPE, **changes), tell=told.append)
    return model, told


def kernel(model, layer):
    return convert_to_numpy(model.get_layer(layer).kernel)


def test_features_come_from_the_preset_and_only_the_head_learns():
    model, told = prepared(start="lenet5_mnist", freeze=True)
    trained = zoo.load_model("lenet5_mnist")
    np.testing.assert_array_equal(kernel(model, "dense2"), kernel(trained, "dense2"))
    assert np.any(kernel(model, "logits") != kernel(trained, "logits"))
    assert [weight.path for weight in model.trainable_variables] == ["logits/kernel", "logits/bias"]
    assert told == ["beginning with lenet5_mnist: all its weights but those of logits; only logits learns"]


@pytest.mark.slow
def test_the_head_comes_too_from_a_run_on_the_same_data(tmp_path):
    run = zoo.fit_recipe(replace(RECIPE, epochs=1), tmp_path / "run")
    model, told = prepared(start=str(tmp_path / "run"))
    np.testing.assert_array_equal(kernel(model, "logits"), kernel(run.model, "logits"))
    assert told == [f"beginning with {tmp_path / 'run'}: all its weights"]

    other = zoo.fit_recipe(replace(RECIPE, epochs=1, start="lenet5_mnist", freeze=True), tmp_path / "frozen")
    trained = zoo.load_model(tmp_path / "frozen")
    np.testing.assert_array_equal(kernel(trained, "conv1"), kernel(zoo.load_model("lenet5_mnist"), "conv1"))
    assert other.folder.read_config()["model"]["config"]["frozen"]


def test_rates_are_smaller_towards_the_image():
    model, _ = prepared(rate_decay=0.5)
    assert model.optimizer.rates == {"conv1": 1 / 16, "conv2": 1 / 8, "dense1": 1 / 4, "dense2": 1 / 2, "logits": 1.0}
    plain, _ = prepared()
    assert type(plain.optimizer) is keras.optimizers.Adam


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"start": "mlp_mnist"},
            "mlp_mnist is of the class MLP, and lenet5 of LeNet5: features can be taken",
        ),
        ({"start": "lenet5_mnits"}, "'lenet5_mnits'; did you mean 'lenet5_mnist'"),
        ({"start": "lenet5_mnist", "data": "logic_and"}, "classification|images|input_shape"),
        ({"start": "weights.h5"}, "keras.applications' weights are known for .*; got 'lenet5'"),
    ],
)
def test_what_cannot_be_begun_with_is_said(changes, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.h5").touch()
    with pytest.raises(ValueError, match=message):
        prepared(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"freeze": True},
            r"freeze keeps features that were learned: say from which trained model, by start \(--from\)",
        ),
        ({"rate_decay": 0}, r"rate_decay must be a number in \(0, 1\], where 1 is one rate for all layers; got 0"),
        ({"rate_decay": 2.0}, r"rate_decay must be a number in \(0, 1\], where 1 is one rate for all layers; got 2.0"),
    ],
)
def test_recipes_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(RECIPE, **changes)
