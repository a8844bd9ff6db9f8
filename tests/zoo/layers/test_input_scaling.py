"""What is done to pixels, against keras.applications' own preprocessing."""

import keras
import numpy as np
import pytest
from keras import ops
from keras.ops import convert_to_numpy

from gradschool.zoo.layers.input_scaling import InputScaling, check_scaling, scale_input


def scaled(name, images, dtype="float32"):
    x = keras.Input(images.shape[1:])
    scaling = keras.Model(x, scale_input(x, name, dtype))
    assert keras.backend.standardize_dtype(scaling.output.dtype) == keras.DTypePolicy(dtype).compute_dtype
    return convert_to_numpy(ops.cast(scaling(images), "float32"))


def images(channels=3):
    return np.random.default_rng(0).random((2, 3, 5, channels), "float32")


@pytest.mark.parametrize(("name", "mode"), [("imagenet", "torch"), ("symmetric", "tf"), ("caffe", "caffe")])
def test_pixels_are_scaled_as_keras_applications_does(name, mode):
    preprocess = keras.applications.imagenet_utils.preprocess_input
    expected = preprocess(255 * images(), data_format="channels_last", mode=mode)
    expected = expected[..., ::-1] if mode == "caffe" else expected  # blue first
    np.testing.assert_allclose(scaled(name, images()), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float16"])
def test_half_precision_rounds_what_comes_out_and_not_what_comes_in(dtype):
    expected = scaled("caffe", images())
    np.testing.assert_allclose(scaled("caffe", images(), dtype), expected, rtol=2**-8, atol=1e-3)


def test_none_leaves_them_as_they_are():
    x = keras.Input((3, 5, 3))
    assert scale_input(x, "none", keras.DTypePolicy("float32")) is x
    assert check_scaling(None, 3) == "none"
    np.testing.assert_allclose(scaled("symmetric", images(1)), 2 * images(1) - 1, atol=1e-6)


def test_wrong_names_and_channels_are_refused():
    with pytest.raises(ValueError, match="unknown input_scaling 'cafe'; did you mean 'caffe'"):
        check_scaling("cafe", 3)
    with pytest.raises(ValueError, match="input_scaling='caffe' is for images of 3 channels; got 1"):
        check_scaling("caffe", 1)


def test_the_config_makes_the_same():
    layer = InputScaling((0.1, 0.2), (0.5, 0.6), name="scaling")
    assert InputScaling.from_config(layer.get_config()).get_config() == layer.get_config()
