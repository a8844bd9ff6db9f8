"""The images that activate a unit most, against a search through all outputs at once."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from gradschool.zoo.inspection.most_activating import most_activating
from gradschool.zoo.models.lenet import LeNet5

IMAGES = np.random.default_rng(0).random((23, 28, 28, 1), "float32")


def sums(model, name):
    """What goes into a layer's activation, tanh, for all images at once."""
    outputs = keras.Model(model.inputs[0], model.get_layer(name).output)(IMAGES)
    return np.arctanh(ops.convert_to_numpy(outputs).astype("float64"))


@pytest.mark.parametrize("batch_size", [1, 4, 64])
def test_it_finds_what_a_search_through_everything_finds(batch_size):
    model = LeNet5()
    every = sums(model, "conv2")  # (23, 10, 10, 16)
    found = most_activating(model, IMAGES, "conv2", units=[3, 11], count=5, batch_size=batch_size)
    for one, unit in zip(found, (3, 11), strict=True):
        best = every[..., unit].reshape(23, -1).max(axis=1)
        order = np.argsort(-best)[:5]
        np.testing.assert_array_equal(one.indices, order)
        np.testing.assert_allclose(one.values, best[order], rtol=1e-3)
        for index, (row, column) in zip(one.indices, one.places, strict=True):
            assert every[index, row, column, unit] == every[index, ..., unit].max()


def test_the_patch_is_what_the_unit_saw():
    """Everything else may be gone, and the unit answers the same."""
    model = LeNet5()
    (found,) = most_activating(model, IMAGES, "conv2", units=[5], count=3)
    for index, value, (row, column), ((top, bottom), (left, right)), patch in zip(
        found.indices, found.values, found.places, found.boxes, found.patches(IMAGES), strict=True
    ):
        alone = np.zeros((1, 28, 28, 1), "float32")
        alone[0, top : bottom + 1, left : right + 1] = patch
        np.testing.assert_array_equal(patch, IMAGES[index, top : bottom + 1, left : right + 1])
        maps = ops.convert_to_numpy(keras.Model(model.inputs[0], model.get_layer("conv2").output)(alone))
        assert maps[0, row, column, 5] == pytest.approx(np.tanh(value), rel=1e-4)


def test_a_dense_unit_has_no_place_and_sees_whole_images():
    model = LeNet5()
    (found,) = most_activating(model, IMAGES, "dense2", units=[7], count=4)
    order = np.argsort(-sums(model, "dense2")[:, 7])[:4]
    np.testing.assert_array_equal(found.indices, order)
    assert (found.places, found.boxes) == (None, None)
    np.testing.assert_array_equal(found.patches(IMAGES), IMAGES[order])


def test_equal_values_come_in_the_images_order_and_there_may_be_few():
    model = keras.Sequential([keras.Input((4, 4, 1)), layers.MaxPooling2D(2, name="pool")])
    (found,) = most_activating(model, np.ones((5, 4, 4, 1), "float32"), "pool", count=9, batch_size=2)
    assert found.indices.tolist() == [0, 1, 2, 3, 4]
    assert found.places.tolist() == [[0, 0]] * 5


def test_only_a_batch_is_ever_held():
    class Slices:
        """Images that can only be had in small slices."""

        shape = IMAGES.shape
        asked: list[int] = []  # noqa: RUF012

        def __len__(self):
            return len(IMAGES)

        def __getitem__(self, part):
            self.asked.append(part.stop - part.start)
            return IMAGES[part]

    found = most_activating(LeNet5(), Slices(), "conv1", units=[0], batch_size=5)
    assert set(Slices.asked) == {5}
    assert len(found[0].indices) == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": [16]}, "units of conv2 are numbered from 0 to 15; got 16"),
        ({"units": [-1]}, "units of conv2 are numbered from 0 to 15; got -1"),
        ({"count": 0}, "count must be a whole number of at least 1; got 0"),
        ({"layer": "conv9"}, "unknown layer of lenet5 'conv9'"),
    ],
)
def test_mistakes_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        most_activating(LeNet5(name="lenet5"), IMAGES, **{"layer": "conv2", **arguments})
