"""CNN + LSTM against PilotNet's maps and a NumPy LSTM."""

import keras
import numpy as np
import pytest

from gradschool.zoo.data.catalogue import describe
from gradschool.zoo.inspection.layer_table import layer_table
from gradschool.zoo.models.cnn_lstm import CNNLSTM
from gradschool.zoo.models.pilotnet import PilotNet

SMALL = {"input_shape": (3, 61, 67, 3), "width": 5, "hidden": 7, "units": 2}


def logistic(x):
    return 1 / (1 + np.exp(-x))


def lstm(sequence, kernel, recurrent_kernel, bias):
    """The last output of an LSTM, by its equations; gates in Keras's order i, f, g, o."""
    units = len(recurrent_kernel)
    h, c = np.zeros(units), np.zeros(units)
    for x in sequence:
        i, f, g, o = np.split(x @ kernel + h @ recurrent_kernel + bias, 4)
        c = logistic(f) * c + logistic(i) * np.tanh(g)
        h = logistic(o) * np.tanh(c)
    return h


def test_it_is_pilotnet_s_features_an_lstm_and_two_dense_layers():
    model = CNNLSTM(**SMALL)
    pilotnet = PilotNet(input_shape=(61, 67, 3), width=5)
    for number in range(1, 6):
        pilotnet.get_layer(f"conv{number}").set_weights(model.get_layer(f"conv{number}").get_weights())
    features = keras.Model(pilotnet.input, pilotnet.get_layer("flatten").output)
    frames = np.random.default_rng(0).random((2, 3, 61, 67, 3), "float32")
    answers = keras.ops.convert_to_numpy(model(frames))
    weights = {name: model.get_layer(name).get_weights() for name in ("lstm", "dense1", "controls")}
    for sample, answer in zip(frames, answers, strict=True):
        h = lstm(keras.ops.convert_to_numpy(features(sample)), *weights["lstm"])
        hidden = np.maximum(h @ weights["dense1"][0] + weights["dense1"][1], 0)
        expected = hidden @ weights["controls"][0] + weights["controls"][1]
        np.testing.assert_allclose(answer, expected, atol=1e-5)


def test_every_frame_counts_and_their_order_matters():
    model = CNNLSTM(**SMALL)
    frames = np.random.default_rng(0).random((1, 3, 61, 67, 3), "float32")
    straight, backwards = (keras.ops.convert_to_numpy(model(x)) for x in (frames, frames[:, ::-1]))
    assert np.abs(straight - backwards).max() > 1e-3


def test_convolutions_work_for_each_frame_and_have_pilotnet_s_weights():
    rows = {row.name: row for row in layer_table(CNNLSTM())}
    single = {row.name: row for row in layer_table(PilotNet())}
    for number in range(1, 6):
        one, ten = single[f"conv{number}"], rows[f"conv{number}"]
        assert ten.output_shape == (10, *one.output_shape)
        assert ten.parameters == one.parameters
        assert ten.multiply_adds == 10 * one.multiply_adds
    assert rows["lstm"].parameters == 4 * 64 * (1152 + 64 + 1)


def test_it_is_for_sequences_of_frames():
    assert CNNLSTM.config_for(describe("road_sequences")) == {"input_shape": (10, 66, 100, 3), "units": 3}
    with pytest.raises(ValueError, match="CNNLSTM is for regression; digits is for classification"):
        CNNLSTM.config_for(describe("digits"))
    with pytest.raises(ValueError, match=r"CNNLSTM takes sequences of frames, input_shape=\(frames, height, width"):
        CNNLSTM(**CNNLSTM.config_for(describe("roads")))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"input_shape": (10, 60, 200, 3)}, "CNNLSTM needs at least 1 frame of at least 61x61 pixels"),
        ({"units": 0}, "units must be a whole number of at least 1; got 0"),
        ({"hidden": 0}, "hidden must be a whole number of at least 1; got 0"),
        ({"dropout": 2}, r"dropout must be a number in \[0, 1\); got 2"),
    ],
)
def test_impossible_arguments_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        CNNLSTM(**config)
