"""One reader: what a model is trained on, from a folder, is what it is shown of the same file afterwards."""

import numpy as np
import pytest
from PIL import Image

from gradschool.zoo.data import load_data
from gradschool.zoo.data.image_files import find_images, read_images
from gradschool.zoo.data.picture_reader import SUFFIXES, read_picture, resize_picture

HEIGHT, WIDTH = 11, 17
RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 256, (HEIGHT, WIDTH), "uint8")
COLOUR = RNG.integers(0, 256, (HEIGHT, WIDTH, 3), "uint8")
CLEAR = RNG.integers(0, 256, (HEIGHT, WIDTH, 4), "uint8")
DEEP = RNG.integers(0, 65536, (HEIGHT, WIDTH), "uint16")


def save(path, pixels, **options):
    Image.fromarray(pixels).save(path, **options)


def rotated(path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by 90 degrees to the right
    save(path, COLOUR, exif=exif)


WRITERS = {
    "gray.png": lambda path: save(path, GRAY),
    "gray.pgm": lambda path: save(path, GRAY),
    "colour.png": lambda path: save(path, COLOUR),
    "colour.ppm": lambda path: save(path, COLOUR),
    "colour.jpg": lambda path: save(path, COLOUR),
    "rotated.jpg": rotated,
    "rotated.png": rotated,
    "clear.png": lambda path: save(path, CLEAR),
    "bits.png": lambda path: Image.fromarray(GRAY).convert("1").save(path),
    "palette.gif": lambda path: Image.fromarray(COLOUR).convert("P").save(path),
    "deep.png": lambda path: save(path, DEEP),
    "deep.tif": lambda path: save(path, DEEP),
    "deep_dark.png": lambda path: save(path, DEEP % 2),
    "real.tif": lambda path: save(path, np.float32(DEEP / 65535)),
    "real_255.tif": lambda path: save(path, np.float32(GRAY)),
}


@pytest.mark.parametrize("color_mode", [None, "grayscale", "rgb"])
@pytest.mark.parametrize("image_size", [None, (5, 7), (23, 29)])
@pytest.mark.parametrize("name", WRITERS)
def test_training_and_predicting_see_the_same(tmp_path, name, image_size, color_mode):
    for label in ("a", "b"):
        for number in range(5):
            folder = tmp_path / "images" / label
            folder.mkdir(parents=True, exist_ok=True)
            WRITERS[name](folder / f"{number}_{name}")
    data = load_data(tmp_path / "images", image_size=image_size, color_mode=color_mode, validation_share=0)
    trained_on = data.arrays("train")[0][0]
    (file, *_) = find_images([tmp_path / "images" / "a"])
    ((_, shown),) = read_images(file, data.description.input_shape, framed=False)
    np.testing.assert_allclose(shown, trained_on, atol=0.51 / 255)


def test_a_rotated_image_is_turned_upright(tmp_path):
    rotated(tmp_path / "rotated.png")
    np.testing.assert_allclose(read_picture(tmp_path / "rotated.png"), np.rot90(COLOUR, -1) / 255, atol=1e-6)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_kept(tmp_path, suffix):
    for number, pixels in enumerate([DEEP, DEEP % 2]):  # a nearly black image stays so
        save(tmp_path / f"{number}.{suffix}", pixels)
        image = read_picture(tmp_path / f"{number}.{suffix}", channels=1)
        np.testing.assert_allclose(image[..., 0], pixels / 65535, atol=1e-7)


def test_real_numbers_lie_in_a_range(tmp_path):
    save(tmp_path / "high.tif", np.full((3, 5), 256, "float32"))
    with pytest.raises(ValueError, match=r"high\.tif: values must lie in \[0, 1\] or \[0, 255\]; got 256 to 256"):
        read_picture(tmp_path / "high.tif")


@pytest.mark.parametrize("size", [(5, 7), (40, 50)])
def test_resizing_keeps_the_range_and_a_plain_image(size):
    image = resize_picture(RNG.integers(0, 2, (HEIGHT, WIDTH, 3)).astype("float32"), size)
    assert image.shape == (*size, 3)
    assert image.min() >= 0
    assert image.max() <= 1
    np.testing.assert_allclose(resize_picture(np.full((HEIGHT, WIDTH, 1), 0.3), size), 0.3, atol=1e-6)


def test_every_picture_that_can_be_trained_on_is_found(tmp_path):
    for suffix in SUFFIXES:
        (tmp_path / f"image{suffix}").touch()
    assert len(find_images([tmp_path])) == len(SUFFIXES)
