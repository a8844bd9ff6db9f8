"""The LSTM over features: what it does to them, counts and messages."""

import keras
import numpy as np
import pytest

from gradschool.zoo.data.catalogue import describe
from gradschool.zoo.models.feature_lstm import FeatureLSTM


def test_features_are_normalised_frame_by_frame():
    model = FeatureLSTM(input_shape=(5, 13), hidden=7)
    features = np.random.default_rng(0).random((2, 5, 13), "float32")
    normalized = keras.Model(model.input, model.get_layer("normalized").output)
    seen = keras.ops.convert_to_numpy(normalized(features))
    expected = (features - features.mean(-1, keepdims=True)) / np.sqrt(features.var(-1, keepdims=True) + 1e-3)
    np.testing.assert_allclose(seen, expected, atol=1e-5)


def test_how_bright_a_network_s_features_are_hardly_matters():
    model = FeatureLSTM(input_shape=(5, 13), hidden=7)
    features = 10 * np.random.default_rng(0).random((2, 5, 13), "float32")
    one, other = (keras.ops.convert_to_numpy(model(x)) for x in (features, 100 * features))
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_parameters_are_the_lstm_s_and_those_of_two_dense_layers():
    assert FeatureLSTM().count_params() == 4 * 64 * (3000 + 64 + 1) + 64 * 32 + 32 + 32 * 3 + 3


def test_it_is_for_sequences_of_features():
    assert FeatureLSTM.config_for(describe("road_features")) == {"input_shape": (50, 2880), "units": 3}
    with pytest.raises(ValueError, match="input_shape must be a tuple of 2 whole numbers"):
        FeatureLSTM(**FeatureLSTM.config_for(describe("roads")))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"units": 0}, "units must be a whole number of at least 1; got 0"),
        ({"hidden": 0}, "hidden must be a whole number of at least 1; got 0"),
        ({"dropout": -1}, r"dropout must be a number in \[0, 1\); got -1"),
    ],
)
def test_impossible_arguments_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        FeatureLSTM(**config)
