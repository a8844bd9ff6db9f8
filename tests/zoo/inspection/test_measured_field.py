"""The influence of pixels on a unit, where a formula gives it."""

import keras
import numpy as np
import pytest
from keras import layers

from gradschool.zoo.inspection.measured_field import measured_field
from gradschool.zoo.models.lenet import LeNet5


def box_filters(depth, size=3, side=41):
    """So many convolutions that each take the mean of a box."""
    stack = [layers.Conv2D(1, size, kernel_initializer="ones", use_bias=False) for _ in range(depth)]
    return keras.Sequential([keras.Input((side, side, 1)), *stack, layers.Activation("linear", name="last")])


@pytest.mark.parametrize(("depth", "size"), [(1, 5), (4, 3), (9, 3)])
def test_variances_of_box_filters_add_up(depth, size):
    """Each has the variance (k^2 - 1) / 12, so that the width grows with the root of the number of layers."""
    field = measured_field(box_filters(depth, size), "last", np.zeros((1, 41, 41, 1), "float32"))
    expected = 4 * np.sqrt(depth * (size**2 - 1) / 12)
    np.testing.assert_allclose(field.effective_size, [expected, expected], rtol=1e-5)
    assert [last - first + 1 for first, last in field.support] == [1 + depth * (size - 1)] * 2


def test_two_convolutions_are_the_product_of_their_kernels():
    field = measured_field(box_filters(2), "last", np.zeros((1, 41, 41, 1), "float32"))
    triangle = np.array([1, 2, 3, 2, 1]) / 3
    (top, bottom), (left, right) = field.support
    patch = field.influence[top : bottom + 1, left : right + 1]
    np.testing.assert_allclose(patch, np.outer(triangle, triangle), rtol=1e-5)


def test_one_channel_of_a_vector_is_its_row_of_weights():
    model = keras.Sequential([keras.Input((3, 5, 2)), layers.Flatten(), layers.Dense(4, name="dense")])
    field = measured_field(model, "dense", np.zeros((2, 3, 5, 2), "float32"), channel=1)
    weights = np.abs(keras.ops.convert_to_numpy(model.layers[-1].kernel)[:, 1]).reshape(3, 5, 2).sum(axis=-1)
    np.testing.assert_allclose(field.influence, weights / weights.max(), rtol=1e-5)
    assert field.unit == ()


def test_a_dead_unit_is_moved_by_nothing():
    model = keras.Sequential([keras.Input((5, 5, 1)), layers.Conv2D(2, 3, kernel_initializer="zeros", name="conv")])
    field = measured_field(model, "conv", np.ones((1, 5, 5, 1), "float32"))
    assert (field.support, field.effective_size) == ((), (0.0, 0.0))


def test_it_does_not_matter_how_many_images_come_at_a_time():
    model, images = LeNet5(), np.random.default_rng(0).random((5, 28, 28, 1), "float32")
    one, all_together = (measured_field(model, "conv2", images, batch_size=size).influence for size in (1, 8))
    np.testing.assert_allclose(one, all_together, rtol=1e-4, atol=1e-6)
    assert not any("call" in vars(layer) for layer in model.layers)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layer": "conv3"}, "unknown layer of lenet5 'conv3'"),
        ({"unit": (10, 0)}, "unit must be a place in a map of 10x10 places; got"),
        ({"unit": (1,)}, "unit must be a place in a map of 10x10 places"),
        ({"channel": 16}, "channel must be from 0 to 15; got 16"),
        ({"images": np.zeros((2, 28, 29, 1), "float32")}, r"images must have the shape \(N, 28, 28, 1\)"),
        ({"images": np.zeros((0, 28, 28, 1), "float32")}, r"N >= 1; got \(0, 28, 28, 1\)"),
    ],
)
def test_mistakes_are_named(arguments, message):
    images = np.zeros((2, 28, 28, 1), "float32")
    with pytest.raises(ValueError, match=message):
        measured_field(LeNet5(name="lenet5"), **{"layer": "conv2", "images": images, **arguments})
