"""Sampling: probabilities against their definitions, draws against probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gradschool.zoo.generation.sampling import Sampling

LOGITS = arrays("float64", st.tuples(st.integers(1, 4), st.integers(2, 11)), elements=st.floats(-8, 8, width=32))


@given(LOGITS, st.floats(0.2, 3), st.integers(1, 12), st.floats(0.05, 1))
def test_what_is_kept_is_the_definition(logits, temperature, k, p):
    found = Sampling(temperature, k, p).probabilities(logits)
    for row, values in zip(found, logits, strict=True):
        exact = np.exp(values / temperature)
        ranked = sorted(range(len(values)), key=lambda token: -exact[token])[:k]
        shares = exact[ranked] / exact[ranked].sum()
        needed = next(count for count in range(1, len(ranked) + 1) if shares[:count].sum() >= p - 1e-9)
        expected = np.zeros(len(values))
        expected[ranked[:needed]] = shares[:needed] / shares[:needed].sum()
        np.testing.assert_allclose(np.sort(row), np.sort(expected), atol=1e-9)  # of equals, any


@given(LOGITS)
def test_without_options_it_is_the_softmax(logits):
    powers = np.exp(logits)
    np.testing.assert_allclose(Sampling().probabilities(logits), powers / powers.sum(-1, keepdims=True), atol=1e-12)


def test_draws_come_as_often_as_they_should():
    logits = np.log([[0.1, 0.2, 0.3, 0.4]]).repeat(20_000, axis=0)
    drawn = Sampling(temperature=0.7, top_k=3).draw(logits, np.random.default_rng(0))
    shares = np.bincount(drawn, minlength=4) / len(drawn)
    np.testing.assert_allclose(shares, Sampling(0.7, 3).probabilities(logits[:1])[0], atol=0.015)
    assert shares[0] == 0


def test_what_is_out_of_the_question_is_never_drawn():
    logits = np.array([[-np.inf, 0.0, -np.inf]]).repeat(1000, axis=0)
    for sampling in (Sampling(), Sampling(0), Sampling(top_k=3), Sampling(top_p=1.0)):
        assert set(sampling.draw(logits, np.random.default_rng(0))) == {1}


def test_cold_is_greedy_and_seeds_repeat():
    logits = np.random.default_rng(1).normal(size=(50, 7))
    assert (Sampling(0).draw(logits, np.random.default_rng(0)) == logits.argmax(-1)).all()
    np.testing.assert_allclose(Sampling(1e-3).probabilities(logits).max(-1), 1, atol=1e-2)
    first, again, other = (Sampling().draw(logits, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1}, "temperature must be a number of at least 0, such as 0.8; got -1"),
        ({"top_k": 0}, "top_k must be a whole number of at least 1; got 0"),
        ({"top_k": 2.5}, "top_k must be a whole number of at least 1; got 2.5"),
        ({"top_p": 0}, r"top_p must be a number in \(0, 1\], such as 0.9; got 0"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Sampling(**options)
