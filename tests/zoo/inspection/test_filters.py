"""Filters are the weights, put as images."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from gradschool.zoo.inspection.filters import filters, layers_with_filters
from gradschool.zoo.models.lenet import LeNet5
from gradschool.zoo.models.mlp import MLP


def test_a_filter_s_twin_makes_its_unit_answer_most():
    """Among patches of one length, the one that looks like the filter."""
    model = keras.Sequential([keras.Input((5, 7, 2)), layers.Conv2D(3, (5, 7), use_bias=False, name="conv")])
    found = filters(model, "conv")
    assert found.shape == (3, 5, 7, 2)
    patches = found / np.linalg.norm(found.reshape(3, -1), axis=1).reshape(3, 1, 1, 1)
    answers = ops.convert_to_numpy(model(patches)).reshape(3, 3)  # (patch, unit)
    np.testing.assert_array_equal(answers.argmax(axis=0), [0, 1, 2])


def test_a_dense_layer_s_filters_have_the_image_s_shape():
    model = MLP((3, 5, 2), hidden=(7,))
    found = filters(model, "hidden1")
    image = np.random.default_rng(0).normal(size=(1, 3, 5, 2)).astype("float32")
    by_hand = np.maximum((found * image).sum(axis=(1, 2, 3)), 0)
    hidden = keras.Model(model.inputs[0], model.get_layer("hidden1").output)(image)
    np.testing.assert_allclose(ops.convert_to_numpy(hidden)[0], by_hand, rtol=1e-4, atol=1e-5)


def test_a_depthwise_convolution_has_a_filter_for_each_map():
    model = keras.Sequential([keras.Input((9, 9, 3)), layers.DepthwiseConv2D(3, depth_multiplier=2, name="deep")])
    found, kernel = filters(model, "deep"), ops.convert_to_numpy(model.layers[-1].kernel)
    assert found.shape == (6, 3, 3, 1)
    np.testing.assert_array_equal(found[3, ..., 0], kernel[:, :, 1, 1])  # input channel 1, its second filter


def test_what_has_no_filters_says_who_does():
    with pytest.raises(ValueError, match=r"dense1 \(Dense\) has no filters .* do: conv1, conv2\."):
        filters(LeNet5(), "dense1")
    same_size = MLP((4, 4, 1), hidden=(16, 5))
    assert layers_with_filters(same_size) == ["hidden1"]  # hidden2 takes 16 values too, but no pixels
