"""One layer for all frames at once, against the layer for one after the other."""

import keras
import numpy as np
import pytest
from keras import ops

from gradschool.zoo.layers.per_frame import PerFrame


@pytest.mark.parametrize("layer", [keras.layers.Conv2D(5, 3, 2), keras.layers.Dense(7), keras.layers.Flatten()])
def test_each_frame_gets_what_the_layer_gives_it(layer):
    frames = np.random.default_rng(0).random((2, 3, 11, 13, 4), "float32")
    outputs = ops.convert_to_numpy(PerFrame(layer)(frames))
    for step in range(3):
        np.testing.assert_allclose(outputs[:, step], ops.convert_to_numpy(layer(frames[:, step])), atol=1e-5)


def test_it_goes_by_the_layer_s_name_and_precision_and_survives_a_save():
    layer = PerFrame(keras.layers.Conv2D(5, 3, name="conv1", dtype="mixed_bfloat16"))
    assert (layer.name, layer.dtype_policy.name) == ("conv1", "mixed_bfloat16")
    outputs = layer(ops.ones((2, 3, 11, 13, 4)))
    assert keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"
    copy = PerFrame.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    assert len(layer.get_weights()) == 2


def test_shapes_are_known_beforehand():
    layer = PerFrame(keras.layers.Conv2D(5, 3))
    assert layer(keras.Input((3, 11, 13, 4))).shape == (None, 3, 9, 11, 5)
    assert layer.compute_output_shape((None, 3, 11, 13, 4)) == (None, 3, 9, 11, 5)
