"""What a look at the first batches finds, and where it is silent."""

import keras
import numpy as np
import pytest
from keras import layers

from gradschool.callbacks import TrainingDoctor
from gradschool.callbacks.doctoring.batch_checks import look_at_batches

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(256, 5)).astype("float32"), RNG.integers(0, 4, 256)


def found(batches, model=None):
    return [one["condition"] for one in look_at_batches(batches, model)]


# === Trouble ===
def test_sorted_labels_are_not_shuffled():
    assert found((X, np.sort(Y))) == ["data not shuffled"]
    assert found((X, np.eye(4)[np.sort(Y)])) == ["data not shuffled"]
    assert found((X, np.repeat(RNG.integers(0, 4, 32), 8))) == ["data not shuffled"]  # in runs
    assert found((X, np.cumsum(RNG.normal(size=256))[:, None])) == ["data not shuffled"]  # a series in its order


def test_one_label_for_all():
    (finding,) = look_at_batches((X, np.zeros(256)))
    assert finding["evidence"] == "the first 256 labels are all 0"


def test_inputs_that_are_not_normalized():
    pixels = RNG.integers(0, 256, (64, 8, 8, 1))
    assert found((pixels.astype("float32"), Y[:64])) == ["inputs not normalized"]
    assert found((pixels.astype("uint8"), Y[:64])) == ["inputs not normalized"]
    assert found((X + 1000, Y)) == ["inputs not normalized"]
    assert found((X * np.float32([1, 1, 1, 5e-2, 9e3]), Y)) == ["inputs not normalized"]
    assert found((X * 1e-4, Y)) == ["inputs not normalized"]


def test_inputs_that_are_not_finite():
    x = X.copy()
    x[3, 2] = np.inf
    (finding,) = look_at_batches((x, Y))
    assert finding["condition"] == "inputs not finite"
    assert finding["evidence"].startswith("0.08%")


# === None ===
@pytest.mark.parametrize("seed", range(20))
def test_a_random_order_is_shuffled(seed):
    rng = np.random.default_rng(seed)
    assert found((X, rng.integers(0, 2, 256))) == []
    assert found((X, (rng.random(256) < 0.05).astype(int))) == []  # a rare class
    assert found((X, rng.normal(size=(256, 1)))) == []


def test_usual_inputs_are_normal():
    assert found((RNG.random((64, 8, 8, 3), "float32"), Y[:64])) == []  # images in [0, 1]
    assert found((np.eye(50, dtype="float32")[RNG.integers(0, 50, 256)], Y)) == []  # one-hot
    assert found((RNG.integers(0, 9999, (256, 12)), Y)) == []  # tokens


def test_a_model_that_scales_its_inputs_may_get_any():
    scaling = keras.Sequential([keras.Input((5,)), layers.Rescaling(1 / 255), layers.Dense(4)])
    assert found((X + 1000, Y), scaling) == []


# === Forms of batches ===
def test_batches_come_in_many_forms():
    batches = [(X[n : n + 64], np.sort(Y)[n : n + 64]) for n in range(0, 256, 64)]
    assert found(batches) == ["data not shuffled"]
    assert found(iter(batches)) == ["data not shuffled"]
    assert found([({"a": x, "b": 1000 + x}, y) for x, y in batches]) == ["inputs not normalized", "data not shuffled"]

    class Set(keras.utils.PyDataset):
        num_batches = 4

        def __getitem__(self, number):
            return batches[number]

    assert found(Set()) == ["data not shuffled"]
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        assert found(tf.data.Dataset.from_tensor_slices((X, np.sort(Y))).batch(64)) == ["data not shuffled"]


@pytest.mark.parametrize("batches", [5, [], [X], (X, None)])
def test_what_holds_no_inputs_and_labels_is_refused_before_training(batches):
    model = keras.Sequential([keras.Input((5,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="batches must be"):
        model.fit(X, X[:, :1], verbose=0, callbacks=[TrainingDoctor(batches=batches)])


def test_what_batches_show_is_said_with_the_rest(capsys):
    model = keras.Sequential([keras.Input((5,)), layers.Dense(4)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    doctor = TrainingDoctor(batches=(X, np.sort(Y)))
    model.fit(X, np.sort(Y), verbose=0, callbacks=[doctor])
    assert doctor.results["epoch"].tolist() == [0]
    assert "- Data not shuffled (before training): 9" in capsys.readouterr().out


def test_numbers_of_rows_of_a_table_may_be_floats():
    tokens = RNG.integers(0, 500, (64, 7)).astype("float32")
    model = keras.Sequential([keras.Input((7,)), layers.Embedding(500, 3), layers.Flatten(), layers.Dense(4)])
    assert found((tokens, Y[:64])) == ["inputs not normalized"]
    assert found((tokens, Y[:64]), model) == []
    assert found((tokens + 0.5, Y[:64]), model) == ["inputs not normalized"]


def test_several_inputs_are_not_taken_for_batches():
    assert found(([X, 300 * X], Y)) == ["inputs not normalized"]
    assert found(((X, 300 * X), Y)) == ["inputs not normalized"]
    assert found(({"a": X, "b": X}, {"c": np.sort(Y)})) == ["data not shuffled"]
    assert found(((X, Y), (X, Y))) == []


def test_a_few_labels_may_be_equal_by_chance():
    assert found((X[:8], np.zeros(8))) == []
