"""Cutting photographs, against Pillow and by where the pixels came from."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from gradschool.zoo.data.photographs import AREA, RATIO, central_photograph, check_crop, random_photograph

HEIGHT, WIDTH = 120, 90


def jpeg_of(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=100, subsampling=0)
    return tf.constant(file.getvalue())


def gradient(height=HEIGHT, width=WIDTH):
    """Red says in which row a pixel lies, green in which column: 2 levels for each."""
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    return np.stack([2 * rows, 2 * columns, np.full_like(rows, 128)], axis=-1).astype("uint8")


def box_of(image):
    """Rows and columns that an image of `gradient` shows: top, left, height, width, to within a pixel or two."""
    red, green = image[..., 0] * 127.5, image[..., 1] * 127.5
    size = len(image)
    height, width = (np.median(one[-1] - one[0]) * size / (size - 1) for one in (red, green.T))
    return np.median(red[0]), np.median(green[:, 0]), height, width


def key_of(number):
    return tf.constant([5, number], tf.int64)


def test_the_middle_is_pillow_s():
    colour = np.random.default_rng(0).integers(0, 256, (8, 6, 3)).astype("uint8")
    picture = Image.fromarray(colour).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=95)
    ours = central_photograph(tf.constant(file.getvalue()), 56, 64).numpy()
    side = round(WIDTH * 56 / 64)
    top, left = (HEIGHT - side) // 2, (WIDTH - side) // 2
    window = Image.open(file).crop((left, top, left + side, top + side)).resize((56, 56), Image.Resampling.BILINEAR)
    assert np.abs(ours * 255 - np.asarray(window, "float32")).mean() < 1.5
    assert (ours.min(), ours.max()) >= (0, 0)
    assert ours.max() <= 1


def test_gray_becomes_colour():
    image = central_photograph(jpeg_of(gradient()[..., 0]), 32, 36).numpy()
    np.testing.assert_allclose(image[..., 0], image[..., 2])


@pytest.mark.parametrize("crop", ["resized", "shorter_side"])
def test_the_key_decides(crop):
    jpeg = jpeg_of(gradient())
    one, again, other = (random_photograph(jpeg, key_of(number), crop, 32, 48).numpy() for number in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_random_pieces_have_areas_and_ratios_of_their_range():
    jpeg = jpeg_of(gradient())
    boxes = np.array([box_of(random_photograph(jpeg, key_of(n), "resized", 64, 73).numpy()) for n in range(150)])
    area = boxes[:, 2] * boxes[:, 3] / (HEIGHT * WIDTH)
    ratio = boxes[:, 3] / boxes[:, 2]
    assert area.min() > AREA[0] - 0.02
    assert area.max() < AREA[1] + 0.04
    assert area.min() < 0.2 < 0.8 < area.max()
    assert ratio.min() > RATIO[0] - 0.06
    assert ratio.max() < RATIO[1] + 0.1


def test_random_windows_have_one_size_and_lie_anywhere():
    jpeg = jpeg_of(gradient())
    boxes = np.array([box_of(random_photograph(jpeg, key_of(n), "shorter_side", 48, 64).numpy()) for n in range(100)])
    side = WIDTH * 48 / 64
    np.testing.assert_allclose(boxes[:, 2:], side, atol=3)
    free = np.array([HEIGHT - side, WIDTH - side])
    assert (boxes[:, :2].min(axis=0) < 0.1 * free + 2).all()
    assert (boxes[:, :2].max(axis=0) > 0.9 * free - 2).all()


def test_settings():
    assert check_crop("resized", 224, None) == 256
    assert check_crop("shorter_side", 227, 256) == 256
    for arguments, message in (
        (("centre", 224, None), "unknown crop 'centre'"),
        (("resized", 4, None), "size must be a whole number of pixels, at least 8; got 4"),
        (("resized", 224, 200), "shorter_side must be a whole number of pixels, at least size=224; got 200"),
    ):
        with pytest.raises(ValueError, match=message):
            check_crop(*arguments)
