"""What a layer gives inside a model, and the model with something else in its place."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from gradschool.zoo.inspection.layer_access import check_images, giving, layer_outputs
from gradschool.zoo.models.cifar_resnet import CIFARResNet


def small():
    return CIFARResNet((8, 8, 3), classes=3, depth=8, width=2, name="small")


def noise(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def test_it_gives_what_a_model_ending_there_gives():
    model, images = small(), noise(2, 8, 8, 3)
    for name in ("conv", "stage2_block1_add", "pool"):
        expected = keras.Model(model.inputs[0], model.get_layer(name).output)(images)
        found = layer_outputs(model, [name], images)[name]
        np.testing.assert_allclose(ops.convert_to_numpy(found), ops.convert_to_numpy(expected), rtol=1e-5, atol=1e-6)


def test_layers_of_nested_models_are_asked_too():
    inner = keras.Sequential([keras.Input((5,)), layers.Dense(3, name="dense")], name="inner")
    inputs = keras.Input((5,))
    model = keras.Model(inputs, layers.Dense(2)(inner(inputs)))
    found = ops.convert_to_numpy(layer_outputs(model, ["inner/dense"], noise(4, 5))["inner/dense"])
    np.testing.assert_allclose(found, ops.convert_to_numpy(inner(noise(4, 5))), rtol=1e-5)


def test_before_the_activation():
    model = keras.Sequential([keras.Input((5,)), layers.Dense(3, "tanh", name="dense"), layers.ReLU(name="relu")])
    sums, outputs = (
        ops.convert_to_numpy(layer_outputs(model, ["dense"], noise(4, 5), before_activation=before)["dense"])
        for before in (True, False)
    )
    np.testing.assert_allclose(np.tanh(sums), outputs, rtol=1e-5)
    assert "relu" in layer_outputs(model, ["relu"], noise(4, 5), before_activation=True)


def test_the_rest_is_computed_from_what_is_put_there():
    model, images = small(), noise(2, 8, 8, 3)
    with giving(model, "pool", np.zeros((2, 8), "float32")):
        logits = ops.convert_to_numpy(model(images, training=False))
    np.testing.assert_allclose(logits, np.tile(ops.convert_to_numpy(model.layers[-1].bias), (2, 1)))
    assert ops.convert_to_numpy(model(images, training=False)).any()


def test_a_failed_call_leaves_no_trace():
    model = small()
    with pytest.raises(Exception, match=r".+"):
        layer_outputs(model, ["conv"], noise(2, 8, 8, 4))
    assert not any("call" in vars(layer) for layer in model.layers)


def test_images_that_do_not_fit():
    with pytest.raises(ValueError, match=r"images must have the shape \(N, 8, 8, 3\), N >= 1; got \(8, 8, 3\)"):
        check_images(small(), noise(8, 8, 3))
    any_size = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(2, 3)])
    check_images(any_size, noise(2, 5, 7, 3))
    with pytest.raises(ValueError, match="must be a built model with one input"):
        check_images(keras.Sequential([layers.Dense(3)]), noise(2, 3))
