"""Iterators that end at once."""

import keras
import pytest

from gradschool.zoo.engine.untuned_iterators import untuned_iterators

if keras.backend.backend() != "tensorflow":
    pytest.skip("tf.data is TensorFlow's", allow_module_level=True)
import tensorflow as tf


def tuned(data: tf.data.Dataset) -> bool:
    return data.options().autotune.enabled is not False


def test_within_the_block_iterators_are_not_tuned(monkeypatch):
    read = []
    monkeypatch.setattr(tf.data.Dataset, "__iter__", lambda self: iter([read.append(tuned(self))]))
    data = tf.data.Dataset.range(3)
    with untuned_iterators():
        iter(data)
    iter(data)
    assert read == [False, True]
    assert tuned(data)


def test_they_read_the_same_and_the_end_takes_the_change_away():
    data = tf.data.Dataset.range(5).map(lambda one: 2 * one, num_parallel_calls=tf.data.AUTOTUNE)
    before = tf.data.Dataset.__iter__
    with pytest.raises(KeyError), untuned_iterators():
        assert [int(one) for one in data] == [0, 2, 4, 6, 8]
        raise KeyError
    assert tf.data.Dataset.__iter__ is before
