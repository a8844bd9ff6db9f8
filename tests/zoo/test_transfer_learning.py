"""Features of one model in another: what is taken, what is frozen, which rates layers get."""

import json

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool import zoo
from gradschool.zoo.transfer_learning import freeze, head_of, learning_rates, take_features, transfer, unfreeze


def small_resnet(**overrides):
    return zoo.create_model("resnet20", **{"input_shape": (8, 8, 1), "classes": 5, "depth": 8, "width": 4, **overrides})


def weights_of(model, *names):
    return [convert_to_numpy(weight) for name in names for weight in model.get_layer(name).weights]


# === Taking ===
def test_everything_but_the_head_is_taken():
    source, model = small_resnet(), small_resnet(classes=3)
    before = weights_of(model, "logits")
    names = take_features(model, source)
    assert "logits" not in names
    for ours, theirs in zip(weights_of(model, *names), weights_of(source, *names), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for now, then in zip(weights_of(model, "logits"), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_features_of_another_image_size_serve_a_net_that_pools():
    source, model = small_resnet(), small_resnet(input_shape=(12, 10, 1), classes=3)
    take_features(model, source)
    between = [keras.Model(one.input, one.get_layer("act").output) for one in (source, model)]
    image = np.random.default_rng(0).random((1, 12, 10, 1), "float32")
    wide = convert_to_numpy(between[1](image))
    part = convert_to_numpy(between[0](image[:, :8, :8]))
    np.testing.assert_allclose(wide[:, :7, :7], part[:, :7, :7], atol=1e-6)


def test_what_does_not_fit_is_said_and_nothing_is_changed():
    model = zoo.create_model("lenet5", input_shape=(32, 32, 1))
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"weights of dense1 have the shapes .* in the model that has learned"):
        take_features(model, zoo.create_model("lenet5"))
    with pytest.raises(ValueError, match=r"mlp has no layer conv1: .* It has: hidden1, hidden2, logits"):
        take_features(model, zoo.create_model("mlp"))
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_preset_gives_a_new_model_its_features_and_its_options():
    model = transfer("lenet5_mnist", classes=7, dropout=0.25)
    assert (model.output_shape, model.activation, model.dropout) == ((None, 7), "tanh", 0.25)
    trained = zoo.load_model("lenet5_mnist")
    np.testing.assert_array_equal(*(convert_to_numpy(one.get_layer("conv2").kernel) for one in (model, trained)))


def test_the_new_model_is_called_as_the_old_one_or_as_the_user_says():
    assert [transfer("lenet5_mnist", **own).name for own in ({}, {"name": "letters"})] == ["lenet5", "letters"]
    with pytest.raises(TypeError, match="LeNet5 takes no argument 'clases'; did you mean 'classes'"):
        transfer("lenet5_mnist", clases=5)


def test_only_models_of_the_zoo_can_be_built_anew():
    with pytest.raises(ValueError, match="features are taken from a model of the zoo"):
        transfer(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]))


def test_the_functions_can_be_called_again_and_again_from_the_zoo():
    """A lazily imported module of a function's own name would take its place."""
    for _ in range(2):
        model = zoo.transfer("mlp_mnist", classes=3)
        zoo.freeze(model)
        assert zoo.unfreeze(model) == ["hidden1", "hidden2", "logits"]


# === Freezing ===
def test_frozen_layers_do_not_learn_and_their_statistics_stay():
    model = small_resnet()
    freeze(model)
    assert [weight.path for weight in model.trainable_variables] == ["logits/kernel", "logits/bias"]
    others = [layer.name for layer in model.layers if layer.weights and layer is not head_of(model)]
    before, head = weights_of(model, *others), weights_of(model, "logits")
    model.compile("sgd", zoo.get_loss("cross_entropy"))
    rng = np.random.default_rng(0)
    model.fit(rng.random((20, 8, 8, 1), "float32"), np.arange(20) % 5, batch_size=10, verbose=0)
    for now, then in zip(weights_of(model, *others), before, strict=True):
        np.testing.assert_array_equal(now, then)
    assert all(np.any(now != then) for now, then in zip(weights_of(model, "logits"), head, strict=True))


def test_layers_are_frozen_and_freed_by_patterns():
    model = small_resnet()
    frozen = freeze(model, "conv*", "stage1_*")
    assert {name.partition("_")[0] for name in frozen} == {"conv", "stage1"}
    assert "conv" in unfreeze(model, "conv*")
    assert {name.partition("_")[0] for name in unfreeze(model)} == {"conv", "stage1", "stage2", "stage3", "logits"}
    with pytest.raises(ValueError, match=r"unknown layer of resnet20 'stage9_\*'"):
        freeze(model, "stage9_*")


def test_a_save_keeps_what_is_frozen(tmp_path):
    model = small_resnet()
    freeze(model, "stage1_*")
    model.compile("adam", zoo.get_loss("cross_entropy"))
    rng = np.random.default_rng(0)
    images, labels = rng.random((10, 8, 8, 1), "float32"), np.arange(10) % 5
    model.fit(images, labels, batch_size=10, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = zoo.load_model(tmp_path / "model.keras")
    assert json.loads(json.dumps(loaded.get_config())) == json.loads(json.dumps(model.get_config()))
    paths = [[weight.path for weight in one.trainable_variables] for one in (model, loaded)]
    assert paths[0] == paths[1]
    assert len(loaded.optimizer.variables) == len(model.optimizer.variables)
    loaded.fit(images, labels, batch_size=10, verbose=0)  # goes on, with the optimizer's moments


# === Rates ===
def test_rates_shrink_stage_by_stage():
    rates = learning_rates(small_resnet(), 0.5)
    expected = {"conv": 1 / 16, "stage1": 1 / 8, "stage2": 1 / 4, "stage3": 1 / 2, "logits": 1.0}
    assert {name: expected[name.partition("_")[0]] for name in rates} == rates


@pytest.mark.parametrize("decay", [0, -1, 1.5, True, "a half"])
def test_impossible_decays_are_refused(decay):
    with pytest.raises(ValueError, match=r"decay must be a number in \(0, 1\]; got"):
        learning_rates(small_resnet(), decay)
