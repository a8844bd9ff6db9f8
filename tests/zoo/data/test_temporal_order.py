"""Temporal order against the paper's words: lengths, places, letters and classes."""

import numpy as np
import pytest

from gradschool.zoo.data import load_data
from gradschool.zoo.data.temporal_order import LETTERS, ORDERS


@pytest.mark.parametrize("steps", [10, 100])
def test_sequences_are_as_the_paper_has_them(steps):
    data = load_data("temporal_order", steps=steps, samples=500)
    x, y = data.arrays("train")
    for tokens, number, length in zip(x, y, data.lengths["train"], strict=True):
        letters = "".join(LETTERS[token - 1] for token in tokens[:length])
        assert not tokens[length:].any()
        assert steps <= len(letters) <= 1.1 * steps
        assert (letters[0], letters[-1]) == ("E", "B")
        first, second = (place for place, letter in enumerate(letters) if letter in "XY")
        assert 0.1 * steps <= first <= 0.2 * steps
        assert 0.5 * steps <= second <= 0.6 * steps
        assert data.description.class_names[number] == letters[first] + letters[second]
        assert set(letters[1:-1]) <= set("abcdXY")
    assert x.shape[1] == steps + steps // 10


def test_lengths_places_and_classes_all_occur_alike():
    data = load_data("temporal_order")
    x, y = data.arrays("train")
    np.testing.assert_allclose(np.bincount(y) / len(y), np.full(4, data.description.baselines["accuracy"]), atol=0.02)
    np.testing.assert_allclose(np.bincount(data.lengths["train"])[100:] / len(y), np.full(11, 1 / 11), atol=0.02)
    places = np.nonzero((x == 5) | (x == 6))[1].reshape(-1, 2)
    np.testing.assert_allclose(np.bincount(places[:, 0])[10:] / len(y), np.full(11, 1 / 11), atol=0.02)
    np.testing.assert_allclose(np.bincount(places[:, 1])[50:] / len(y), np.full(11, 1 / 11), atol=0.02)
    assert data.description.baselines["loss"] == pytest.approx(np.log(len(ORDERS)))


def test_tenths_need_ten_steps():
    with pytest.raises(ValueError, match="steps must be a whole number of at least 10; got 9"):
        load_data("temporal_order", steps=9)
