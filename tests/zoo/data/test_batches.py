"""The batches for machines without TensorFlow keep the pipeline's promises."""

import keras
import numpy as np
import pytest

from gradschool.zoo.data.batches import Batches

SAMPLES, BATCH = 53, 7


def arrays():
    return np.random.default_rng(0).integers(0, 256, (SAMPLES, 5, 5, 1), dtype="uint8"), np.arange(SAMPLES)


def epoch_of(batches):
    return tuple(np.concatenate(parts) for parts in zip(*batches, strict=True))


def test_every_sample_once_and_the_last_batch_kept():
    images, labels = arrays()
    batches = Batches(images, labels, BATCH, shuffle=True)
    assert len(batches) == 8
    x, y = epoch_of(batches)
    np.testing.assert_array_equal(np.sort(y), labels)
    np.testing.assert_allclose(x, images[y] / 255, rtol=1e-6)
    assert x.dtype == "float32"


def test_orders_follow_from_the_seed_and_differ_by_epoch():
    first, again, other = (Batches(*arrays(), BATCH, seed, shuffle=True) for seed in (0, 0, 1))
    orders = [[epoch_of(batches)[1].tolist() for _ in range(3)] for batches in (first, again, other)]
    assert orders[0] == orders[1]
    different = [*orders[0], *orders[2]]
    assert all(different[i] != different[j] for i in range(6) for j in range(i))


def test_evaluation_batches_keep_the_order():
    batches = Batches(*arrays(), BATCH)
    for _ in range(2):
        np.testing.assert_array_equal(epoch_of(batches)[1], arrays()[1])


def test_steps_beyond_the_epoch_are_an_index_error():
    with pytest.raises(IndexError, match="step 8 of an epoch of 8"):
        Batches(*arrays(), BATCH)[8]


def test_keras_fits_it():
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(SAMPLES)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    batches = Batches(*arrays(), BATCH, shuffle=True)
    history = model.fit(batches, epochs=3, verbose=0).history
    assert history["loss"][2] < history["loss"][0]
    assert batches.epoch >= 3  # an order for every epoch; Keras may ask for one more
