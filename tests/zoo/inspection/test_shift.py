"""The shift test on models whose answer to a moved image is known."""

import keras
import numpy as np
import pytest
from keras import layers

from gradschool.zoo.inspection.shift import DIRECTIONS, shift_accuracy, shifted


def test_moving_against_a_padded_cut():
    images = np.random.default_rng(0).random((3, 7, 9, 2))
    for rows, columns in ((0, 0), (2, 0), (-3, 0), (0, 4), (0, -1), (2, -5)):
        padded = np.pad(images, ((0, 0), (8, 8), (8, 8), (0, 0)))
        expected = padded[:, 8 - rows : 15 - rows, 8 - columns : 17 - columns]
        np.testing.assert_array_equal(shifted(images, rows, columns), expected)


def test_the_images_themselves_stay():
    images = np.ones((1, 3, 3, 1))
    shifted(images, 1, 1)
    assert images.all()


def one_pixel(top, left):
    image = np.zeros((9, 9, 1), "float32")
    image[top, left] = 1
    return image


def anywhere():
    """Tells by the largest pixel, wherever it is, whether there is one."""
    bias = keras.initializers.Constant([0.0, 0.5])
    kernel = keras.initializers.Constant([[1.0, 0.0]])
    head = layers.Dense(2, kernel_initializer=kernel, bias_initializer=bias)
    return keras.Sequential([keras.Input((9, 9, 1)), layers.GlobalMaxPooling2D(), head])


def in_the_middle():
    """Looks at the pixel in the middle alone."""
    bias = keras.initializers.Constant([0.0, 0.5])
    kernel = np.zeros((81, 2), "float32")
    kernel[40, 0] = 1
    head = layers.Dense(2, kernel_initializer=lambda shape, dtype=None: kernel, bias_initializer=bias)
    return keras.Sequential([keras.Input((9, 9, 1)), layers.Flatten(), head])


@pytest.mark.slow
def test_one_knows_what_has_moved_and_the_other_does_not():
    images, labels = np.stack([one_pixel(4, 4), np.zeros((9, 9, 1))]), np.array([0, 1])
    models = {"anywhere": anywhere(), "in_the_middle": in_the_middle()}
    first, second = shift_accuracy(models, images, labels, shifts=[0, 1, 4, 5])
    assert (first.accuracies, first.parameters) == ((1.0, 1.0, 1.0, 0.5), 4)  # at 5 pixels, it has left the image
    assert (second.accuracies, second.parameters) == ((1.0, 0.5, 0.5, 0.5), 164)


@pytest.mark.slow
def test_the_mean_is_over_the_directions():
    images, labels = np.stack([one_pixel(4, 3)]), np.array([0])
    (curve,) = shift_accuracy({"middle": in_the_middle()}, images, labels, shifts=[1])
    assert curve.accuracies == (0.25,)  # only a step to the right brings it there
    (curve,) = shift_accuracy({"middle": in_the_middle()}, images, labels, [1], directions=[(0, 1)])
    assert curve.accuracies == (1.0,)
    assert len(set(DIRECTIONS)) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shifts": [9]}, "shifts must be whole numbers of pixels from 0 to 8; got 9"),
        ({"shifts": [-1]}, "shifts must be whole numbers of pixels from 0 to 8; got -1"),
        ({"labels": np.zeros(3)}, r"labels must have the shape \(2,\), one for each image; got \(3,\)"),
        ({"models": {}}, "at least one model"),
        ({"images": np.zeros((2, 9, 8, 1))}, r"images must have the shape \(N, 9, 9, 1\)"),
    ],
)
def test_mistakes_are_named(arguments, message):
    usual = {"models": {"any": anywhere()}, "images": np.zeros((2, 9, 9, 1)), "labels": np.zeros(2)}
    with pytest.raises(ValueError, match=message):
        shift_accuracy(**{**usual, **arguments})


def test_a_model_with_one_output_tells_no_classes_apart():
    model = keras.Sequential([keras.Input((9, 9, 1)), layers.Flatten(), layers.Dense(1)], name="one")
    with pytest.raises(ValueError, match="one must tell classes apart"):
        shift_accuracy({"one": model}, np.zeros((2, 9, 9, 1)), np.zeros(2))
