"""The recurrent regressor against its equations in NumPy; what it takes from data."""

from types import SimpleNamespace

import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.models.sequence_regressor import SequenceRegressor
from gradschool.zoo.transfer_learning import head_of

RNG = np.random.default_rng(0)


def test_it_is_the_equations_of_its_docstring():
    model = SequenceRegressor((7, 3), outputs=2, cell="rnn", units=5)
    series = RNG.normal(size=(4, 7, 3)).astype("float32")
    kernel, recurrent_kernel, bias, out_kernel, out_bias = model.get_weights()
    h = np.zeros((4, 5))
    for t in range(7):
        h = np.tanh(series[:, t] @ kernel + h @ recurrent_kernel + bias)
    np.testing.assert_allclose(convert_to_numpy(model(series)), h @ out_kernel + out_bias, atol=1e-5)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_padding_changes_no_answer_where_lengths_differ(cell):
    model = SequenceRegressor((None, 3), outputs=2, cell=cell, units=5, layers=2)
    series = RNG.normal(size=(4, 7, 3)).astype("float32")
    longer = np.pad(series, [(0, 0), (0, 4), (0, 0)])
    np.testing.assert_allclose(convert_to_numpy(model(longer)), convert_to_numpy(model(series)), atol=1e-6)


def test_it_takes_from_data_what_they_say():
    common = {"task": "regression", "input_tokens": None, "classes": None}
    hours = SimpleNamespace(name="hours", input_shape=(24, 4), outputs=("a", "b"), **common)
    config = SequenceRegressor.config_for(hours)
    assert config == {"input_shape": (24, 4), "tokens": None, "outputs": 2}
    assert SequenceRegressor(**config, units=3).output_shape == (None, 2)
    one_value = SimpleNamespace(name="days", input_shape=(28, 1), outputs=(), **common)
    assert SequenceRegressor.config_for(one_value, outputs=1)["outputs"] == 1
    words = SimpleNamespace(name="words", task="tagging", input_shape=(None,), input_tokens=9, outputs=())
    with pytest.raises(ValueError, match="SequenceRegressor is for regression; words is for tagging"):
        SequenceRegressor.config_for(words)


def test_its_head_is_called_outputs_and_their_number_is_kept():
    model = SequenceRegressor((7, 3), outputs=2, units=5)
    assert head_of(model).name == "outputs"
    assert model.get_config()["outputs"] == 2


def test_impossible_numbers_of_outputs_are_refused():
    with pytest.raises(ValueError, match="outputs must be a whole number of at least 1; got 0"):
        SequenceRegressor(outputs=0)
    with pytest.raises(
        ValueError, match=r"SequenceRegressor takes sequences of vectors, input_shape=\(steps, features\)"
    ):
        SequenceRegressor((24,))
