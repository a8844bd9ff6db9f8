"""A user's folder of images: the pixels and classes that stand there, and every mistake named by its file."""

import re

import numpy as np
import pytest
from PIL import Image

from gradschool.zoo.data import load_data

HEIGHT, WIDTH = 5, 7
PARTS = ("train", "validation", "test")


def picture(number, mode="L"):
    channels = {"L": (), "RGB": (3,), "RGBA": (4,)}[mode]
    pixels = np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, *channels), dtype="uint8")
    return Image.fromarray(pixels, mode=None)


def fill(folder, classes=("cat", "ant", "bee"), count=20, mode="L", start=0):
    for position, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            picture(start + 1000 * position + number, mode).save(folder / name / f"{number:03}.png")
    return folder


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3)])
def test_every_image_is_in_one_part_under_its_class(tmp_path, mode, channels):
    data = load_data(fill(tmp_path / "pets", mode=mode))
    assert data.description.class_names == ("ant", "bee", "cat")  # sorted
    assert data.description.input_shape == (HEIGHT, WIDTH, channels)
    assert data.description.samples == {"train": 43, "validation": 5, "test": 12}
    found = [(x.tobytes(), int(y)) for part in PARTS for x, y in zip(*data.arrays(part), strict=True)]
    expected = []
    for label, name in enumerate(data.description.class_names):
        for file in (tmp_path / "pets" / name).iterdir():
            pixels = np.asarray(Image.open(file), "float32").reshape(HEIGHT, WIDTH, channels) / np.float32(255)
            expected.append((pixels.tobytes(), label))
    assert sorted(found) == sorted(expected)


def test_parts_keep_every_classs_share(tmp_path):
    data = load_data(fill(tmp_path))
    assert np.bincount(data.arrays("test")[1]).tolist() == [4, 4, 4]


def test_folds_test_every_image_once(tmp_path):
    fill(tmp_path)
    tests = [load_data(tmp_path, fold=(k, 4)).arrays("test")[0] for k in range(4)]
    assert len({x.tobytes() for images in tests for x in images}) == 60


def test_a_test_part_set_aside_stays_the_test_part(tmp_path):
    fill(tmp_path / "train")
    fill(tmp_path / "test", count=3, start=500)
    data = load_data(tmp_path)
    assert data.description.samples == {"train": 54, "validation": 6, "test": 9}
    test = {np.asarray(Image.open(file)).tobytes() for file in (tmp_path / "test").rglob("*.png")}
    assert {np.uint8(np.round(x * 255)).tobytes() for x in data.arrays("test")[0]} == test
    with pytest.raises(ValueError, match="has a test part of its own; leave fold out"):
        load_data(tmp_path, fold=(0, 5))


def test_classes_of_train_and_test_must_agree(tmp_path):
    fill(tmp_path / "train")
    fill(tmp_path / "test", ("ant", "bee", "dog"))
    with pytest.raises(ValueError, match="only one of them has cat, dog"):
        load_data(tmp_path)


@pytest.mark.parametrize("image_size", [4, (4, 4)])
def test_images_are_brought_to_a_size(tmp_path, image_size):
    data = load_data(fill(tmp_path), image_size=image_size)
    assert data.description.input_shape == data.arrays("train")[0].shape[1:] == (4, 4, 1)


def test_height_comes_first(tmp_path):
    assert load_data(fill(tmp_path), image_size=(3, 11)).arrays("test")[0].shape[1:] == (3, 11, 1)


def test_one_colour_image_makes_all_colour(tmp_path):
    fill(tmp_path)
    picture(1, "RGB").save(tmp_path / "ant" / "000.png")
    assert load_data(tmp_path).description.input_shape == (HEIGHT, WIDTH, 3)
    assert load_data(tmp_path, color_mode="grayscale").description.input_shape == (HEIGHT, WIDTH, 1)


def test_gray_images_can_be_made_colour(tmp_path):
    images, _ = load_data(fill(tmp_path), color_mode="rgb").arrays("test")
    assert images.shape[1:] == (HEIGHT, WIDTH, 3)
    np.testing.assert_array_equal(images[..., 0], images[..., 2])


def test_transparent_images_lie_on_paper(tmp_path):
    fill(tmp_path)
    for file in tmp_path.rglob("*.png"):
        Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0)).save(file)
    assert (load_data(tmp_path).arrays("train")[0] == 1).all()


def test_sixteen_bits_keep_their_brightness(tmp_path):
    fill(tmp_path)
    for file in tmp_path.rglob("*.png"):
        Image.fromarray(np.full((HEIGHT, WIDTH), 0x8000, "uint16")).save(file)
    assert load_data(tmp_path).arrays("train")[0].mean() == pytest.approx(128 / 255)


def test_other_files_are_left_alone(tmp_path):
    fill(tmp_path)
    (tmp_path / "notes.txt").write_text("taken in May")
    (tmp_path / "ant" / ".DS_Store").write_bytes(b"\0")
    (tmp_path / ".thumbnails").mkdir()
    assert load_data(tmp_path).description.classes == 3


class TestMistakes:
    @pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n" + bytes(20)])
    def test_an_unreadable_image_is_named(self, tmp_path, content):
        fill(tmp_path)
        (tmp_path / "bee" / "003.png").write_bytes(content)
        file = tmp_path / "bee" / "003.png"
        with pytest.raises(ValueError, match=re.escape(f"{file} cannot be read as an image")):
            load_data(tmp_path)

    def test_a_truncated_image_is_named(self, tmp_path):
        fill(tmp_path)
        file = tmp_path / "bee" / "003.png"
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 200), dtype="uint8")).save(file)
        file.write_bytes(file.read_bytes()[:9000])
        with pytest.raises(ValueError, match=re.escape(f"{file} cannot be read as an image")):
            load_data(tmp_path)

    def test_another_size_is_named(self, tmp_path):
        fill(tmp_path)
        picture(0).resize((9, 9)).save(tmp_path / "bee" / "003.png")
        with pytest.raises(
            ValueError, match=r"003.png has 9x9 pixels, .*000.png 5x7; give image_size.*--data-option image_size=28"
        ):
            load_data(tmp_path)

    def test_an_empty_folder(self, tmp_path):
        with pytest.raises(ValueError, match="one sub-folder for each class, and at least two of them; found none"):
            load_data(tmp_path)

    def test_one_class(self, tmp_path):
        with pytest.raises(ValueError, match="at least two of them; found only 'ant'"):
            load_data(fill(tmp_path, ("ant",)))

    def test_a_class_without_images(self, tmp_path):
        fill(tmp_path)
        (tmp_path / "dog").mkdir()
        with pytest.raises(ValueError, match=re.escape(f"{tmp_path / 'dog'} holds no image")):
            load_data(tmp_path)

    def test_too_few_images_of_a_class(self, tmp_path):
        with pytest.raises(ValueError, match="too few to set"):
            load_data(fill(tmp_path, count=1))

    @pytest.mark.parametrize("image_size", [0, (3,), (3, -1), "28", (3.0, 3.0), True])
    def test_sizes_that_make_no_sense(self, tmp_path, image_size):
        with pytest.raises(ValueError, match=r"image_size must be \(height, width\)"):
            load_data(fill(tmp_path), image_size=image_size)

    def test_an_unknown_colour_mode(self, tmp_path):
        with pytest.raises(ValueError, match="color_mode must be 'grayscale' or 'rgb'; got 'cmyk'"):
            load_data(fill(tmp_path), color_mode="cmyk")
