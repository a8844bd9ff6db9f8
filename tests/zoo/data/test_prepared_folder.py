"""Prepared folders, whole and damaged: what is whole is read as it is, and what is damaged is named."""

import re
import shutil

import numpy as np
import pytest

from gradschool.zoo.data import load_data
from gradschool.zoo.data.catalogue import describe
from gradschool.zoo.data.prepared_folder import check_folder, find_prepared, read_split
from small_prepared import TEST, TRAIN, random_images, write_info, write_prepared, write_records


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("data")
    write_prepared(data_dir)
    return data_dir


@pytest.fixture
def damaged(whole, tmp_path):
    """A copy to be damaged: its DATA_DIR/mnist/3.0.1."""
    shutil.copytree(whole, tmp_path / "data")
    return tmp_path / "data" / "mnist" / "3.0.1"


def load(folder):
    return load_data("mnist", data_dir=folder.parent.parent, validation_share=1 / 3)


def test_examples_come_back_in_the_files_order(whole):
    folder = find_prepared(whole, "mnist")
    for split, count, seed in (("train", TRAIN, 0), ("test", TEST, 1)):
        for array, expected in zip(
            read_split(folder, split, describe("mnist")), random_images(count, seed), strict=True
        ):
            np.testing.assert_array_equal(array, expected)


def test_colour_images_come_back(tmp_path):
    images, _ = read_split(write_prepared(tmp_path, "cifar10", (32, 32, 3)), "test", describe("cifar10"))
    np.testing.assert_array_equal(images, random_images(TEST, 1, (32, 32, 3))[0])
    assert images.dtype == "uint8"


def test_validation_comes_out_of_train_and_the_test_part_stays_whole(whole):
    data = load_data("mnist", data_dir=whole, validation_share=1 / 3)
    assert data.description.samples == {"train": 40, "validation": 20, "test": 20}
    np.testing.assert_array_equal(np.bincount(data.arrays("validation")[1]), [2] * 10)
    parts = [{x.tobytes() for x in data.arrays(part)[0]} for part in ("train", "validation")]
    assert parts[0].isdisjoint(parts[1])
    np.testing.assert_allclose(data.arrays("test")[0], random_images(TEST, 1)[0] / 255, rtol=1e-6)


@pytest.mark.slow
def test_the_seed_draws_the_validation_part_only(whole):
    one, other = (load_data("mnist", data_dir=whole, validation_share=1 / 3, seed=seed) for seed in (1, 2))
    assert not np.array_equal(one.arrays("validation")[0], other.arrays("validation")[0])
    np.testing.assert_array_equal(one.arrays("test")[0], other.arrays("test")[0])


def test_the_newest_version_is_read(whole, tmp_path):
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    for version in ("3.0.10", "3.0.9", "10.0.0"):
        (tmp_path / "mnist" / version).mkdir()
    (tmp_path / "mnist" / "3.0.10" / "dataset_info.json").write_text("{}")
    assert find_prepared(tmp_path, "mnist").name == "3.0.10"  # 10.0.0 has no dataset_info.json


def test_leftovers_of_an_interrupted_run_do_not_matter(damaged):
    (damaged.parent / "incomplete.A1B2C3_3.0.1").mkdir()
    (damaged / "incomplete.0123456789abcdef0123456789abcdef.features.json").touch()
    assert load(damaged).description.samples["test"] == TEST


def test_the_home_folder_may_be_abbreviated(whole, monkeypatch):
    monkeypatch.setenv("HOME", str(whole.parent))
    assert check_folder(f"~/{whole.name}", "mnist") == whole


@pytest.mark.parametrize("variable", [None, "TFDS_DATA_DIR"])
def test_the_default_is_tensorflow_datasets_own(whole, tmp_path, monkeypatch, variable):
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    if variable:
        monkeypatch.setenv(variable, str(whole))
    else:
        shutil.copytree(whole, tmp_path / "tensorflow_datasets")
    assert load_data("mnist", validation_share=1 / 3).description.samples["test"] == TEST


def truncate(file, size):
    file.write_bytes(file.read_bytes()[:size])


