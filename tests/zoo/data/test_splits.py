"""Splits: nothing is in two parts, nothing is lost, and every class keeps its share."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gradschool.zoo.data.splits import calendar_parts, hold_out, stratified_parts

PARTS = ("train", "validation", "test")
labels_of_classes = st.lists(st.integers(20, 60), min_size=2, max_size=5).map(
    lambda counts: np.repeat(np.arange(len(counts)), counts)
)


@given(labels=labels_of_classes, seed=st.integers(0, 99), share=st.sampled_from([0.0, 0.1, 0.3]))
def test_parts_are_all_samples_each_once(labels, seed, share):
    parts = stratified_parts(labels, share, seed)
    np.testing.assert_array_equal(np.sort(np.concatenate([parts[part] for part in PARTS])), np.arange(len(labels)))


@given(labels=labels_of_classes, seed=st.integers(0, 99))
def test_every_class_keeps_its_share_of_the_test_part(labels, seed):
    test = stratified_parts(labels, 0.1, seed)["test"]
    expected = np.bincount(labels) * len(test) / len(labels)
    assert np.abs(np.bincount(labels[test]) - expected).max() <= 1


@pytest.mark.slow
@given(labels=labels_of_classes, seed=st.integers(0, 99), folds=st.integers(2, 7))
def test_folds_partition_the_samples(labels, seed, folds):
    tests = [stratified_parts(labels, 0.1, seed, (k, folds))["test"] for k in range(folds)]
    np.testing.assert_array_equal(np.sort(np.concatenate(tests)), np.arange(len(labels)))
    sizes = [len(test) for test in tests]
    assert max(sizes) - min(sizes) <= len(np.unique(labels))


def test_the_seed_decides_the_draw():
    labels = np.repeat(np.arange(5), 40)
    first, again, other = (stratified_parts(labels, 0.1, seed) for seed in (1, 1, 2))
    for part in PARTS:
        np.testing.assert_array_equal(first[part], again[part])
        assert not np.array_equal(first[part], other[part])


def test_no_share_holds_out_nothing():
    kept, drawn = hold_out(np.array([0, 1, 1]), 0, seed=0, purpose="validation")
    assert kept.tolist() == [0, 1, 2]
    assert drawn.tolist() == []


@given(
    counts=st.lists(st.integers(2, 100), min_size=2, max_size=6),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 99),
)
def test_every_class_is_on_both_sides(counts, share, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    drawn_count = round(share * len(labels))
    assume(len(counts) <= drawn_count <= len(labels) - len(counts))
    kept, drawn = hold_out(labels, share, seed, "validation")
    assert len(drawn) == drawn_count
    np.testing.assert_array_equal(np.sort(np.concatenate([kept, drawn])), np.arange(len(labels)))
    for side in (kept, drawn):
        assert np.unique(labels[side]).tolist() == list(range(len(counts)))


def test_a_small_class_is_not_rounded_away():
    labels = np.repeat([0, 1], [100, 2])
    for seed in range(10):
        kept, drawn = hold_out(labels, 0.1, seed, "validation")
        assert np.bincount(labels[drawn]).tolist() == [9, 1]
        assert np.bincount(labels[kept]).tolist() == [91, 1]


@given(days=st.integers(0, 500), share=st.floats(0, 0.99))
def test_calendar_parts_follow_each_other(days, share):
    parts = calendar_parts(days, share)
    assert [*parts["train"], *parts["validation"], *parts["test"]] == list(range(days))


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, float("nan"), "0.1", None, True])
def test_shares_outside_the_range_and_what_is_no_number_are_refused(share):
    with pytest.raises(ValueError, match=rf"validation_share must be a number in \[0, 1\).*; got {share!r}\."):
        stratified_parts(np.repeat([0, 1], 20), share, seed=0)


@pytest.mark.parametrize("fold", [(5, 5), (-1, 5), (0, 1), 3, (0.0, 5), (True, 5), (0, 5, 1)])
def test_folds_that_make_no_sense_are_refused(fold):
    with pytest.raises(ValueError, match=r"fold must be \(k, K\)"):
        stratified_parts(np.repeat([0, 1], 20), 0.1, seed=0, fold=fold)


def test_more_folds_than_samples_of_a_class_are_refused():
    with pytest.raises(ValueError, match="fewer samples than the 5 folds"):
        stratified_parts(np.repeat([0, 1], [20, 4]), 0.1, seed=0, fold=(0, 5))


@pytest.mark.parametrize("counts", [(9, 1), (2, 2)])
def test_classes_too_small_to_divide_are_refused(counts):
    with pytest.raises(ValueError, match=r"are too few to set 20% aside for the test"):
        stratified_parts(np.repeat([0, 1], counts), 0.1, seed=0)
