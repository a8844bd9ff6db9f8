"""Shares by kind, on AlexNet's published sizes and on hand-made models."""

import keras
import pytest
from keras import layers

from alexnet_layers import alexnet
from gradschool.zoo.inspection.layer_kinds import layer_kind, layers_by_kind
from gradschool.zoo.inspection.layer_table import layer_table
from gradschool.zoo.models.lenet_1998 import LeNet5In1998
from gradschool.zoo.models.mcculloch_pitts import McCullochPitts


def test_alexnet_s_dense_layers_hold_the_parameters_and_its_convolutions_do_the_work():
    dense, convolution = layers_by_kind(layer_table(alexnet()))
    assert (dense.kind, dense.layers, convolution.kind, convolution.layers) == ("dense", 3, "convolution", 5)
    assert round(100 * dense.parameter_share) == 94
    assert round(100 * convolution.multiply_add_share) == 95
    assert dense.parameters == (9216 + 1) * 4096 + (4096 + 1) * 4096 + (4096 + 1) * 1000


@pytest.mark.parametrize(
    ("layer", "kind"),
    [
        (layers.Dense(3), "dense"),
        (layers.TimeDistributed(layers.Dense(3)), "dense"),
        (layers.Conv1D(3, 3), "convolution"),
        (layers.DepthwiseConv2D(3), "convolution"),
        (layers.Conv2DTranspose(3, 3), "convolution"),
        (layers.BatchNormalization(), "other"),
        (layers.Embedding(5, 3), "other"),
    ],
)
def test_kinds_of_keras_s_layers(layer, kind):
    assert layer_kind(layer) == kind


def test_the_shares_of_a_model_add_up_to_one():
    rows = layers_by_kind(layer_table(LeNet5In1998()))
    assert [row.kind for row in rows] == ["dense", "convolution", "other"]  # "other": subsampling and distances
    assert [row.layers for row in rows] == [1, 3, 3]
    assert sum(row.parameter_share for row in rows) == pytest.approx(1)
    assert sum(row.multiply_add_share for row in rows) == pytest.approx(1)


def test_a_model_without_weights_has_no_shares():
    assert layers_by_kind(layer_table(McCullochPitts())) == []


def test_a_class_says_its_kind_itself():
    class Odd(layers.Layer):
        layer_kind = "sparse"

    with pytest.raises(
        ValueError, match=r"Odd\.layer_kind must be one of dense, convolution, recurrent, other; got 'sparse'"
    ):
        layer_kind(Odd())


def test_a_class_says_that_it_is_dense():
    class Mine(keras.layers.Layer):
        layer_kind = "dense"

    assert layer_kind(Mine()) == "dense"
