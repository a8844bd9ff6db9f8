"""The percentile of all norms so far, against NumPy's of a list."""

import numpy as np
import pytest
from keras import ops

from gradschool.callbacks.clipping.norm_history import NormHistory
from gradschool.callbacks.keras_internals import GradientStage


def percentiles(history, norms):
    stage = GradientStage()
    history.build(stage)
    found = [float(ops.convert_to_numpy(history.add(ops.convert_to_tensor(one, "float32"), stage))) for one in norms]
    history.read(stage)
    return found


@pytest.mark.slow
@pytest.mark.every_backend
def test_the_same_numbers_as_numpy_of_the_whole_list():
    norms = np.random.default_rng(0).lognormal(size=40).astype("float32")
    norms[[5, 6, 7]] = norms[5]  # equal ones
    for percent in (0.5, 10, 50, 90, 100):
        expected = [np.percentile(norms[: n + 1].astype("float64"), percent) for n in range(len(norms))]
        np.testing.assert_allclose(percentiles(NormHistory(percent, 40, False), norms), expected, rtol=1e-5)


@pytest.mark.parametrize("window", [1, 3, 10])
def test_the_same_numbers_as_numpy_of_the_last_ones(window):
    norms = np.random.default_rng(1).lognormal(size=25).astype("float32")
    expected = [np.percentile(norms[max(0, n + 1 - window) : n + 1].astype("float64"), 30) for n in range(len(norms))]
    np.testing.assert_allclose(percentiles(NormHistory(30, window, True), norms), expected, rtol=1e-5)


def test_norms_that_are_not_finite_do_not_enter():
    norms = [3.0, float("nan"), 1.0, float("inf"), 2.0]
    assert percentiles(NormHistory(50, 5, False), norms) == [3.0, 3.0, 2.0, 2.0, 2.0]
    assert percentiles(NormHistory(50, 5, True), norms) == [3.0, 3.0, 2.0, 2.0, 2.0]


def test_a_history_goes_on_with_more_room():
    norms = np.random.default_rng(2).lognormal(size=12).astype("float32")
    history = NormHistory(10, 7, False)
    percentiles(history, norms[:7])
    assert not history.is_full
    longer = history.with_room_for(5)
    expected = [np.percentile(norms[: n + 1].astype("float64"), 10) for n in range(7, 12)]
    np.testing.assert_allclose(percentiles(longer, norms[7:]), expected, rtol=1e-5)


def test_a_history_that_was_full_goes_on_with_what_it_kept():
    history = NormHistory(90, 4, False)
    percentiles(history, [float(norm) for norm in range(1, 9)])
    assert history.is_full
    longer = history.with_room_for(3)
    norms = [5.0, 6.0, 7.0]
    expected = [np.percentile([1, 2, 3, 4, *norms[: n + 1]], 90) for n in range(3)]
    np.testing.assert_allclose(percentiles(longer, norms), expected, rtol=1e-6)
    assert not longer.is_full


def test_without_room_norms_stay_out_and_it_is_known():
    history = NormHistory(100, 2, False)
    assert percentiles(history, [1.0, 2.0, 3.0]) == [1.0, 2.0, 2.0]
    assert history.is_full
