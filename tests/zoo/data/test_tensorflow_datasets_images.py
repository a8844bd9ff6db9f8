"""The real MNIST against its original files and against tensorflow-datasets' own reader."""

import gzip

import numpy as np
import pytest
import tensorflow_datasets as tfds

from gradschool.zoo.data import load_data
from gradschool.zoo.data.tensorflow_datasets_images import DESCRIPTIONS


@pytest.fixture(scope="module")
def mnist(prepared_datasets):
    return load_data("mnist", data_dir=prepared_datasets)


def original(real_data, part, kind, offset):
    with gzip.open(real_data / "mnist" / f"{part}-{kind}-ubyte.gz") as file:
        return np.frombuffer(file.read(), np.uint8, offset=offset)


def fingerprints(images, labels):
    """Sorted pairs of an image's bytes and its label."""
    return sorted((image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True))


@pytest.mark.slow
def test_the_official_parts_are_kept(mnist, real_data):
    parts = {"train": ("train", "validation"), "t10k": ("test",)}
    for official, ours in parts.items():
        images = original(real_data, official, "images-idx3", 16).reshape(-1, 28, 28, 1)
        labels = original(real_data, official, "labels-idx1", 8)
        loaded = [mnist.arrays(part) for part in ours]
        x, y = (np.concatenate(arrays) for arrays in zip(*loaded, strict=True))
        assert fingerprints(np.uint8(np.round(x * 255)), y) == fingerprints(images, labels)


def test_validation_is_stratified(mnist):
    train, validation = (np.bincount(mnist.arrays(part)[1]) for part in ("train", "validation"))
    assert np.abs(validation - (train + validation) / 10).max() <= 1


@pytest.mark.slow
def test_the_order_is_that_of_tensorflow_datasets(mnist, prepared_datasets):
    builder = tfds.builder_from_directory(prepared_datasets / "mnist" / "3.0.1")
    expected = np.concatenate([batch["image"].numpy() for batch in builder.as_dataset("test", batch_size=2000)])
    np.testing.assert_array_equal(mnist.arrays("test")[0], expected.astype("float32") / 255)


def test_the_stored_description_is_the_loaded_one(mnist):
    assert mnist.description == DESCRIPTIONS["mnist"]


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_descriptions_agree_with_tensorflow_datasets(name, tmp_path):
    """Shape, number of classes and, where tensorflow-datasets knows them before preparing, the classes' names."""
    features = tfds.builder_cls(name)(data_dir=str(tmp_path)).info.features
    description = DESCRIPTIONS[name]
    assert features["image"].shape == description.input_shape
    assert features["label"].num_classes == description.classes
    names = tuple(features["label"].names)
    if not names[0].isdigit():
        assert names == description.class_names


def test_cifars_classes_are_in_alphabetical_order():
    for name, count in (("cifar10", 10), ("cifar100", 100)):
        names = DESCRIPTIONS[name].class_names
        assert len(set(names)) == count
        assert list(names) == sorted(names)
