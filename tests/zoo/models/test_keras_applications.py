"""The zoo's ResNet-50 and VGG-16 against those of keras.applications, with its weights taken over."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.models.keras_applications import from_keras_applications

pytestmark = pytest.mark.slow
BUILDERS = {
    "resnet50": (keras.applications.ResNet50, 33),
    "vgg16": (keras.applications.VGG16, 32),
}


def theirs(name):
    """A model of keras.applications that gives logits, with random weights, statistics and biases among them."""
    build, side = BUILDERS[name]
    model = build(weights=None, input_shape=(side, side + 4, 3), classes=7, classifier_activation=None)
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if len(weight.shape) == 1:  # biases, scales, shifts, means and variances
            centre = 1.0 if weight.name in ("gamma", "moving_variance") else 0.0
            weight.assign(centre + rng.uniform(-0.2, 0.2, weight.shape))
    return model


def photographs(shape, count=3):
    return np.random.default_rng(0).random((count, *shape), "float32")


@pytest.mark.parametrize("name", BUILDERS)
def test_answers_equal_those_of_keras_applications(name):
    source = theirs(name)
    model = from_keras_applications(source, name)
    images = photographs(source.input_shape[1:])
    prepared = keras.applications.imagenet_utils.preprocess_input(255 * images, "channels_last", "caffe")
    expected = convert_to_numpy(source(prepared))
    found = convert_to_numpy(model(images))
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_a_file_of_weights_is_read(tmp_path):
    source = keras.applications.ResNet50(weights=None)
    source.save_weights(tmp_path / "resnet50.weights.h5")
    model = from_keras_applications(tmp_path / "resnet50.weights.h5", "resnet50", kernel_initializer="zeros")
    assert model.output_shape == (None, 1000)
    kernel = convert_to_numpy(source.get_layer("conv4_block3_2_conv").kernel)
    np.testing.assert_array_equal(convert_to_numpy(model.get_layer("stage4_block3_conv2").kernel), kernel)


def test_what_cannot_be_taken_over_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"known for resnet50, .*vgg19; got 'resnet18'"):
        from_keras_applications("weights.h5", "resnet18")
    with pytest.raises(FileNotFoundError, match=r"there is no file .*none\.h5; it would be keras\.applications'"):
        from_keras_applications(tmp_path / "none.h5", "vgg16")
    (tmp_path / "text.weights.h5").write_text("no weights")
    with pytest.raises(ValueError, match=r"text\.weights\.h5 holds no weights of keras\.applications' resnet50"):
        from_keras_applications(tmp_path / "text.weights.h5", "resnet50")
    headless = keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))
    with pytest.raises(ValueError, match="must have a fixed image size and its top"):
        from_keras_applications(headless, "vgg16")
    other = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(7)])
    with pytest.raises(ValueError, match=r"the weights of '.*' are not those of vgg16"):
        from_keras_applications(other, "vgg16")
