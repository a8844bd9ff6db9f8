"""The adding problem against its definition, and its baseline against what was drawn."""

import numpy as np
import pytest

from gradschool.zoo.data import load_data
from gradschool.zoo.data.adding_problem import BASELINE


@pytest.mark.parametrize("steps", [3, 7, 200])
def test_the_target_is_the_sum_of_the_two_marked(steps):
    x, y = load_data("adding_problem", steps=steps, samples=200).arrays("train")
    for sequence, target in zip(x, y, strict=True):
        places = np.flatnonzero(sequence[:, 1])
        assert len(places) == 2
        assert places[0] < steps // 2 <= places[1]
        assert target == pytest.approx(sequence[places, 0].sum())
    assert set(np.unique(x[..., 1])) == {0, 1}
    assert 0 < x[..., 0].min() < x[..., 0].max() <= 1


def test_numbers_and_places_are_uniform():
    x, _ = load_data("adding_problem", steps=10).arrays("train")
    assert x[..., 0].mean() == pytest.approx(1 / 2, abs=0.005)
    assert x[..., 0].var() == pytest.approx(1 / 12, abs=0.002)
    np.testing.assert_allclose(x[..., 1].mean(axis=0), np.full(10, 1 / 5), atol=0.02)


def test_the_baseline_is_the_error_of_always_saying_one():
    data = load_data("adding_problem")
    _, y = data.arrays("train")
    assert np.mean((y - 1) ** 2) == pytest.approx(BASELINE, rel=0.05)
    assert np.mean((y - y.mean()) ** 2) == pytest.approx(BASELINE, rel=0.05)  # no other constant does better
    np.testing.assert_array_equal(data.baselines["always 1"], np.ones((1000, 1)))
    assert data.description.outputs[0].restore(0.5) == 0.5  # in the papers' units
    assert data.description.baselines == {"mean_squared_error": BASELINE}


def test_one_step_is_too_short():
    with pytest.raises(ValueError, match="steps must be a whole number of at least 2; got 1"):
        load_data("adding_problem", steps=1)
