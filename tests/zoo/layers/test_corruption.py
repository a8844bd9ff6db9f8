"""Corruption in training: shares, deviations, and the rows of one device on replicas."""

import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.layers.corruption import Corruption
from gradschool.zoo.layers.global_batch import Part, holding

ONES = np.ones((100, 200), "float32")


def test_masking_sets_its_share_to_zero_and_scales_nothing():
    spoilt = convert_to_numpy(Corruption("masking", 0.3, seed=0)(ONES, training=True))
    assert set(np.unique(spoilt)) == {0.0, 1.0}
    assert abs(spoilt.mean() - 0.7) < 0.02


def test_noise_has_its_deviation():
    spoilt = convert_to_numpy(Corruption("gaussian", 0.3, seed=0)(ONES, training=True))
    assert abs(spoilt.mean() - 1) < 0.02
    assert abs(spoilt.std() - 0.3) < 0.02


@pytest.mark.parametrize("kind", ["masking", "gaussian"])
def test_nothing_is_spoilt_outside_of_training_or_at_no_strength(kind):
    np.testing.assert_array_equal(convert_to_numpy(Corruption(kind, 0.5)(ONES)), ONES)
    np.testing.assert_array_equal(convert_to_numpy(Corruption(kind, 0)(ONES, training=True)), ONES)


@pytest.mark.parametrize("kind", ["masking", "gaussian"])
def test_replicas_draw_the_rows_of_one_device(kind):
    whole = convert_to_numpy(Corruption(kind, 0.5, seed=7)(ONES, training=True))
    with holding(Part(60, 40, 100)):
        own = convert_to_numpy(Corruption(kind, 0.5, seed=7)(ONES[60:], training=True))
    np.testing.assert_array_equal(own, whole[60:])


def test_the_config_gives_everything_back():
    layer = Corruption("gaussian", 2, seed=3)
    assert Corruption.from_config(layer.get_config()).get_config() == layer.get_config()
