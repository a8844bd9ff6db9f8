"""Occlusion against a loop that covers one patch at a time, and where a formula gives it."""

import keras
import numpy as np
import pytest
from keras import layers

from gradschool.zoo.inspection.occlusion import occlusion
from gradschool.zoo.models.lenet import LeNet5


def noise(*shape):
    return np.random.default_rng(0).random(shape, "float32")


@pytest.mark.slow
def test_a_loop_gives_the_same():
    model, images = LeNet5((13, 17, 1), classes=3), noise(2, 13, 17, 1)
    found = occlusion(model, images, classes=[2, 0], size=5, stride=3, fill=0.5, batch_size=4)
    for image, chosen, heat in zip(images, (2, 0), found, strict=True):

        def score(one, chosen=chosen):
            return keras.ops.convert_to_numpy(model(one[np.newaxis]))[0, chosen]

        drops = {}
        for top in (0, 3, 6, 8):
            for left in (0, 3, 6, 9, 12):
                covered = image.copy()
                covered[top : top + 5, left : left + 5] = 0.5
                drops[top, left] = score(image) - score(covered)
        for y in range(13):
            for x in range(17):
                over = [drop for (top, left), drop in drops.items() if top <= y < top + 5 and left <= x < left + 5]
                assert heat[y, x] == pytest.approx(np.mean(over), rel=1e-3, abs=1e-5)


def linear(shape):
    """A model whose score is a weighted sum of the pixels."""
    return keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(2, name="dense")])


def test_of_a_linear_model_one_pixel_s_drop_is_its_share_of_the_score():
    model, images = linear((4, 5, 2)), noise(3, 4, 5, 2)
    kernel = keras.ops.convert_to_numpy(model.layers[-1].kernel)[:, 1].reshape(4, 5, 2)
    by_hand = (kernel * images).sum(axis=-1)
    np.testing.assert_allclose(occlusion(model, images, 1, size=1), by_hand, rtol=1e-3, atol=1e-5)


def test_by_default_it_explains_the_model_s_answer():
    model, images = linear((8, 8, 1)), noise(4, 8, 8, 1)
    answers = keras.ops.convert_to_numpy(model(images)).argmax(axis=-1)
    np.testing.assert_array_equal(occlusion(model, images), occlusion(model, images, list(answers)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 9}, "size must be a whole number of pixels from 1 to 8; got 9"),
        ({"size": 0}, "size must be a whole number of pixels from 1 to 8; got 0"),
        ({"size": 3, "stride": 4}, "stride must be a whole number of pixels from 1 to size=3; got 4"),
        ({"classes": 2}, "classes must be a number from 0 to 1"),
    ],
)
def test_mistakes_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        occlusion(linear((8, 8, 1)), noise(2, 8, 8, 1), **arguments)
