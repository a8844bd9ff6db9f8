"""The copy task step by step, and its baseline against the best answers without memory."""

import numpy as np
import pytest

from gradschool.zoo.data import load_data


@pytest.mark.parametrize("steps", [1, 3, 50])
def test_what_was_shown_is_to_be_said_again(steps):
    data = load_data("copy_memory", steps=steps, samples=50)
    x, y = data.arrays("train")
    for shown, said in zip(x.tolist(), y.tolist(), strict=True):
        symbols = shown[:10]
        assert set(symbols) <= set(range(1, 9))
        assert shown[10:] == [9] * (steps - 1) + [10] + [9] * 10
        assert said == [0] * (steps + 10) + symbols
    assert x.shape == (50, steps + 20)
    assert data.description.input_shape == (steps + 20,)
    assert data.description.class_names[0] == "blank"


def test_symbols_are_uniform():
    x, _ = load_data("copy_memory").arrays("train")
    np.testing.assert_allclose(np.bincount(x[:, :10].ravel())[1:] / 100_000, np.full(8, 1 / 8), atol=0.005)


@pytest.mark.parametrize("steps", [5, 50])
def test_the_baseline_is_that_of_the_best_fixed_answer_to_every_step(steps):
    data = load_data("copy_memory", steps=steps)
    _, y = data.arrays("train")
    shares = np.stack([(y == number).mean(axis=0) for number in range(9)], axis=-1)  # (T + 20, 9)
    nats = -(shares * np.log(np.maximum(shares, 1e-12))).sum(axis=-1).mean()
    assert data.description.baselines["nats"] == pytest.approx(nats, rel=1e-3)
    assert data.description.baselines["nats"] == pytest.approx(10 * np.log(8) / (steps + 20))
    assert data.description.baselines["token_accuracy"] == pytest.approx(shares.max(axis=-1).mean(), abs=0.003)


def test_symbols_and_copy_need_a_step_between_them():
    with pytest.raises(ValueError, match="steps must be a whole number of at least 1; got 0"):
        load_data("copy_memory", steps=0)
