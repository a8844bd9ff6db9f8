"""Targets that are the inputs: every way to a batch gives (x, x), augmented alike; labels stay within reach."""

import numpy as np
import pytest

from gradschool.zoo.data import load_data
from gradschool.zoo.data.batches import Batches

AUGMENT = {"shift": 3}


def test_training_batches_are_pairs_of_the_same_augmented_images():
    data = load_data("digits", batch_size=64, targets="inputs", augment=AUGMENT)
    plain = load_data("digits", batch_size=64, augment=AUGMENT)
    for (x, y), (expected, _) in zip(data.train, plain.train, strict=True):
        np.testing.assert_array_equal(x, y)
        np.testing.assert_array_equal(x, expected)


def test_evaluation_batches_are_pairs_of_the_same_images():
    data = load_data("digits", batch_size=100, targets="inputs")
    images, labels = data.arrays("test")
    assert labels.shape == (len(images),)
    for part in (0, 1):
        found = np.concatenate([np.asarray(pair[part]) for pair in data.test])
        np.testing.assert_array_equal(found, images)


def test_batches_made_on_the_device_are_the_pipeline_s():
    data = load_data("digits", batch_size=64, targets="inputs", augment=AUGMENT)
    source = data.train.source
    import tensorflow as tf

    key, order = source.begin_epoch(0)
    step = tf.constant(3, tf.int64)
    x, y = source.batch(source.in_order(order), key, step)
    np.testing.assert_array_equal(x, y)
    np.testing.assert_array_equal(x, list(data.train)[3][0])


def test_batches_without_tensorflow():
    x = np.arange(6, dtype="float32")
    for one, other in Batches(x, np.zeros(6), 4, targets="inputs"):
        np.testing.assert_array_equal(one, other)


def test_other_targets_are_refused():
    with pytest.raises(ValueError, match="targets must be one of labels, inputs; got 'images'"):
        load_data("digits", targets="images")
