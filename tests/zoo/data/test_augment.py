"""Augmentation against NumPy, image by image; each draws its own, and the same key draws the same."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from gradschool.zoo.data.augment import augment_images, check_augment, crop, cutout, flip, shift

HEIGHT, WIDTH, CHANNELS = 7, 11, 3  # distinct primes: a swapped axis cannot pass unnoticed
MANY = 400
EACH = {
    "shift": lambda images, key: shift(images, key, 2),
    "crop": lambda images, key: crop(images, key, 2),
    "flip": flip,
    "cutout": lambda images, key: cutout(images, key, 3),
}
keys = st.tuples(st.integers(0, 2**31), st.integers(0, 2**31)).map(lambda pair: tf.constant(pair, tf.int64))


def noise(count=5, dtype="float32"):
    """Images without two equal pixels in a place, none of them zero."""
    values = np.random.default_rng(0).integers(1, 256, (count, HEIGHT, WIDTH, CHANNELS))
    return values.astype(dtype) if dtype == "uint8" else (values / 255).astype(dtype)


def key_of(*numbers):
    return tf.constant(numbers, tf.int64)


def rolled(image, down, right):
    """`np.roll`, with zeros where it would bring a pixel back in from the other side."""
    moved = np.roll(image, (down, right), axis=(0, 1))
    moved[: max(down, 0)] = 0
    moved[HEIGHT + min(down, 0) :] = 0
    moved[:, : max(right, 0)] = 0
    moved[:, WIDTH + min(right, 0) :] = 0
    return moved


def move_of(image, moved, candidates):
    """Which of the candidates, {move: image}, the moved image is; there must be exactly one."""
    found = [move for move, candidate in candidates(image).items() if np.array_equal(candidate, moved)]
    assert len(found) == 1
    return found[0]


def shifts(pixels):
    moves = [(down, right) for down in range(-pixels, pixels + 1) for right in range(-pixels, pixels + 1)]
    return lambda image: {move: rolled(image, *move) for move in moves}


def crops(pixels):
    def windows(image):
        padded = np.pad(image, ((pixels, pixels), (pixels, pixels), (0, 0)), mode="reflect")
        corners = [(top, left) for top in range(2 * pixels + 1) for left in range(2 * pixels + 1)]
        return {(top, left): padded[top : top + HEIGHT, left : left + WIDTH] for top, left in corners}

    return windows


@pytest.mark.slow
@given(key=keys, pixels=st.integers(1, 4))
def test_shift_is_roll_with_zeros(key, pixels):
    images = noise()
    for image, moved in zip(images, shift(images, key, pixels).numpy(), strict=True):
        move_of(image, moved, shifts(pixels))


def test_shift_draws_all_moves_about_equally_often():
    images = np.repeat(noise(1), MANY, axis=0)
    moves = [move_of(images[0], moved, shifts(1)) for moved in shift(images, key_of(0, 0), 1).numpy()]
    counts = [moves.count(move) for move in shifts(1)(images[0])]
    assert sum((count - MANY / 9) ** 2 / (MANY / 9) for count in counts) < 26.1  # chi-squared, 8 degrees: p = 0.001


@given(key=keys, pixels=st.integers(1, 4))
def test_crop_is_a_window_of_the_mirrored_image(key, pixels):
    images = noise()
    for image, moved in zip(images, crop(images, key, pixels).numpy(), strict=True):
        move_of(image, moved, crops(pixels))


def test_flip_mirrors_about_half():
    images = noise(MANY)
    flipped = flip(images, key_of(0, 0)).numpy()
    mirrored = [np.array_equal(image[:, ::-1], changed) for image, changed in zip(images, flipped, strict=True)]
    kept = [np.array_equal(image, changed) for image, changed in zip(images, flipped, strict=True)]
    assert all(one != other for one, other in zip(mirrored, kept, strict=True))
    assert abs(sum(mirrored) - MANY / 2) < 3.3 * np.sqrt(MANY) / 2


@given(key=keys, size=st.integers(1, 6))
def test_cutout_hides_one_square_and_nothing_else(key, size):
    images = noise()
    hidden = cutout(images, key, size).numpy()
    for image, changed in zip(images, hidden, strict=True):
        gone = (changed == 0).all(axis=-1)  # (HEIGHT, WIDTH)
        np.testing.assert_array_equal(changed[~gone], image[~gone])
        rows, columns = np.flatnonzero(gone.any(axis=1)), np.flatnonzero(gone.any(axis=0))
        assert gone[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        for places, side in ((rows, HEIGHT), (columns, WIDTH)):  # smaller only where it reaches over the edge
            assert len(places) == size or (len(places) < size and (places[0] == 0 or places[-1] == side - 1))


def test_cutout_is_centred_on_every_pixel_about_equally_often():
    images = np.ones((MANY, HEIGHT, WIDTH, 1), "float32")
    centres = cutout(images, key_of(0, 0), 1).numpy()[..., 0] == 0
    assert (centres.sum(axis=(1, 2)) == 1).all()
    counts = centres.sum(axis=0).ravel()
    expected = MANY / (HEIGHT * WIDTH)
    assert ((counts - expected) ** 2 / expected).sum() < 121.1  # chi-squared, 76 degrees: p = 0.001


@pytest.mark.parametrize("name", EACH)
class TestEach:
    @pytest.mark.parametrize("dtype", ["uint8", "float32"])
    def test_keeps_shape_and_dtype(self, name, dtype):
        changed = EACH[name](noise(dtype=dtype), key_of(1, 2))
        assert changed.shape == (5, HEIGHT, WIDTH, CHANNELS)
        assert changed.dtype == dtype

    def test_is_pure(self, name):
        images = noise(MANY)
        before = images.copy()
        first, again = (EACH[name](images, key_of(1, 2)).numpy() for _ in range(2))
        np.testing.assert_array_equal(first, again)
        np.testing.assert_array_equal(images, before)

    def test_other_keys_draw_otherwise(self, name):
        images = noise(MANY)
        assert not np.array_equal(EACH[name](images, key_of(1, 2)), EACH[name](images, key_of(1, 3)))

    def test_every_image_draws_its_own(self, name):
        copies = EACH[name](np.repeat(noise(1), MANY, axis=0), key_of(1, 2)).numpy()
        assert len({copy.tobytes() for copy in copies}) > 1

    def test_is_applied_by_name(self, name):
        size = {"shift": 2, "crop": 2, "flip": True, "cutout": 3}[name]
        images = noise(MANY)
        assert not np.array_equal(augment_images(images, key_of(1, 2), {name: size}), images)


def test_nothing_asked_for_changes_nothing():
    np.testing.assert_array_equal(augment_images(noise(), key_of(1, 2), {}), noise())


def test_augmentations_draw_independently():
    """Shift's moves do not follow from flip's coins: all pairs occur."""
    images = np.repeat(noise(1), MANY, axis=0)
    changed = augment_images(images, key_of(1, 2), {"shift": 1, "flip": True}).numpy()
    upright = [image.tobytes() for image in shifts(1)(images[0]).values()]
    mirrored = [image[:, ::-1].tobytes() for image in shifts(1)(images[0]).values()]
    assert {image.tobytes() for image in changed} == {*upright, *mirrored}


class TestCheck:
    @pytest.mark.parametrize("augment", [None, {}, {"shift": 0, "flip": False}])
    def test_nothing_is_switched_on(self, augment):
        assert check_augment(augment, (28, 28, 1)) == {}

    def test_nearest_names_are_suggested(self):
        with pytest.raises(ValueError, match="unknown augmentation 'shifts'; did you mean 'shift'"):
            check_augment({"shifts": 2}, (28, 28, 1))

    @pytest.mark.parametrize(
        ("augment", "message"),
        [
            ({"shift": -1}, "shift takes a whole number of pixels, 0 for none; got -1"),
            ({"crop": 1.5}, "crop takes a whole number of pixels, 0 for none; got 1.5"),
            ({"cutout": True}, "cutout takes a whole number of pixels, 0 for none; got True"),
            ({"flip": 1}, "flip is True or False; got 1"),
            ({"shift": 28}, r"shift=28 pixels is too much for images of \(28, 40\)"),
        ],
    )
    def test_sizes_that_make_no_sense_are_refused(self, augment, message):
        with pytest.raises(ValueError, match=message):
            check_augment(augment, (28, 40, 1))

    def test_samples_that_are_no_images_are_refused(self):
        with pytest.raises(ValueError, match=r"shift changes images; these samples have the shape \(28,\)"):
            check_augment({"shift": 2}, (28,))

    def test_what_is_no_dict_is_refused(self):
        with pytest.raises(ValueError, match="augment must be a dict"):
            check_augment("shift", (28, 28, 1))
