"""A user's image files: whatever their size, mode and background, the model sees what it was trained on."""

import numpy as np
import pytest
from PIL import Image

from gradschool.zoo.data.digits import frame
from gradschool.zoo.data.image_files import find_images, read_images

DIGIT, COLOUR = (28, 28, 1), (32, 32, 3)


def drawn_seven(size=60):
    """Ink 1 on paper 0, off centre."""
    ink = np.zeros((size, size), "float32")
    ink[10:14, 8:30] = 1
    ink[14:45, 26:30] = 1
    return ink


def read_one(path, shape=DIGIT, framed=True):
    ((name, image),) = read_images(path, shape, framed)
    assert name == path.name
    assert image.shape == shape
    assert image.dtype == np.float32
    assert image.min() >= 0
    assert image.max() <= 1
    return image


def save(path, array, mode=None):
    picture = Image.fromarray(np.uint8(np.round(array * 255)))
    (picture.convert(mode) if mode else picture).save(path)
    return path


def test_dark_on_light_and_light_on_dark_are_the_same_digit(tmp_path):
    light = read_one(save(tmp_path / "light.png", drawn_seven()))
    dark = read_one(save(tmp_path / "dark.png", 1 - drawn_seven()))
    np.testing.assert_allclose(light, dark, atol=0.02)
    np.testing.assert_allclose(light[..., 0], frame(drawn_seven() * 16) / 255, atol=0.02)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "1", "CMYK"])
def test_every_mode_gives_the_same_digit(tmp_path, mode):
    suffix = "tif" if mode == "CMYK" else "png"
    plain = read_one(save(tmp_path / "plain.png", 1 - drawn_seven()))
    np.testing.assert_allclose(read_one(save(tmp_path / f"other.{suffix}", 1 - drawn_seven(), mode)), plain, atol=0.05)


def test_what_is_transparent_is_paper(tmp_path):
    rgba = np.zeros((60, 60, 4), np.uint8)  # black everywhere, seen only where there is ink
    rgba[..., 3] = np.uint8(drawn_seven() * 255)
    Image.fromarray(rgba).save(tmp_path / "clear.png")
    plain = read_one(save(tmp_path / "plain.png", drawn_seven()))
    np.testing.assert_allclose(read_one(tmp_path / "clear.png"), plain, atol=0.02)


def test_sixteen_bits(tmp_path):
    Image.fromarray(np.uint16(drawn_seven() * 65535)).save(tmp_path / "deep.png")
    plain = read_one(save(tmp_path / "plain.png", drawn_seven()))
    np.testing.assert_allclose(read_one(tmp_path / "deep.png"), plain, atol=0.02)


def test_an_image_in_mnists_frame_is_left_alone(tmp_path):
    framed = frame(drawn_seven() * 16)[..., np.newaxis] / np.float32(255)
    np.testing.assert_allclose(read_one(save(tmp_path / "framed.png", framed[..., 0])), framed, atol=1e-6)


def test_colour_images_are_brought_to_size(tmp_path):
    rng = np.random.default_rng(0)
    image = rng.random((64, 64, 3))
    resized = read_one(save(tmp_path / "colour.png", image), COLOUR, framed=False)
    stored = Image.open(tmp_path / "colour.png").resize((32, 32), Image.Resampling.BICUBIC)
    np.testing.assert_allclose(resized, np.asarray(stored) / 255, atol=1.5 / 255)


def test_arrays_of_one_and_of_many(tmp_path):
    images = np.random.default_rng(0).random((3, 28, 28))
    np.save(tmp_path / "many.npy", images)
    np.save(tmp_path / "one.npy", np.uint8(images[0] * 255))
    many = read_images(tmp_path / "many.npy", DIGIT, framed=False)
    assert [name for name, _ in many] == ["many.npy[0]", "many.npy[1]", "many.npy[2]"]
    np.testing.assert_allclose(np.stack([image[..., 0] for _, image in many]), images, atol=1e-6)
    np.testing.assert_allclose(read_one(tmp_path / "one.npy", framed=False)[..., 0], images[0], atol=1 / 255)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([["a", "b"]]), "not real numbers"),
        (np.array([[1j, 2]]), "not real numbers"),
        (np.array([[{}]], dtype=object), "cannot be read as an array of numbers"),
        (np.full((28, 28), np.nan), "784 of 784 values are NaN or infinite"),
        (np.eye(28) * -1, r"must lie in \[0, 1\] or \[0, 255\]; got -1 to -?0"),
        (np.eye(28) * 256, r"got 0 to 256"),
        (np.zeros(28), r"has the shape \(28,\); needed is \(H, W\)"),
        (np.zeros((0, 28, 28)), r"has the shape \(0, 28, 28, 1\)"),
        (np.zeros((28, 28)), "shows nothing"),
    ],
)
def test_arrays_that_are_no_images(tmp_path, array, message):
    np.save(tmp_path / "bad.npy", array)
    with pytest.raises(ValueError, match=message):
        read_images(tmp_path / "bad.npy", DIGIT, framed=True)


@pytest.mark.parametrize("name", ["text.png", "empty.png", "text.npy"])
def test_files_that_are_no_images(tmp_path, name):
    (tmp_path / name).write_text("" if name == "empty.png" else "not an image")
    with pytest.raises(ValueError, match=f"{name} cannot be read"):
        read_images(tmp_path / name, DIGIT, framed=True)


def test_a_cut_off_image(tmp_path):
    whole = save(tmp_path / "whole.png", np.random.default_rng(0).random((60, 60))).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"cut\.png cannot be read"):
        read_images(tmp_path / "cut.png", DIGIT, framed=True)


def test_finding_files_in_folders(tmp_path):
    (tmp_path / "b.png").touch()
    (tmp_path / "a.JPG").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    assert [path.name for path in find_images([tmp_path, tmp_path / "notes.txt"])] == ["a.JPG", "b.png", "notes.txt"]
    with pytest.raises(ValueError, match="empty holds no image file"):
        find_images([tmp_path / "empty"])
    with pytest.raises(FileNotFoundError, match=r"there is no file or folder .*missing\.png"):
        find_images([tmp_path / "missing.png"])
