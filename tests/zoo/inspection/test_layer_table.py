"""Layer tables against counts done by hand."""

import keras
import numpy as np
import pytest
from keras import layers

from alexnet_layers import alexnet
from gradschool.zoo.inspection.layer_table import layer_table, total
from gradschool.zoo.layers.lstm import LSTM
from gradschool.zoo.layers.recurrent import recurrent_layer
from gradschool.zoo.models.lenet import LeNet5


def counts(model):
    return {row.name: (row.output_shape, row.parameters, row.multiply_adds) for row in layer_table(model)}


def one_layer(shape, layer):
    return layer_table(keras.Sequential([keras.Input(shape), layer]))[0]


def test_lenet_by_hand():
    by_hand = {
        "conv1": ((28, 28, 6), (25 + 1) * 6, 28 * 28 * 6 * 25),
        "pool1": ((14, 14, 6), 0, 0),
        "conv2": ((10, 10, 16), (25 * 6 + 1) * 16, 10 * 10 * 16 * 25 * 6),
        "pool2": ((5, 5, 16), 0, 0),
        "flatten": ((400,), 0, 0),
        "dense1": ((120,), 401 * 120, 400 * 120),
        "dense2": ((84,), 121 * 84, 120 * 84),
        "logits": ((10,), 85 * 10, 84 * 10),
    }
    assert counts(LeNet5()) == by_hand


@pytest.mark.parametrize(("groups", "parameters"), [(1, 62_378_344), (2, 60_965_224)])
def test_alexnet_by_hand(groups, parameters):
    side1, side2, side3 = (227 - 11) // 4 + 1, 27, 13  # pooling 3 by 2: 55 -> 27 -> 13 -> 6
    by_hand = {
        "conv1": side1**2 * 96 * 11 * 11 * 3,
        "conv2": side2**2 * 256 * 5 * 5 * 96 // groups,
        "conv3": side3**2 * 384 * 3 * 3 * 256,
        "conv4": side3**2 * 384 * 3 * 3 * 384 // groups,
        "conv5": side3**2 * 256 * 3 * 3 * 384 // groups,
        "dense6": 6 * 6 * 256 * 4096,
        "dense7": 4096 * 4096,
        "dense8": 4096 * 1000,
    }
    rows = layer_table(alexnet(groups))
    assert {row.name: row.multiply_adds for row in rows if row.multiply_adds} == by_hand
    assert total(rows) == (parameters, sum(by_hand.values()))


@pytest.mark.parametrize(
    ("shape", "layer", "expected"),
    [
        ((7, 5), layers.Dense(3), 7 * 5 * 3),
        ((11, 5), layers.Conv1D(3, 2), 10 * 3 * 2 * 5),
        ((5, 7, 11, 2), layers.Conv3D(3, 2), 4 * 6 * 10 * 3 * 8 * 2),
        ((7, 11, 4), layers.Conv2D(6, 3, groups=2), 5 * 9 * 6 * 9 * 2),
        ((7, 11, 4), layers.Conv2D(6, 3, dilation_rate=2), 3 * 7 * 6 * 9 * 4),
        ((7, 11, 5), layers.DepthwiseConv2D(3, depth_multiplier=2), 5 * 9 * 10 * 9),
        ((7, 11, 5), layers.SeparableConv2D(3, 3), 5 * 9 * (5 * 9 + 5 * 3)),
        ((7, 11, 5), layers.Conv2DTranspose(3, 2, strides=2), 7 * 11 * 5 * 4 * 3),
        ((7, 11, 5), layers.TimeDistributed(layers.Dense(3)), 7 * 11 * 5 * 3),
        ((7, 11, 5), layers.BatchNormalization(), 0),
        ((7, 11, 5), layers.PReLU(), 0),
        ((7,), layers.Embedding(13, 5), 0),
        ((7, 5), layers.SimpleRNN(3), 7 * (5 * 3 + 3 * 3)),
        ((7, 5), layers.LSTM(3), 7 * 4 * (5 * 3 + 3 * 3)),
        ((7, 5), layers.GRU(3, return_sequences=True), 7 * 3 * (5 * 3 + 3 * 3)),
        ((7, 5), layers.Bidirectional(layers.LSTM(3)), 2 * 7 * 4 * (5 * 3 + 3 * 3)),
        ((7, 5), LSTM(3), 7 * 4 * (5 * 3 + 3 * 3)),
        ((7, 5), recurrent_layer("gru", 3, bidirectional=True), 2 * 7 * 3 * (5 * 3 + 3 * 3)),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_keras_s_layers_by_hand(shape, layer, expected):
    assert one_layer(shape, layer).multiply_adds == expected


def test_a_layer_called_twice_holds_its_weights_once_and_works_twice():
    inputs, shared = keras.Input((5,)), layers.Dense(5, name="shared")
    assert counts(keras.Model(inputs, shared(shared(inputs)))) == {"shared": ((5,), 30, 50)}


def test_nested_models_are_opened():
    inner = keras.Sequential([keras.Input((5,)), layers.Dense(3, name="dense")], name="inner")
    inputs = keras.Input((5,))
    outer = keras.Model(inputs, layers.Dense(2, name="head")(inner(inputs)))
    assert counts(outer) == {"inner/dense": ((3,), 18, 15), "head": ((2,), 8, 6)}


def test_behind_a_join_and_groups_and_a_sum_all_inputs_count():
    images = keras.Input((7, 11, 4))
    left = layers.Conv2D(6, 3, groups=2, padding="same", name="grouped")(images)
    right = layers.Conv2D(6, 1, name="pointwise")(images)
    joined = layers.Concatenate()([left, layers.Add()([left, right])])
    maps = layers.Conv2D(5, 3, padding="same", name="after")(joined)
    work = {name: row[2] for name, row in counts(keras.Model(images, layers.Flatten()(maps + 1))).items() if row[2]}
    assert work == {"grouped": 77 * 6 * 9 * 2, "pointwise": 77 * 6 * 4, "after": 77 * 5 * 9 * 12}


def test_inputs_of_any_size_are_refused():
    model = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(5, 3)], name="any")
    with pytest.raises(ValueError, match=r"any takes inputs of shape \(None, None, 3\), where None is any size"):
        layer_table(model)


