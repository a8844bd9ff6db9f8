"""Counting outputs of units, against NumPy."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from hypothesis.extra.numpy import array_shapes, arrays
from keras import ops

from gradschool.callbacks.units.counts import Counter
from units_by_hand import dead, frequency, saturation

BACKEND = keras.backend.backend()
VALUES = some.floats(-2, 2, width=32, allow_subnormal=False)  # which processors may take for zero
OUTPUTS = arrays("float32", array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=5), elements=VALUES)


def begun(counter, units):
    return [keras.Variable("zeros", shape, dtype, trainable=False) for shape, dtype in counter.states(units)]


def read(states):
    return [np.array(ops.convert_to_numpy(one.value)) for one in states]


def counted(counter, *calls):
    """What a counter says after several calls."""
    states = begun(counter, counter.units_of(calls[0]))
    for outputs in calls:
        counter.update(states, ops.convert_to_tensor(outputs))
    return counter.result(read(states))


@pytest.mark.slow
@pytest.mark.every_backend
@settings(max_examples=20 if BACKEND == "jax" else 100)  # JAX compiles every shape anew
@given(OUTPUTS, some.sampled_from([-1, 1, None]))
def test_counts_are_those_of_numpy(outputs, axis):
    own = -1 if axis is None else axis
    calls = outputs, -outputs[::-1], outputs[:1]
    together = np.concatenate(calls)
    flags = counted(Counter(None, axis), *calls)
    np.testing.assert_array_equal(~flags.fired, dead(together, own))
    firings = counted(Counter(None, axis, frequency=True), *calls)
    np.testing.assert_array_equal(firings.fired, flags.fired)
    np.testing.assert_allclose(firings.share, frequency(together, own), rtol=1e-12)
    assert firings.outputs == together.size // together.shape[own]
    near = counted(Counter((-1.5, 1.5), axis, margin=0.1), *calls)
    np.testing.assert_allclose(near.share, saturation(together, -1.5, 1.5, 0.1, own), rtol=1e-12)


def test_counts_are_exact_where_floats_would_not_be():
    counter = Counter(None, frequency=True)
    states, large = begun(counter, 1), 2**30 - 3
    states[0].assign(np.reshape(np.array([0] * (len(states[0].shape) - 1) + [large]), states[0].shape))
    for _ in range(5):
        counter.update(states, ops.ones((2, 1)))
    result = counter.result(read(states))
    assert result.outputs == 10
    assert result.share[0] * result.outputs == large + 10  # float32 has no such number
    if BACKEND == "jax":
        states[0].assign(np.array([[3], [large]]))
        counter.update(states, ops.ones((7, 1)))
        assert counter.result(read(states)).share[0] * 17 == 3 * 2**30 + large + 7
        assert 0 <= read(states)[0][1, 0] < 2**30


def test_replicas_states_add_up():
    outputs = np.random.default_rng(0).normal(-2, 1, (12, 3, 7)).astype("float32")
    for counter in (Counter(None), Counter(None, frequency=True), Counter((-1.0, 1.0))):
        parts = []
        for part in (outputs[:5], outputs[5:]):
            states = begun(counter, 7)
            counter.update(states, ops.convert_to_tensor(part))
            parts.append(read(states))
        together = counter.result([sum(each) for each in zip(*parts, strict=True)])
        whole = counted(counter, outputs)
        for name in ("fired", "share", "outputs"):
            np.testing.assert_array_equal(getattr(together, name), getattr(whole, name))


def test_outputs_that_are_no_numbers_do_not_fire():
    outputs = np.array([[np.nan, 1.0, -1.0], [np.nan, 2.0, np.nan]], "float32")
    assert counted(Counter(None), outputs).fired.tolist() == [False, True, False]
    assert counted(Counter(None), outputs, np.ones((1, 3), "float32")).fired.all()
    assert counted(Counter(None, frequency=True), outputs).share.tolist() == [0, 1, 0]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_outputs_that_are_no_numbers_do_not_hide_those_that_fire(place):
    outputs = np.ones((3, 2), "float32")
    outputs[place] = np.nan
    assert counted(Counter(None), outputs).fired.all()


@pytest.mark.parametrize("axis", [1, -1])
def test_large_layers_count_as_small_ones_when_all_units_have_fired_too(axis):
    """Their outputs are looked at only until then."""
    counter, outputs = Counter(None, axis), np.full((4, 8, 16, 16, 8), -1.0, "float32")
    places = np.moveaxis(outputs, axis, -1)
    places[0, 1, 2, 3, :5], places[1, 4, 5, 6, 3:] = 1.0, 1.0  # the third has none, the fourth one
    places[3, 0, 0, 0, 6] = 1.0
    states = begun(counter, 8)

    def step(batch):
        counter.update(states, batch)

    if BACKEND == "tensorflow":
        import tensorflow as tf

        step = tf.function(step)
    fired = []
    for batch in outputs[:, None]:
        if len(fired) == 3:
            states[0].assign(np.zeros(8, "float32"))  # a new epoch
        step(ops.convert_to_tensor(batch))
        fired.append(counter.result(read(states)).fired)
    np.testing.assert_array_equal(fired, [np.arange(8) < 5, np.full(8, True), np.full(8, True), np.arange(8) == 6])


@pytest.mark.parametrize(("most", "samples"), [(1, 1), (6, 1), (7, 2), (12, 2), (13, 3), (1000, 9), (None, 9)])
def test_of_many_positions_the_first_samples_are_counted(most, samples):
    outputs = np.random.default_rng(0).uniform(-1, 1, (9, 2, 3, 4)).astype("float32")
    result = counted(Counter((-1.0, 1.0), most=most), outputs)
    assert result.outputs == samples * 6
    np.testing.assert_allclose(result.share, saturation(outputs[:samples], -1, 1), rtol=1e-12)


@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize("most", [5, 2**21])  # few are added up by a product, many by sums
@pytest.mark.parametrize("limits", [(-1.0, 1.0), (0.0, 1.0)])  # one comparison where they are symmetric, else two
def test_some_outputs_are_counted_as_all_would_be(axis, most, limits):
    outputs = np.random.default_rng(0).uniform(*limits, (9, 2, 3, 4)).astype("float32")
    result = counted(Counter(limits, axis, margin=0.1, most=most), outputs)
    seen = outputs[:1] if most == 5 else outputs
    assert result.outputs == seen.size // seen.shape[axis]
    np.testing.assert_allclose(result.share, saturation(seen, *limits, 0.1, axis), rtol=1e-12)


def test_what_has_no_units_is_left_alone():
    assert Counter(None).units_of(np.zeros(3)) is None
    assert Counter(None).units_of((1, 2)) is None
    assert Counter(None, axis=1).units_of(np.zeros((2, 3))) == 3