def flip_a_byte(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


TRAIN_FILE = "mnist-train.tfrecord-00001-of-00002"
DAMAGES = {
    "a truncated file": (lambda d: truncate(d / TRAIN_FILE, 5000), f"{TRAIN_FILE} is damaged"),
    "an empty file": (lambda d: truncate(d / TRAIN_FILE, 0), f"{TRAIN_FILE} holds 0 of 30 examples"),
    "a changed byte": (lambda d: flip_a_byte(d / TRAIN_FILE), f"{TRAIN_FILE} is damaged"),
    "a file of something else": (lambda d: (d / TRAIN_FILE).write_text("views\n" * 99), f"{TRAIN_FILE} is damaged"),
    "a missing file": (lambda d: (d / TRAIN_FILE).unlink(), f"{TRAIN_FILE} is missing"),
    "too few examples": (lambda d: write_records(d / TRAIN_FILE, *random_images(29, 0)), "holds 29 of 30 examples"),
    "too many examples": (lambda d: write_records(d / TRAIN_FILE, *random_images(31, 0)), "holds 31 of 30 examples"),
    "images of another size": (
        lambda d: write_records(d / TRAIN_FILE, *random_images(30, 0, (32, 32, 1))),
        f"{TRAIN_FILE} is damaged",
    ),
    "labels of other classes": (
        lambda d: write_records(d / TRAIN_FILE, random_images(30, 0)[0], np.arange(30)),
        "it has labels from 0 to 29; expected 0 to 9",
    ),
    "broken JSON": (lambda d: truncate(d / "dataset_info.json", 40), "dataset_info.json cannot be understood"),
    "JSON of something else": (lambda d: (d / "dataset_info.json").write_text("[1]"), "cannot be understood"),
    "no text": (lambda d: (d / "dataset_info.json").write_bytes(b"\xff\xfe\x00"), "cannot be understood"),
    "no splits": (lambda d: write_info(d, splits=[]), "dataset_info.json names no train examples"),
    "empty splits": (
        lambda d: write_info(d, splits=[{"name": "train", "shardLengths": []}]),
        "names no train examples",
    ),
    "another data set": (lambda d: write_info(d, name="emnist"), "it holds the data set 'emnist', not 'mnist'"),
    "another format": (lambda d: write_info(d, fileFormat="array_record"), "file format is 'array_record'"),
    "no dataset_info.json": (lambda d: (d / "dataset_info.json").unlink(), "dataset_info.json is missing"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named_with_the_folder_and_what_to_do(damaged, damage):
    damage, message = DAMAGES[damage]
    damage(damaged)
    with pytest.raises((ValueError, OSError)) as refusal:
        load(damaged)
    assert message in str(refusal.value)
    assert f"the prepared data in {damaged} cannot be used" in str(refusal.value)
    assert "Remove that folder and run again to prepare it anew, or give another data_dir." in str(refusal.value)


class TestDataDir:
    def test_a_file_is_refused(self, tmp_path):
        file = tmp_path / "data"
        file.touch()
        with pytest.raises(NotADirectoryError, match=re.escape(f"data_dir must be a folder; {file} is a file")):
            load_data("mnist", data_dir=file)

    def test_the_folder_of_something_else_is_refused(self, tmp_path):
        (tmp_path / "holiday").mkdir()
        (tmp_path / "holiday" / "beach.jpg").touch()
        with pytest.raises(
            ValueError, match=re.escape(f"data_dir={tmp_path} holds no data sets of tensorflow-datasets")
        ):
            load_data("mnist", data_dir=tmp_path)

    @pytest.mark.parametrize("below", ["mnist", "mnist/3.0.1"])
    def test_the_folder_of_one_data_set_is_refused_with_the_right_one(self, whole, below):
        with pytest.raises(ValueError, match=re.escape(f"give the folder above all of them, {whole}.")):
            load_data("mnist", data_dir=whole / below)

    def test_addresses_are_refused(self):
        with pytest.raises(ValueError, match="data_dir must be a local folder; got gs://bucket/data"):
            load_data("mnist", data_dir="gs://bucket/data")

    @pytest.mark.parametrize("there", [[], [".DS_Store"], ["downloads"], ["mnist"], ["emnist/balanced/3.1.0"]])
    def test_what_may_be_prepared_in_passes(self, tmp_path, there):
        for folder in there:
            (tmp_path / folder).mkdir(parents=True)
        assert check_folder(tmp_path, "mnist") == tmp_path


def test_a_folder_that_is_no_path_is_refused():
    with pytest.raises(ValueError, match="data_dir must be a folder; got 5"):
        check_folder(5, "mnist")
