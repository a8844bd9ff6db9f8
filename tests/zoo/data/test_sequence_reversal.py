"""Reversal against Python's own, and what a decoder can know without the source."""

import collections
import itertools

import numpy as np
import pytest

from gradschool.zoo.data import load_data
from gradschool.zoo.data.sequence_reversal import baseline


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


def test_the_baseline_is_the_loss_of_the_best_decoder_that_sees_nothing():
    """Brute force: all targets with their probabilities, told token by token by their beginnings alone."""
    lengths, letters = np.array([1, 2, 2, 2, 4, 4]), 3
    shares = {length: np.mean(lengths == length) for length in set(lengths.tolist())}
    targets = {
        (*said, "end"): share / letters**length
        for length, share in shares.items()
        for said in itertools.product(range(letters), repeat=length)
    }
    beginnings = collections.Counter()
    for target, probability in targets.items():
        for end in range(len(target) + 1):
            beginnings[target[:end]] += probability
    nats = tokens = 0.0
    for target, probability in targets.items():
        said = [beginnings[target[: end + 1]] / beginnings[target[:end]] for end in range(len(target))]
        nats -= probability * np.log(said).sum()
        tokens += probability * len(target)
    assert baseline(lengths, letters)["nats"] == pytest.approx(nats / tokens)


def test_the_baseline_counts_short_sequences_that_have_run_out():
    data = load_data("sequence_reversal", shortest=1, longest=3, samples=2000)
    lengths = data.lengths["test"][:, 0]
    assert (lengths > 1).all()
    assert data.description.baselines == baseline(lengths, 26)


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
