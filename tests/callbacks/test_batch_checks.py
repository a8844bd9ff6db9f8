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
    x = np.concatenate([X, X])
    (finding,) = look_at_batches((x, np.zeros(512)))
    assert finding["evidence"] == "the first 512 labels are all 0"
    (finding,) = look_at_batches((x, np.full(512, "cat")))
    assert finding["evidence"] == "the first 512 labels are all 'cat'"
    assert found((x, np.eye(3)[np.ones(512, int)])) == ["labels constant"]
    assert found((x, np.ones(512, bool))) == ["labels constant"]


def test_labels_that_are_not_finite():
    for bad in (np.nan, np.inf):
        y = RNG.normal(size=(256, 2))
        y[3, 1] = bad
        (finding,) = look_at_batches((X, y))
        assert finding["condition"] == "labels not finite"
        assert finding["evidence"].startswith("0.20% of the labels")


def test_every_output_s_labels_are_looked_at():
    (finding,) = look_at_batches((X, {"a": Y, "b": np.sort(Y), "c": np.sort(Y)}))
    assert finding["condition"] == "data not shuffled"
    assert "256 labels of output 2 are" in finding["evidence"]
    assert "256 labels of output 3 are" in finding["evidence"]


def test_inputs_that_are_not_normalized():
    pixels = RNG.integers(0, 256, (64, 8, 8, 1))
    assert found((pixels.astype("float32"), Y[:64])) == ["inputs not normalized"]
    assert found((pixels.astype("uint8"), Y[:64])) == ["inputs not normalized"]
    assert found((X + 1000, Y)) == ["inputs not normalized"]
    assert found((X * np.float32([1, 1, 1, 5e-2, 9e3]), Y)) == ["inputs not normalized"]
    assert found((X * 1e-4, Y)) == ["inputs not normalized"]
    assert found((np.maximum(X - 0.5, 0) * 1e-2, Y)) == ["inputs not normalized"]  # mostly 0


def test_pixels_are_integers_of_any_rank():
    pixels = RNG.integers(0, 256, (64, 49))
    plain = keras.Sequential([keras.Input((49,)), layers.Dense(4)])
    table = keras.Sequential([keras.Input((49,)), layers.Embedding(256, 3), layers.Flatten(), layers.Dense(4)])
    for model, of_bytes, of_integers in ((None, True, False), (plain, True, True), (table, False, False)):
        assert found((pixels.astype("uint8"), Y[:64]), model) == of_bytes * ["inputs not normalized"]
        assert found((pixels, Y[:64]), model) == of_integers * ["inputs not normalized"]


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


def test_wide_inputs_that_are_mostly_0_are_normal():
    words = np.zeros((64, 20_000), "float32")
    words[np.arange(64)[:, None], RNG.integers(0, 20_000, (64, 60))] = RNG.random((64, 60)) + 0.5
    for x in (np.eye(64, 20_000, dtype="float32"), words / np.linalg.norm(words, axis=1, keepdims=True)):
        assert x.std() < 0.01
        assert found((x, Y[:64])) == []


def test_a_rare_class_need_not_be_among_the_first():
    rare = np.zeros(4096, int)
    rare[700] = 1
    x = RNG.normal(size=(4096, 2)).astype("float32")
    batches = [(x[n : n + 32], rare[n : n + 32]) for n in range(0, 4096, 32)]
    assert found(batches[:4]) == []
    assert found(batches) == []
    assert found(batches[40:]) == ["labels constant"]
    rare[700], rare[3000] = 0, 1
    assert found((x, rare)) == []
    assert found((x, np.arange(4096) > 3000)) == ["data not shuffled"]


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
    model.fit(X, np.sort(Y), shuffle=False, verbose=0, callbacks=[doctor])
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
    assert found(((X, 300 * X[:, :3]), (Y, np.sort(Y)))) == ["inputs not normalized", "data not shuffled"]
    inputs = [keras.Input((5,)), keras.Input((5,))]
    outputs = [layers.Dense(1)(one) for one in inputs]
    model = keras.Model(inputs, outputs)
    assert found(((X, 300 * X), (X[:, :1], X[:, :1])), model) == ["inputs not normalized"]
    assert found(([[X, 300 * X], [X[:, :1], X[:, :1]]],), model) == ["inputs not normalized"]
    assert found((([X, X], [Y, Y]), ([X, 300 * X], [Y, Y])), model) == ["inputs not normalized"]


# === Unusual data ===
def test_labels_may_be_words():
    words = np.array(["cat", "dog", "eel"])[Y % 3]
    for kind in (str, bytes, object):
        assert found((X, words.astype(kind))) == []
        assert found((X, np.sort(words).astype(kind))) == ["data not shuffled"]
    lists = np.empty(256, object)
    lists[:] = [[n] for n in Y]
    assert found((X, lists)) == []


def test_samples_that_are_in_no_batches():
    assert found([(x, y) for x, y in zip(X, np.sort(Y), strict=True)]) == ["data not shuffled"]
    assert found([(x, np.eye(4)[y]) for x, y in zip(300 * X, Y, strict=True)]) == ["inputs not normalized"]
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        assert found(tf.data.Dataset.from_tensor_slices((300 * X, Y))) == ["inputs not normalized"]


def test_sequences_may_have_another_length_in_each_batch():
    batches = [(300 * RNG.normal(size=(16, length, 2)), RNG.integers(0, 4, (16, length))) for length in (7, 5, 7)]
    assert found(batches) == ["inputs not normalized"]


def test_a_few_kinds_of_numbers_are_compared_as_classes():
    assert found((X[:64], np.array([*[0.5] * 63, 0.7]))) == []


def test_an_iterator_is_looked_at_in_the_first_fit():
    model = keras.Sequential([keras.Input((5,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    doctor = TrainingDoctor(batches=iter([(300 * X, X[:, :1])]), verbose=0)
    for _ in range(2):
        model.fit(X, X[:, :1], verbose=0, callbacks=[doctor])
        assert [row["condition"] for row in doctor.rows] == ["inputs not normalized"]


def test_a_look_that_fails_does_not_end_the_fit():
    model = keras.Sequential([keras.Input((5,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    doctor = TrainingDoctor(batches=([1, 2], 3), verbose=0)
    with pytest.warns(UserWarning, match="could not look at batches"):
        model.fit(X, X[:, :1], epochs=2, verbose=0, callbacks=[doctor])
    assert len(doctor.epochs) == 2


def test_a_few_labels_may_be_equal_by_chance():
    assert found((X[:8], np.zeros(8))) == []


def test_one_feature_out_of_scale_is_named():
    x = X.copy()
    x[:, 2] = 1000 * x[:, 2] + 30000
    (one,) = look_at_batches((x, Y))
    assert one["evidence"].endswith(", most of it feature 2 (counted from 0)")
    (all_alike,) = look_at_batches((1000 * X, Y))
    assert "feature" not in all_alike["evidence"]


def test_arrays_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match=r"\[256\] samples have \[10\] labels"):
        look_at_batches((X, Y[:10]))
