"""The input pipelines: every sample once an epoch, a new order every epoch, the same one from the same seed."""

from itertools import chain

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from gradschool.zoo.data.augment import shift
from gradschool.zoo.data.pipeline import evaluation_pipeline, training_pipeline

SAMPLES, BATCH = 53, 7


def arrays(samples=SAMPLES):
    """Images that can be told apart, labelled by their position."""
    images = np.random.default_rng(0).integers(1, 256, (samples, 5, 5, 1), dtype="uint8")
    return images, np.arange(samples, dtype="int32")


def epoch_of(pipeline):
    batches = [(x.numpy(), y.numpy()) for x, y in pipeline]
    return tuple(np.concatenate(parts) for parts in zip(*batches, strict=True))


def epochs(seed=0, count=3, augment=None, samples=SAMPLES):
    pipeline = training_pipeline(*arrays(samples), BATCH, seed, augment)
    return [epoch_of(pipeline) for _ in range(count)]


@pytest.mark.slow
@settings(max_examples=15)
@given(samples=st.integers(1, 40), batch=st.integers(1, 50), seed=st.integers(0, 2**32 - 1))
def test_every_sample_exactly_once_in_an_epoch(samples, batch, seed):
    images, labels = arrays(samples)
    pipeline = training_pipeline(images, labels, batch, seed)
    sizes = [len(y) for _, y in pipeline]
    assert sizes == [batch] * (samples // batch) + [samples % batch] * (samples % batch > 0)
    assert len(pipeline) == len(sizes)
    x, y = epoch_of(pipeline)
    np.testing.assert_array_equal(np.sort(y), labels)
    np.testing.assert_allclose(x, images[y] / 255, rtol=1e-6)


def test_the_same_seed_gives_the_same_epochs():
    for (x, y), (same_x, same_y) in zip(epochs(seed=1), epochs(seed=1), strict=True):
        np.testing.assert_array_equal(y, same_y)
        np.testing.assert_array_equal(x, same_x)


def test_the_global_seed_does_not_matter():
    keras.utils.set_random_seed(1)
    first = epochs(augment={"shift": 1})
    keras.utils.set_random_seed(2)
    for (x, y), (same_x, same_y) in zip(first, epochs(augment={"shift": 1}), strict=True):
        np.testing.assert_array_equal(y, same_y)
        np.testing.assert_array_equal(x, same_x)


def test_epochs_and_seeds_have_orders_of_their_own():
    orders = [y.tolist() for seed in (0, 1) for _, y in epochs(seed, count=4)]
    assert all(orders[i] != orders[j] for i in range(len(orders)) for j in range(i))


@pytest.mark.slow
def test_orders_are_uniform():
    """Where in the order each sample of 100 stands, over 5 seeds and 5 epochs, is uncorrelated with where it stood."""
    orders = np.array([y for seed in range(5) for _, y in epochs(seed, count=5, samples=100)])  # (25, 100)
    correlations = np.corrcoef(np.vstack([np.arange(100), orders]))
    between = correlations[np.triu_indices(26, k=1)]
    assert np.abs(between).max() < 0.42  # 4.2 standard deviations of 1 / sqrt(99)
    assert between.std() == pytest.approx(1 / np.sqrt(99), rel=0.15)


def test_dtypes_are_a_models():
    for pipeline in (training_pipeline(*arrays(), BATCH, 0), evaluation_pipeline(*arrays(), BATCH)):
        spec_x, spec_y = pipeline.element_spec
        assert (spec_x.dtype, spec_y.dtype) == (tf.float32, tf.int32)
        assert spec_x.shape[1:] == (5, 5, 1)


def test_floats_pass_unchanged():
    x = np.random.default_rng(0).normal(size=(SAMPLES, 3)).astype("float32") * 1000
    y = x[:, :1]
    for pipeline in (training_pipeline(x, y, BATCH, 0), evaluation_pipeline(x, y, BATCH)):
        got_x, got_y = epoch_of(pipeline)
        np.testing.assert_array_equal(np.sort(got_x, axis=0), np.sort(x, axis=0))
        np.testing.assert_array_equal(got_x[:, :1], got_y)


def test_one_thread_prepares_the_same_batches_as_several():
    alone = training_pipeline(*arrays(), BATCH, 0, {"shift": 2}, parallel=False)
    for x, y in epochs(augment={"shift": 2}):
        for array, same in zip((x, y), epoch_of(alone), strict=True):
            np.testing.assert_array_equal(array, same)


def test_evaluation_keeps_the_order():
    images, labels = arrays()
    pipeline = evaluation_pipeline(images, labels, BATCH)
    assert len(pipeline) == 8
    for _ in range(2):
        x, y = epoch_of(pipeline)
        np.testing.assert_array_equal(y, labels)
        np.testing.assert_allclose(x, images / 255, rtol=1e-6)


class TestAugmentation:
    def test_is_reproducible(self):
        for (x, _), (same, _) in zip(epochs(augment={"shift": 2}), epochs(augment={"shift": 2}), strict=True):
            np.testing.assert_array_equal(x, same)

    def test_changes_every_sample_in_its_own_way_and_every_epoch(self):
        images = np.repeat(arrays(1)[0], SAMPLES, axis=0)
        pipeline = training_pipeline(images, np.zeros(SAMPLES, "int32"), BATCH, 0, {"shift": 2})
        first, second = (epoch_of(pipeline)[0] for _ in range(2))
        assert len({x.tobytes() for x in first[:BATCH]}) > 1
        assert len({x.tobytes() for x in first}) > 10
        assert not np.array_equal(first, second)
        assert not np.array_equal(first[:BATCH], first[BATCH : 2 * BATCH])  # nor do batches share their draws

    def test_leaves_order_and_labels_as_they_are_without_it(self):
        for (_, y), (_, same) in zip(epochs(augment={"shift": 2}), epochs(), strict=True):
            np.testing.assert_array_equal(y, same)

    def test_is_that_of_the_seed_epoch_and_step(self):
        """Batch 3 of epoch 2, rebuilt from the formula of the module."""
        images, labels = arrays()
        pipeline = training_pipeline(images, labels, BATCH, 5, {"shift": 2})
        x, y = [list(pipeline)[3] for _ in range(3)][2]
        key = tf.constant([5, 2], tf.int64)
        order = tf.random.experimental.stateless_shuffle(tf.range(SAMPLES), key)[3 * BATCH : 4 * BATCH]
        np.testing.assert_array_equal(y, order)
        shift_key = tf.random.fold_in(
            tf.random.fold_in(key, tf.constant(3 + 1, tf.int64)), 1
        )  # shift comes second, after crop
        np.testing.assert_allclose(x, shift(images[order], shift_key, 2).numpy() / 255, rtol=1e-6)


def test_arrays_are_not_changed():
    images, labels = arrays()
    before = images.copy()
    epoch_of(training_pipeline(images, labels, BATCH, 0, {"shift": 2, "flip": True, "cutout": 2, "crop": 1}))
    np.testing.assert_array_equal(images, before)


def test_keras_fits_it_with_one_order_an_epoch():
    seen = []

    class Recorder(keras.Model):
        def train_step(self, data):
            seen.append(data[1].numpy().tolist())
            return {"loss": 0.0}

        def call(self, x):
            return x

    model = Recorder()
    model.compile(run_eagerly=True)
    model.fit(training_pipeline(*arrays(), BATCH, 0), epochs=2, shuffle=False, verbose=0)
    expected = [y.tolist() for _, y in epochs(count=5)]
    got = [list(chain(*seen[:8])), list(chain(*seen[8:]))]
    assert sorted(got[0]) == list(range(SAMPLES))
    assert all(order in expected for order in got)  # Keras may look at a batch before the first epoch
    assert got[0] != got[1]


@pytest.mark.parametrize("augment", [None, {"shift": 1}])
def test_works_inside_a_compiled_function(augment):
    pipeline = training_pipeline(*arrays(), BATCH, 0, augment)

    @tf.function(autograph=False)
    def total():
        return pipeline.reduce(tf.constant(0), lambda labels, batch: labels + tf.reduce_sum(batch[1]))

    assert [int(total()) for _ in range(2)] == [sum(range(SAMPLES))] * 2
