"""Chrono biases: how long a state lasts with them, against how long it was to last."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.layers.chrono_initializer import ChronoBias
from gradschool.zoo.layers.recurrent import recurrent_layer


def kept_share(cell, memory):
    """What share of a state of ones a layer without weights keeps in a step, by unit."""
    layer = recurrent_layer(cell, 97, memory=memory)
    layer.build((None, None, 3))
    for weight in (layer.cell.kernel, layer.cell.recurrent_kernel):
        weight.assign(np.zeros(weight.shape))
    ones = np.ones((1, 97), "float32")
    _, states = layer.step(np.zeros((1, 3), "float32"), [ones, ones][: 2 if cell == "lstm" else 1])
    return convert_to_numpy(states[-1])[0]  # c of an LSTM, h of a GRU


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_states_last_for_all_lengths_up_to_the_longest(cell):
    steps = 1 / (1 - kept_share(cell, 200))  # 1 + u, u uniform from 1 to 199
    assert 2 <= steps.min() < 15
    assert 185 < steps.max() <= 200.1
    assert 80 < steps.mean() < 120
    assert (1 / (1 - kept_share(cell, None))).max() < 4  # Keras's own biases


def test_an_lstm_lets_in_what_it_does_not_keep():
    bias = convert_to_numpy(ChronoBias("lstm", 50)((4 * 7,))).reshape(4, 7)
    np.testing.assert_allclose(1 / (1 + np.exp(-bias[0])), 1 - 1 / (1 + np.exp(-bias[1])), rtol=1e-5)
    assert not bias[2:].any()


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_it_survives_a_save(cell, tmp_path):
    layer = recurrent_layer(cell, 3, memory=20, bidirectional=True)
    model = keras.Sequential([keras.Input((None, 2)), layer])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.layers[0].forward_layer.get_config()["bias_initializer"]["config"]["steps"] == 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rnn", 20), "unknown cell with gates 'rnn'; there are: gru, lstm"),
        (("lstm", 2), "steps must be a whole number of at least 3; got 2"),
    ],
)
def test_impossible_memories_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ChronoBias(*arguments)
