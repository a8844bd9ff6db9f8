"""`load_data` as a user calls it: the parts, the batches and the messages; also where there is no TensorFlow."""

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from gradschool import zoo
from gradschool.zoo.data import load_data

PARTS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def digits():
    return load_data("digits", batch_size=100)


def collected(batches):
    return tuple(np.concatenate(arrays) for arrays in zip(*((x, y) for x, y in batches), strict=True))


def test_it_is_the_zoos():
    assert zoo.load_data is load_data


@pytest.mark.parametrize("part", ["validation", "test"])
def test_batches_are_the_arrays_in_order(digits, part):
    for array, same in zip(digits.arrays(part), collected(getattr(digits, part)), strict=True):
        np.testing.assert_array_equal(array, same)
        assert array.dtype == same.dtype


def test_training_batches_are_the_arrays_in_another_order(digits):
    images, labels = digits.arrays("train")
    x, y = collected(digits.train)
    pairs, same = ([(i.tobytes(), int(c)) for i, c in zip(*both, strict=True)] for both in ((images, labels), (x, y)))
    assert pairs != same
    assert sorted(pairs) == sorted(same)


def test_batches_have_a_models_dtypes(digits):
    for part in PARTS:
        spec_x, spec_y = getattr(digits, part).element_spec
        assert (spec_x.dtype, spec_y.dtype) == (tf.float32, tf.int32)


def test_each_part_is_made_once(digits):
    assert digits.train is digits.train


@pytest.mark.slow
def test_augmentation_is_for_training_only():
    plain, augmented = load_data("digits"), load_data("digits", augment={"shift": 3})
    for part in PARTS:
        np.testing.assert_array_equal(plain.arrays(part)[0], augmented.arrays(part)[0])
    np.testing.assert_array_equal(collected(plain.test)[0], collected(augmented.test)[0])
    assert not np.array_equal(collected(plain.train)[0], collected(augmented.train)[0])


def test_no_share_to_validate_means_no_validation():
    data = load_data("digits", validation_share=0)
    assert data.validation is None
    assert data.description.samples == {"train": 1438, "validation": 0, "test": 359}
    assert data.arrays("validation")[0].shape == (0, 28, 28, 1)


def test_regression_targets_are_columns():
    x, y = next(iter(load_data("channel_views", batch_size=13).train))
    assert (x.shape, y.shape) == ((13, 28), (13, 1))
    assert (x.dtype, y.dtype) == (tf.float32, tf.float32)


def test_it_shows_what_it_is(digits):
    assert repr(digits) == "<digits: 1294 train, 144 validation, 359 test; inputs (28, 28, 1)>"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1; got 0"),
        ({"batch_size": 1.5}, "batch_size must be a whole number"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"seed": 2**32}, "seed must be a whole number from 0"),
        ({"seed": "0"}, "seed must be a whole number from 0"),
        ({"validation_share": 1}, r"validation_share must be a number in \[0, 1\)"),
        ({"validation_share": "abc"}, "validation_share must be a number .*; got 'abc'"),
        ({"augment": "shift"}, "augment must be a dict"),
        ({"parallel": "abc"}, "parallel is True or False; got 'abc'"),
        ({"fold": (5, 5)}, "fold must be"),
        ({"data_dir": "somewhere"}, "data_dir is for tensorflow-datasets' sets; 'digits' is none of them"),
        ({"window": 7}, "unknown option of digits 'window'"),
        ({"augment": {"shfit": 2}}, "did you mean 'shift'"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        load_data("digits", **arguments)


@pytest.mark.parametrize("name", ["mnist", "logic_xor", "channel_views"])
def test_folds_are_refused_where_the_test_part_is_given(name):
    with pytest.raises(ValueError, match=f"fold: '{name}' has a test part of its own"):
        load_data(name, fold=(0, 5))


def test_series_are_not_augmented():
    with pytest.raises(ValueError, match="changes images"):
        load_data("channel_views", augment={"flip": True})


def test_unknown_parts_are_refused(digits):
    with pytest.raises(ValueError, match="unknown part 'tests'; did you mean 'test'"):
        digits.arrays("tests")


WITHOUT_TENSORFLOW = """
import sys
sys.modules["tensorflow"] = None
import keras, numpy as np
from gradschool import zoo

data = zoo.load_data("digits")
x, y = data.arrays("train")
print(x.shape, y.dtype, keras.backend.backend())
model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
history = model.fit(data.train, validation_data=data.validation, epochs=3, verbose=0).history
print(history["val_accuracy"][-1] > 0.5, model.evaluate(data.test, verbose=0)[1] > 0.5)
for name, arguments in (("digits", {"augment": {"shift": 1}}), ("mnist", {})):
    try:
        zoo.load_data(name, **arguments).train
    except ValueError as error:
        print(error)
"""


@pytest.mark.slow
def test_without_tensorflow_arrays_and_batches_work():
    pytest.importorskip("jax")
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert lines[0] == "(1294, 28, 28, 1) int32 jax"
    assert lines[1] == "True True"
    assert "augment={'shift': 1} needs TensorFlow" in lines[2]
    assert "(--augment none)" in lines[2]
    assert "mnist is read with TensorFlow, which is not installed" in lines[3]


def test_some_samples_are_samples_with_their_labels():
    data = load_data("digits")
    images, labels = data.some("train", 50)
    every, their_labels = data.arrays("train")
    places = [np.flatnonzero((every == image).all(axis=(1, 2, 3)))[0] for image in images]
    assert len(set(places)) == 50
    assert list(their_labels[places]) == list(labels)
    np.testing.assert_array_equal(data.some("train", 50)[0], images)
    assert len(data.some("test", 10_000)[1]) == len(data.arrays("test")[1])
