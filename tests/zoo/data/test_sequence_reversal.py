"""Reversal against Python's own, and what a decoder can know without the source."""

import numpy as np
import pytest

from gradschool.zoo.data import load_data
from gradschool.zoo.data.sequence_reversal import baseline, different_sequences


def texts(data, part):
    (x, y), known = data.arrays(part), data.description
    return [
        (known.input_tokenizer.decode(source), known.target_tokenizer.decode(target))
        for source, target in zip(x["source"], y, strict=True)
    ]


def test_targets_are_the_sources_backwards_and_no_source_occurs_twice():
    data = load_data("sequence_reversal", samples=300, shortest=2, longest=5, letters=7)
    pairs = [pair for part in ("train", "validation", "test") for pair in texts(data, part)]
    for source, target in pairs:
        assert target.split() == source.split()[::-1]
        assert 2 <= len(source.split()) <= 5
        assert set(source.split()) <= set("abcdefg")
    assert len({source for source, _ in pairs}) == len(pairs) == 360


def test_the_decoder_is_shown_what_it_has_to_say_one_step_later():
    data = load_data("sequence_reversal", samples=50)
    x, y = data.arrays("train")
    for shown, said, (source, target) in zip(x["target"], y, data.lengths["train"], strict=True):
        assert shown[0] == 2
        np.testing.assert_array_equal(shown[1:target], said[: target - 1])
        assert said[target - 1] == 3
        assert not said[target:].any()
        assert source + 1 == target


def test_the_baseline_is_the_entropy_of_the_targets_alone():
    sequences = different_sequences(20_000, 3, 6, 10, np.random.default_rng(0))
    lengths = np.array([len(one.split()) for one in sequences])
    shares = np.bincount(lengths) / len(lengths)
    entropy = lengths.mean() * np.log(10) - (shares[3:] * np.log(shares[3:])).sum()
    assert baseline(3, 6, 10)["nats"] == pytest.approx(entropy / (lengths.mean() + 1), rel=0.02)


def test_a_text_of_ones_own_can_be_translated():
    known = load_data("sequence_reversal", samples=10, letters=5).description
    assert known.input_tokenizer.unknown("a b e") == []
    assert known.input_tokenizer.unknown("a b z") == ["z"]
    assert known.input_tokens == known.classes == 9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shortest": 0}, "shortest must be a whole number of at least 1"),
        ({"shortest": 5, "longest": 4}, "longest must be a whole number of at least 5; got 4"),
        ({"letters": 27}, "letters must be a whole number from 2 to 26; got 27"),
        ({"shortest": 1, "longest": 2}, "26 letters make 702 sequences of 1 to 2; 12000 are to be drawn"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        load_data("sequence_reversal", **options)
