"""Batches of sequences of about equal length: nothing lost, nothing cut off, little padded, all to be resumed."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradschool.zoo.data.batches import SequenceBatches
from gradschool.zoo.data.bucketing import MOST, BucketedEpochs, Buckets, bucketed_evaluation, longest_in_order
from gradschool.zoo.data.description import Description
from gradschool.zoo.data.loading import LoadedData
from gradschool.zoo.data.samples import Samples
from gradschool.zoo.data.tensorflow_import import tensorflow_is_installed
from gradschool.zoo.engine.checkpoints import Checkpoints
from gradschool.zoo.engine.tensorflow_internals import deterministic_operations

needs_tensorflow = pytest.mark.skipif(not tensorflow_is_installed(), reason="tf.data")
some_lengths = st.lists(st.integers(1, 30), min_size=1, max_size=60).map(np.array)


def sequences(lengths, rng=None):
    """Tokens 1, 2, ... that name the sample in their first place; padded with zeros."""
    x = np.zeros((len(lengths), max(lengths)), "int32")
    for number, length in enumerate(lengths):
        x[number, :length] = number + 1
    return x


def pairs(lengths):
    """Source and target whose lengths are those given and the same the other way round; y as the target."""
    x = {"source": sequences(lengths), "target": sequences(lengths[::-1])}
    return x, -x["target"], np.stack([lengths, lengths[::-1]], axis=1)


def drawn(batches):
    return [tuple({k: np.array(v) for k, v in one.items()} if isinstance(one, dict) else np.array(one) for one in both)
            for both in batches]  # fmt: skip


def both_ways(x, y, lengths, batch_size, every_step, seed=3):
    """Training batches by tf.data and without it."""
    ways = [SequenceBatches(x, y, lengths, batch_size, every_step, seed, shuffle=True)]
    if tensorflow_is_installed():
        ways.append(BucketedEpochs(x, y, lengths, batch_size, seed, every_step).begin_at(0))
    return ways


# === The buckets ===
@given(some_lengths, st.integers(1, 9), st.booleans())
def test_few_lengths_and_none_too_short(lengths, batch_size, two):
    lengths = np.stack([lengths, lengths[::-1]], axis=1) if two else lengths
    buckets = Buckets(lengths, batch_size)
    columns = lengths.reshape(len(lengths), -1)
    assert len(buckets.longest) == -(-len(lengths) // batch_size)
    assert len(np.unique(buckets.longest, axis=0)) <= MOST
    order = np.argsort(buckets.bucket, kind="stable")
    for chunk, longest in enumerate(buckets.longest):
        assert (columns[order[chunk * batch_size : (chunk + 1) * batch_size]] <= longest).all()


def test_buckets_hold_about_as_many():
    buckets = Buckets(np.random.default_rng(0).integers(1, 1000, 8000), batch_size=100)
    assert np.bincount(buckets.bucket).tolist() == pytest.approx([1000] * 8, rel=0.02)


# === The batches ===
@given(some_lengths, st.integers(1, 9))
@settings(max_examples=40)
def test_every_sequence_once_and_whole(lengths, batch_size):
    x, y = sequences(lengths), np.arange(len(lengths))
    batches = drawn(SequenceBatches(x, y, lengths, batch_size, seed=3, shuffle=True))
    assert [len(labels) for _, labels in batches[:-1]] == [batch_size] * (len(batches) - 1)
    assert sorted(np.concatenate([labels for _, labels in batches])) == y.tolist()
    for tokens, labels in batches:
        np.testing.assert_array_equal(tokens, x[labels, : tokens.shape[1]])
        assert not x[labels, tokens.shape[1] :].any()


@pytest.mark.parametrize("seed", range(3))
def test_both_ways_keep_sources_targets_and_what_comes_next_together(seed):
    x, y, lengths = pairs(np.random.default_rng(seed).integers(1, 20, 53))
    for batches in both_ways(x, y, lengths, 7, every_step=True):
        seen = []
        for inputs, following in drawn(batches):
            numbers = inputs["source"][:, 0] - 1
            seen += numbers.tolist()
            assert inputs["target"].shape == following.shape
            for name, array in (("source", inputs["source"]), ("target", inputs["target"])):
                np.testing.assert_array_equal(array, x[name][numbers, : array.shape[1]])
                assert not x[name][numbers, array.shape[1] :].any()
            np.testing.assert_array_equal(following, -inputs["target"])
        assert sorted(seen) == list(range(53))


@given(st.integers(0, 1000))
@settings(max_examples=10)
def test_less_is_padding(seed):
    lengths = np.minimum(np.random.default_rng(seed).geometric(0.05, 400), 100)
    x = sequences(lengths)
    sizes = sum(batch.size for batch, _ in SequenceBatches(x, lengths, lengths, 16, shuffle=True))
    at_random = sum(batch.size for batch, _ in SequenceBatches(x, lengths, lengths, 16))
    assert lengths.sum() <= sizes < 0.7 * at_random < x.size


@pytest.mark.parametrize("way", [0, pytest.param(1, marks=needs_tensorflow)])
def test_orders_follow_from_seed_and_epoch(way):
    lengths = np.random.default_rng(0).integers(1, 20, 53)

    def orders(seed):
        batches = both_ways(sequences(lengths), np.arange(53), lengths, 7, False, seed)[way]
        return [[labels.tolist() for _, labels in drawn(batches)] for _ in range(3)]

    one, again, other = orders(1), orders(1), orders(2)
    assert one == again
    epochs = [*one, *other]
    assert all(epochs[i] != epochs[j] for i in range(6) for j in range(i))
    lengths_in_order = [[max(lengths[labels]) for labels in epoch] for epoch in epochs]
    assert any(order != sorted(order) for order in lengths_in_order)  # not the short ones first


@pytest.mark.parametrize("every_step", [False, True])
def test_evaluation_keeps_the_order(every_step):
    lengths = np.array([2, 3, 5, 1, 1])
    x = sequences(lengths)
    y = -x if every_step else np.arange(5)
    ways = [SequenceBatches(x, y, lengths, 2, every_step)]
    if tensorflow_is_installed():
        ways.append(bucketed_evaluation(x, y, lengths, 2, every_step))
    for batches in ways:
        assert len(batches) == 3
        for first, longest, (inputs, targets) in zip((0, 2, 4), (3, 5, 1), drawn(batches), strict=True):
            np.testing.assert_array_equal(inputs, x[first : first + 2, :longest])
            expected = y[first : first + 2, :longest] if every_step else y[first : first + 2]
            np.testing.assert_array_equal(targets, expected)


def test_no_sequence_is_trimmed_to_nothing():
    assert longest_in_order(np.array([0, 0]), 2).tolist() == [[1]]
    assert Buckets(np.array([0, 0]), 2).longest.tolist() == [[1]]


def test_what_load_data_gives(monkeypatch):
    lengths = np.random.default_rng(0).integers(1, 20, 53)
    x, y, both = pairs(lengths)
    about = Description("made up", "files", "translation", "", (None,), 99, (), {}, "", "", input_tokens=99)
    parts = {"train": (x, y), "validation": (x, y), "test": ({k: v[:0] for k, v in x.items()}, y[:0])}
    samples = Samples(parts, about, {"train": both, "validation": both, "test": both[:0]})
    for missing in (False, True):
        if missing:
            monkeypatch.setattr("gradschool.zoo.data.loading.import_tensorflow", lambda: None)
        data = LoadedData(samples, batch_size=7, seed=0, augment={})
        assert data.test is None
        assert len(data.train) == len(data.validation) == 8
        shapes = {tuple(part.shape[1] for part in inputs.values()) for inputs, _ in data.train}
        assert 1 < len(shapes) <= MOST
        first, following = next(iter(data.validation))
        assert first["source"].shape[1] == lengths[:7].max()
        assert first["target"].shape == following.shape == (7, lengths[::-1][:7].max())


# === The engine ===
@needs_tensorflow
def test_an_epoch_can_begin_at_any_step():
    lengths = np.random.default_rng(0).integers(1, 20, 53)
    made = lambda: BucketedEpochs(sequences(lengths), np.arange(53), lengths, 7, seed=1)  # noqa: E731
    whole = made().begin_at(0)
    _, second = drawn(whole), drawn(whole)
    epochs = made()
    epochs.next_epoch.assign(1)
    rest = epochs.begin_at(5)
    assert int(rest.cardinality()) == 3
    for ours, theirs in zip(drawn(rest), second[5:], strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
    again = next(iter(epochs.batches(epochs.next_epoch - 1, 6)))
    np.testing.assert_array_equal(again[1], second[6][1])
    assert int(epochs.next_epoch) == 2


class StopInTheSecondEpoch(keras.callbacks.Callback):
    async_safe = True

    def __init__(self, stops=False):
        super().__init__()
        self.stops = stops

    def get_state(self):
        return {}

    def set_state(self, state):
        pass

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.stops and self.epoch == 1 and batch >= 4:  # of steps 0 to 7: behind a checkpoint within the epoch
            raise InterruptedError


def trained(folder, stops=False):
    from gradschool.zoo.engine.use import use_engine

    keras.utils.set_random_seed(1)
    lengths = np.random.default_rng(0).integers(1, 20, 53)
    x, y = sequences(lengths), (np.arange(53) % 3).astype("int32")
    about = Description("made up", "files", "classification", "", (None,), 3, (), {}, "", "", input_tokens=54)
    data = LoadedData(
        Samples({"train": (x, y), "validation": (x, y)}, about, dict.fromkeys(("train", "validation"), lengths)),
        7,
        5,
        {},
    )
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(54, 4),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(3),
        ]
    )
    model.compile(keras.optimizers.Adam(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    use_engine(model)
    callbacks = [Checkpoints(folder, every_steps=3), StopInTheSecondEpoch(stops)]
    with deterministic_operations():
        history = model.fit(data.train, validation_data=data.validation, epochs=3, verbose=0, callbacks=callbacks)
    return model.get_weights(), history.history


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="checkpoints are TensorFlow's")
def test_a_run_that_was_cut_short_goes_on_bit_for_bit(tmp_path):
    weights, history = trained(tmp_path / "whole")
    with pytest.raises(InterruptedError):
        trained(tmp_path / "cut", stops=True)
    assert max(one.name for one in (tmp_path / "cut").iterdir()) == "step-000000000012.npz"  # 4 of 8 into the epoch
    resumed, resumed_history = trained(tmp_path / "cut")
    assert resumed_history == history
    for one, other in zip(resumed, weights, strict=True):
        np.testing.assert_array_equal(one, other)
