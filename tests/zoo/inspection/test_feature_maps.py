"""Feature maps are what the layers give."""

import keras
import numpy as np
import pytest

from gradschool.zoo.inspection.feature_maps import feature_maps, layers_with_maps
from gradschool.zoo.models.lenet import LeNet5
from gradschool.zoo.models.mlp import MLP

IMAGES = np.random.default_rng(0).random((5, 28, 28, 1), "float32")


def test_all_layers_with_maps_at_once_and_in_batches():
    model = LeNet5()
    found = feature_maps(model, IMAGES, batch_size=2)
    assert {name: maps.shape for name, maps in found.items()} == {
        "conv1": (5, 28, 28, 6),
        "pool1": (5, 14, 14, 6),
        "conv2": (5, 10, 10, 16),
        "pool2": (5, 5, 5, 16),
    }
    expected = keras.ops.convert_to_numpy(keras.Model(model.inputs[0], model.get_layer("conv2").output)(IMAGES))
    np.testing.assert_allclose(found["conv2"], expected, rtol=1e-4, atol=1e-5)


def test_a_layer_without_maps_gives_its_vector_when_asked():
    assert feature_maps(LeNet5(), IMAGES, ["dense1"])["dense1"].shape == (5, 120)
    assert layers_with_maps(MLP()) == []


def test_an_unknown_layer():
    with pytest.raises(ValueError, match="unknown layer of lenet5 'pool3'; did you mean 'pool"):
        feature_maps(LeNet5(name="lenet5"), IMAGES, "pool3")
