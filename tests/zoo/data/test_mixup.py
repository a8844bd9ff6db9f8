"""Mixup: pairs within the global batch, lambda from its distribution, the same for every way of making the batches."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from gradschool.zoo.data import load_data
from gradschool.zoo.data.batch_source import BatchSource
from gradschool.zoo.data.mixup import check_mixup, mix_samples
from gradschool.zoo.data.pipeline import training_pipeline
from gradschool.zoo.layers.global_batch import holding, part_of

CLASSES = 7


def key_of(*numbers):
    return tf.constant(numbers, tf.int64)


def mixed_identity(count, alpha, key=(3, 5)):
    """Sample i is the i-th unit vector, so that what was mixed can be read from x; and y."""
    labels = np.random.default_rng(1).integers(0, CLASSES, count)
    x, y = mix_samples(tf.eye(count), tf.constant(labels), key_of(*key), alpha, CLASSES)
    return x.numpy(), y.numpy(), labels


def test_inputs_and_targets_are_mixed_alike():
    x, y, labels = mixed_identity(101, 0.4)
    np.testing.assert_allclose(y, x @ np.eye(CLASSES)[labels], atol=1e-6)
    np.testing.assert_allclose(y.sum(axis=1), 1, atol=1e-6)


def test_whole_numbers_are_mixed_too():
    args = (tf.constant(np.arange(20) % CLASSES), key_of(3, 5), 1.0, CLASSES)
    expected, _ = mix_samples(tf.eye(20), *args)
    np.testing.assert_array_equal(mix_samples(tf.eye(20, dtype=tf.int32), *args)[0], expected)


def test_every_sample_is_mixed_with_one_other_and_is_one_s_other():
    x, _, _ = mixed_identity(101, 1.0)
    own = np.diag(x)
    others = x - np.diag(own)
    assert ((others > 0).sum(axis=1) <= 1).all()
    assert ((others > 0).sum(axis=0) <= 1).all()
    assert (own < 1).mean() > 0.9


@pytest.mark.parametrize("alpha", [0.001, 0.1, 0.2, 1.0, 2.5])
def test_lambda_follows_its_distribution(alpha):
    share = np.diag(mixed_identity(1500, alpha)[0])
    for limit in (0.001, 0.1, 0.5, 0.9, 0.999):
        expected = stats.beta(alpha, alpha).cdf(limit)
        allowed = 4 * np.sqrt(expected * (1 - expected) / 1500) + 0.002  # 0.002: fixed points of the permutation
        assert np.mean(share <= limit) == pytest.approx(expected, abs=allowed)


def test_the_key_decides():
    first, again, other = (mixed_identity(50, 0.3, key)[0] for key in ((3, 5), (3, 5), (3, 6)))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def source(samples=53, batch=20):
    rng = np.random.default_rng(2)
    images = rng.integers(0, 256, (samples, 7, 5, 3)).astype("uint8")
    labels = rng.integers(0, CLASSES, samples).astype("int32")
    return BatchSource((images, labels), batch, 11, {"shift": 1, "flip": True, "mixup": 0.5}, classes=CLASSES)


@pytest.mark.parametrize("step", [0, 2])  # a whole batch and the small last one
@pytest.mark.parametrize("replicas", [2, 3])
def test_replicas_hold_parts_of_one_device_s_batch(step, replicas):
    one = source()
    key, order = one.begin_epoch(4)
    ordered = one.in_order(order)
    size, step = one.size(step), tf.constant(step, tf.int64)
    whole = one.batch(ordered, key, step, size)
    parts = []
    for replica in range(replicas):
        with holding(part_of(size, replica, replicas)):
            parts.append(one.batch(ordered, key, step, size))
    for place in range(2):
        np.testing.assert_array_equal(np.concatenate([part[place] for part in parts]), whole[place])


def test_the_pipeline_gives_what_the_device_makes():
    one = source()
    arrays = [array.numpy() if tf.is_tensor(array) else array for array in one.arrays]
    pipeline = training_pipeline(*arrays, 20, 11, one.augment, classes=CLASSES)
    key, order = one.begin_epoch(0)
    ordered = one.in_order(order)
    for step, (x, y) in enumerate(pipeline):
        ours = one.batch(ordered, key, tf.constant(step, tf.int64))
        np.testing.assert_allclose(x, ours[0], atol=1e-6)
        np.testing.assert_allclose(y, ours[1], atol=1e-6)


def test_only_training_batches_are_mixed():
    data = load_data("digits", batch_size=50, augment={"mixup": 0.3})
    assert next(iter(data.train))[1].shape == (50, 10)
    assert next(iter(data.validation))[1].shape == (50,)
    assert next(iter(data.test))[1].shape == (50,)


def test_what_cannot_be_mixed_is_refused():
    assert check_mixup(0, None) == 0.0
    for alpha in (-1, True, "much", float("nan")):
        with pytest.raises(ValueError, match="mixup's alpha must be a number of at least 0"):
            check_mixup(alpha, 10)
    with pytest.raises(ValueError, match="mixup blends classes"):
        load_data("channel_views", augment={"mixup": 0.2})
    with pytest.raises(ValueError, match="did you mean 'mixup'"):
        load_data("digits", augment={"mixpu": 0.2})
