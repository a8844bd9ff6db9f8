"""The attention map shows the numbers that it was given."""

import numpy as np
import pytest

from gradschool.zoo.pictures.attention import attention_map

WEIGHTS = np.random.default_rng(0).random((3, 2, 5))


@pytest.mark.parametrize("weights", [WEIGHTS[0], WEIGHTS], ids=["one", "heads"])
def test_a_map_for_each_head(weights):
    figure = attention_map(weights, list("a b$c"), ["x", "(end)"], title="$5")
    figure.canvas.draw()
    shown = [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]
    np.testing.assert_array_equal(np.stack(shown), weights.reshape(-1, 2, 5))
    ticks = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert ticks == ["a", "\u2423", "b", r"\$", "c"]


def test_words_must_be_as_many_as_weights():
    with pytest.raises(ValueError, match=r"T = 1 target and S = 5 source tokens; got \(2, 5\)"):
        attention_map(WEIGHTS[0], list("abcde"), ["x"])
