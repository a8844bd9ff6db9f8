"""The cost model's equations, by their properties and by counting messages."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradschool.zoo.scaling.model import (
    ONE_DEVICE,
    RING,
    TERMS,
    Costs,
    Gradients,
    all_reduce_seconds,
    seconds_by_term,
    step_seconds,
    step_terms,
)

COSTS = Costs(fixed=3e-3, per_sample=7e-6, latency=11e-6, per_byte=1 / 13e9)
COLLECTIVES = (RING, ONE_DEVICE)


def ring_by_hand(values):
    """Adds vectors up in a ring, part by part, as Patarasuk and Yuan do; gives the sums, rounds and bytes sent."""
    count, rounds, sent = len(values), 0, 0
    parts = [np.array_split(np.array(value, "float32"), count) for value in values]
    for adding in (True, False):
        for step in range(count - 1):
            first = 0 if adding else 1
            moving = [(rank, (rank + first - step) % count) for rank in range(count)]
            messages = [parts[rank][part].copy() for rank, part in moving]
            for (rank, part), message in zip(moving, messages, strict=True):
                there = parts[(rank + 1) % count]
                there[part] = there[part] + message if adding else message
            rounds, sent = rounds + 1, sent + messages[0].nbytes
    return [np.concatenate(part) for part in parts], rounds, sent


@pytest.mark.parametrize("replicas", [1, 2, 3, 5])
def test_the_ring_is_counted_as_it_is_walked(replicas):
    values = np.random.default_rng(0).integers(0, 9, (replicas, 30))
    sums, rounds, sent = ring_by_hand(values)
    for one in sums:
        np.testing.assert_array_equal(one, values.sum(axis=0))
    expected = rounds * COSTS.latency + sent * COSTS.per_byte
    assert all_reduce_seconds(COSTS, replicas, Gradients(30 * 4)) == pytest.approx(expected)


@pytest.mark.parametrize("collective", COLLECTIVES)
def test_one_replica_communicates_with_nobody(collective):
    gradients = Gradients(1e9, 7, collective)
    assert all_reduce_seconds(COSTS, 1, gradients) == 0
    for shares_cores in (False, True):
        assert step_seconds(COSTS, 1, 32, gradients, shares_cores) == pytest.approx(3e-3 + 32 * 7e-6)


@pytest.mark.parametrize("collective", COLLECTIVES)
def test_a_bandwidth_without_limit_leaves_latency(collective):
    costs = Costs(0.0, 0.0, COSTS.latency, 0.0)
    assert all_reduce_seconds(costs, 5, Gradients(1e12, 3, collective)) == pytest.approx(2 * 4 * 3 * COSTS.latency)


def test_the_ring_moves_less_than_two_messages_however_many_take_part():
    counts = np.array([2, 3, 64, 2048])
    moved = all_reduce_seconds(Costs(0.0, 0.0, 0.0, 1.0), counts, Gradients(100.0))
    np.testing.assert_allclose(moved, [100, 400 / 3, 196.875, 200 - 200 / 2048])


def test_one_device_reads_all_and_writes_the_sum():
    moved = all_reduce_seconds(Costs(0.0, 0.0, 0.0, 1.0), np.array([1, 2, 4]), Gradients(100.0, 1, ONE_DEVICE))
    np.testing.assert_allclose(moved, [0, 300, 500])


def test_replicas_on_the_same_cores_do_the_same_work_in_all():
    costs = Costs(0.0, COSTS.per_sample, 0.0, 0.0)
    times = step_seconds(costs, np.array([1, 2, 4, 8]), 64, Gradients(1.0), shares_cores=True)
    np.testing.assert_allclose(times, 64 * COSTS.per_sample)
    own = step_seconds(costs, np.array([1, 2, 4, 8]), 64, Gradients(1.0))
    np.testing.assert_allclose(own, 64 * COSTS.per_sample / np.array([1, 2, 4, 8]))


def test_the_slowest_replica_counts_when_a_batch_does_not_divide():
    assert step_terms(4, 33, Gradients(1.0))[1] == 9
    assert step_terms(64, 32, Gradients(1.0))[1] == 1


costs = st.builds(Costs, *[st.floats(1e-9, 1e-2)] * 4)


@given(costs, st.integers(1, 500), st.integers(1, 5000), st.floats(1, 1e9), st.sampled_from(COLLECTIVES))
def test_more_work_never_takes_less_time(costs, replicas, batch, size, collective):
    gradients = Gradients(size, 3, collective)
    time = step_seconds(costs, replicas, batch, gradients)
    assert step_seconds(costs, replicas, batch + 1, gradients) >= time
    assert step_seconds(costs, replicas, batch, Gradients(size * 2, 3, collective)) >= time
    assert step_seconds(costs, replicas, batch, gradients, shares_cores=True) >= time
    assert all_reduce_seconds(costs, replicas + 1, gradients) > all_reduce_seconds(costs, replicas, gradients)


@given(costs, st.integers(1, 500), st.integers(1, 5000), st.booleans())
def test_the_parts_add_up(costs, replicas, batch, shares_cores):
    terms = step_terms(replicas, batch, Gradients(1e6), shares_cores)
    parts = seconds_by_term(costs, terms)
    assert parts.shape == (len(TERMS),)
    assert (parts >= 0).all()
    assert parts.sum() == pytest.approx(step_seconds(costs, replicas, batch, Gradients(1e6), shares_cores))


def test_arrays_are_taken_place_by_place():
    counts, batches = np.array([1, 2, 7]), np.array([5, 11, 13])
    together = step_seconds(COSTS, counts, batches, Gradients(1e6))
    alone = [step_seconds(COSTS, n, b, Gradients(1e6)) for n, b in zip(counts, batches, strict=True)]
    np.testing.assert_allclose(together, alone)
