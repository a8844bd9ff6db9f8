"""The embedded digits against what MNIST's frame promises, and against scikit-learn's originals."""

import numpy as np
import pytest
from scipy import ndimage
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from gradschool.zoo.data import load_data
from gradschool.zoo.data.catalogue import describe
from gradschool.zoo.data.digits import frame, load


@pytest.fixture(scope="module")
def digits():
    return load_data("digits")


def everything(data):
    images, labels = zip(*(data.arrays(part) for part in ("train", "validation", "test")), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def test_all_1797_images_and_their_classes_are_there(digits):
    images, labels = everything(digits)
    assert images.shape == (1797, 28, 28, 1)
    assert images.dtype == "float32"
    assert labels.dtype == "int32"
    assert images.min() == 0
    assert 0.9 < images.max() <= 1
    np.testing.assert_array_equal(np.bincount(labels), np.bincount(load_digits().target))


def test_the_ink_fits_mnists_box_and_fills_it(digits):
    ink = everything(digits)[0][..., 0] > 0  # (N, 28, 28)
    heights = [np.ptp(np.flatnonzero(image.any(axis=1))) + 1 for image in ink]
    widths = [np.ptp(np.flatnonzero(image.any(axis=0))) + 1 for image in ink]
    assert max(heights + widths) <= 20
    assert np.median(heights) >= 18


def test_the_centre_of_mass_is_mnists(digits):
    centres = np.array([ndimage.center_of_mass(image) for image in everything(digits)[0][..., 0]])
    assert np.abs(centres - 14).max() <= 0.5 + 1e-3  # whole pixels: at most half a pixel off


def test_edges_are_smooth(digits):
    images = everything(digits)[0]
    grey = (images > 0) & (images < images.max())
    assert grey.sum() > 0.3 * (images > 0).sum()


def test_a_frame_keeps_proportions():
    tall = np.zeros((8, 8))
    tall[:, 2:4] = 16  # four times as high as wide
    rows, columns = np.nonzero(frame(tall) > 127)
    assert np.ptp(rows) + 1 == pytest.approx(4 * (np.ptp(columns) + 1), abs=3)


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 2), (1, 300), (300, 1), (1, 3), (2, 40)])
def test_dots_and_thin_lines_stay_in_the_frame(size):
    ink = np.zeros((400, 400))
    ink[17 : 17 + size[0], 31 : 31 + size[1]] = 16
    framed = frame(ink)
    assert framed.shape == (28, 28)
    assert framed.max() > 0
    assert np.abs(np.array(ndimage.center_of_mass(framed)) - 14).max() <= 1


def test_an_image_without_ink_is_refused():
    with pytest.raises(ValueError, match="shows no ink"):
        frame(np.zeros((8, 8)))


def test_the_split_is_stratified_and_disjoint(digits):
    assert digits.description.samples == {"train": 1294, "validation": 144, "test": 359}
    share = np.bincount(load_digits().target) / 1797
    for part, count in digits.description.samples.items():
        assert np.abs(np.bincount(digits.arrays(part)[1]) - share * count).max() <= 1
    pictures = [{image.tobytes() for image in digits.arrays(part)[0]} for part in digits.description.samples]
    assert sum(map(len, pictures)) == 1797  # no two originals are equal, so none is in two parts
    assert len(set.union(*pictures)) == 1797


@pytest.mark.slow
def test_five_folds_test_every_digit_once():
    tests = [load(seed=3, validation_share=0.1, fold=(k, 5)).parts["test"] for k in range(5)]
    assert len({image.tobytes() for images, _ in tests for image in images}) == 1797
    assert sum(len(labels) for _, labels in tests) == 1797


def test_labels_belong_to_their_images(digits):
    (images, labels), (unseen, expected) = digits.arrays("train"), digits.arrays("test")
    neighbours = KNeighborsClassifier(3).fit(images.reshape(len(images), -1), labels)
    assert neighbours.score(unseen.reshape(len(unseen), -1), expected) > 0.95


def test_the_stored_description_is_the_loaded_one(digits):
    assert digits.description == describe("digits")