def test_of_sequences_of_any_length_one_step_is_counted_or_as_many_as_are_asked_for():
    model = keras.Sequential([keras.Input((None, 5)), layers.LSTM(3, return_sequences=True), layers.Dense(2)])
    one_step = [4 * (5 * 3 + 3 * 3), 3 * 2]
    assert [row.multiply_adds for row in layer_table(model)] == one_step
    assert [row.multiply_adds for row in layer_table(model, steps=7)] == [7 * work for work in one_step]
    with pytest.raises(ValueError, match=r"takes inputs of shape \(None, 5\), where None is any size"):
        layer_table(model, steps=None)


def test_a_convolution_in_a_cell_is_not_guessed():
    with pytest.raises(ValueError, match="how many multiply-adds a ConvLSTM1D does is not known"):
        layer_table(keras.Sequential([keras.Input((7, 5, 2)), layers.ConvLSTM1D(3, 2)]))


def test_a_dict_of_inputs_is_counted():
    inputs = {"source": keras.Input((None,), name="source"), "target": keras.Input((None,), name="target")}
    joined = layers.Concatenate(name="join")([layers.Reshape((-1, 1))(one) for one in inputs.values()])
    assert counts(keras.Model(inputs, layers.Dense(3, name="head")(joined)))["head"] == ((1, 3), 9, 6)


def test_a_model_without_a_graph_is_refused():
    with pytest.raises(ValueError, match=r"loose has no graph of layers to be looked at: build it with keras\.Input"):
        layer_table(keras.Sequential([layers.Dense(3)], name="loose"))


def test_models_with_several_inputs_are_counted():
    left, right = keras.Input((5,)), keras.Input((7,))
    model = keras.Model([left, right], layers.Dense(3, name="head")(layers.Concatenate(name="join")([left, right])))
    assert counts(model)["head"] == ((3,), 39, 36)


def test_a_layer_says_itself_what_it_does():
    class Twice(layers.Dense):
        def multiply_adds(self, input_shape, output_shape):
            return 2 * input_shape[0] * output_shape[0]

    assert one_layer((5,), Twice(3)).multiply_adds == 30


def test_a_layer_with_weights_that_nobody_counted_is_named():
    class Odd(layers.Layer):
        def build(self, shape):
            self.weight = self.add_weight(shape=shape[1:])

        def call(self, x):
            return x * self.weight

    with pytest.raises(ValueError, match=r"multiply-adds a Odd does is not known \(layer 'odd.*'\)"):
        one_layer((5,), Odd())


def test_the_model_is_left_as_it_was():
    model, images = LeNet5(), np.random.default_rng(0).random((2, 28, 28, 1), "float32")
    before = keras.ops.convert_to_numpy(model(images))
    layer_table(model)
    assert not any("compute_output_spec" in vars(layer) for layer in model.layers)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(images)), before)
