"""The 3D network against convolutions written as sums, and against PilotNet's sizes."""

import keras
import numpy as np
import pytest
from scipy.signal import correlate

from gradschool.zoo.data.catalogue import describe
from gradschool.zoo.inspection.layer_table import layer_table
from gradschool.zoo.models.conv3d import Conv3DNet
from gradschool.zoo.models.pilotnet import PilotNet


def test_its_sizes_are_pilotnet_s_and_ten_frames_become_one():
    rows = [row for row in layer_table(Conv3DNet()) if row.parameters]
    assert [row.output_shape for row in rows[:5]] == [
        (8, 31, 98, 24), (6, 14, 47, 36), (4, 5, 22, 48), (2, 3, 20, 64), (1, 1, 18, 64),
    ]  # fmt: skip
    single = [row for row in layer_table(PilotNet()) if row.parameters]
    for one, through_time in zip(single, rows, strict=True):
        assert one.output_shape == through_time.output_shape[-len(one.output_shape) :] or one.name == "steering"
    assert rows[0].parameters == 3 * 5 * 5 * 3 * 24 + 24
    assert rows[4].parameters == 2 * 3 * 3 * 64 * 64 + 64


def test_the_first_convolution_is_a_correlation_in_three_axes():
    model = Conv3DNet(input_shape=(9, 61, 67, 3), width=2, units=1)
    frames = np.random.default_rng(0).random((1, 9, 61, 67, 3), "float32")
    first = keras.Model(model.input, model.get_layer("conv1").output)
    kernel, bias = model.get_layer("conv1").get_weights()
    for channel in range(2):
        full = correlate(2 * frames[0] - 1, kernel[..., channel], mode="valid")[..., 0]
        expected = full[:, ::2, ::2] + bias[channel]
        np.testing.assert_allclose(keras.ops.convert_to_numpy(first(frames))[0, ..., channel], expected, atol=1e-4)


def test_fewer_frames_are_refused_and_more_are_taken():
    assert Conv3DNet(input_shape=(13, 61, 61, 1), width=1).get_layer("conv5").kernel_size == (5, 3, 3)
    with pytest.raises(ValueError, match="Conv3DNet needs at least 9 frames of at least 61x61 pixels"):
        Conv3DNet(input_shape=(8, 66, 200, 3))


def test_it_is_for_sequences_of_frames():
    assert Conv3DNet.config_for(describe("road_sequences")) == {"input_shape": (10, 66, 100, 3), "units": 3}
    with pytest.raises(ValueError, match="Conv3DNet takes sequences of frames"):
        Conv3DNet(**Conv3DNet.config_for(describe("roads")))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"units": 0}, "units must be a whole number of at least 1; got 0"),
        ({"width": 0}, "width must be a whole number of at least 1; got 0"),
        ({"dropout": 1.0}, r"dropout must be a number in \[0, 1\); got 1"),
    ],
)
def test_impossible_arguments_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        Conv3DNet(**config)
