"""Beam search against greedy search, against all there is, and against the model given the target."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from gradschool.zoo.data.tokenizer import BEGIN, END
from gradschool.zoo.generation.beam_search import beam_search, greedy_search, length_penalty_of
from gradschool.zoo.generation.translation import translate
from gradschool.zoo.models.seq2seq import ATTENTIONS, Seq2Seq

TOKENS = 7  # 4, 5 and 6 can be written
SOURCE = np.array([[4, 5, 6, 4, 4], [6, 4, 0, 0, 0], [5, 5, 5, 0, 0]], "int32")


def make(attention="bahdanau", cell="gru", **options):
    """A model with weights so large that it has opinions."""
    keras.utils.set_random_seed(3)
    model = Seq2Seq(7, TOKENS, cell=cell, units=5, embedding=3, attention=attention, **options)
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(rng.normal(scale=1.5, size=weight.shape))
    return model


@pytest.fixture(scope="module", params=ATTENTIONS)
def model(request):
    return make(request.param, "lstm" if request.param == "luong" else "gru", layers=2)


def log_probabilities(model, source, targets):
    """Log p of each target token, of the whole target at once (teacher forcing), in float64."""
    begun = np.concatenate([np.full((len(targets), 1), BEGIN), targets[:, :-1]], axis=1)
    inputs = {"source": np.repeat(source[None], len(targets), 0), "target": begun}
    logits = ops.convert_to_numpy(model(inputs)).astype("float64")
    values = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    return np.take_along_axis(values, targets[..., None], -1)[..., 0]


def test_one_step_after_the_other_gives_the_logits_of_all_at_once(model):
    target = np.array([[BEGIN, 4, 6, 5]] * 3, "int32")
    target[:, 2] = (5, 6, 4)
    expected = ops.convert_to_numpy(model({"source": SOURCE, "target": target}))
    memory, states = model.encode(ops.convert_to_tensor(SOURCE))
    for i in range(target.shape[1]):
        logits, states = model.step(ops.convert_to_tensor(target[:, i]), states, memory)
        np.testing.assert_allclose(ops.convert_to_numpy(logits), expected[:, i], atol=2e-5)


def test_a_beam_of_one_is_greedy(model):
    found = [one for (one,) in beam_search(model, SOURCE, beam=1, most=8)]
    assert [one.tokens for one in found] == [one.tokens for one in greedy_search(model, SOURCE, most=8)]
    np.testing.assert_allclose(
        [one.score for one in found], [one.score for one in greedy_search(model, SOURCE, most=8)], atol=1e-6
    )


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_a_beam_wide_enough_finds_the_best_of_all(model, alpha):
    most = 4
    endings = [(*one, END) for n in range(most) for one in itertools.product((4, 5, 6), repeat=n)]
    padded = np.array([[*one, *(0,) * (most - len(one))] for one in endings])
    for source in SOURCE:
        values = np.where(padded != 0, log_probabilities(model, source, padded), 0).sum(-1)
        scores = [value / length_penalty_of(len(one), alpha) for value, one in zip(values, endings, strict=True)]
        best = int(np.argmax(scores))
        found = beam_search(model, source[None], beam=len(endings) + 3**most, most=most, length_penalty=alpha)[0][0]
        assert found.ended
        assert (*found.tokens, END) == endings[best]
        np.testing.assert_allclose(found.score, scores[best], rtol=1e-5, atol=1e-5)


def test_scores_are_sums_of_log_probabilities(model):
    for source, found in zip(SOURCE, beam_search(model, SOURCE, beam=3, most=9, length_penalty=0.6), strict=True):
        for one in found:
            target = np.array([[*one.tokens, *([END] if one.ended else [])]])
            total = log_probabilities(model, source, target).sum()
            np.testing.assert_allclose(one.log_probability, total, atol=1e-5)
            np.testing.assert_allclose(one.score, total / ((5 + target.shape[1]) / 6) ** 0.6, atol=1e-5)


def test_together_is_one_by_one(model):
    sources = [[4, 5, 6, 4, 4, 5, 6, 6, 5], [6], [5, 4, 5]]
    together = translate(model, sources, beam=3)
    for source, one in zip(sources, together, strict=True):
        (alone,) = translate(model, [source], beam=3)
        assert alone.tokens == one.tokens
        np.testing.assert_allclose(alone.score, one.score, atol=1e-5)


def test_the_first_hypothesis_is_the_best_and_none_comes_twice(model):
    for found in beam_search(model, SOURCE, beam=5, most=8):
        scores = [one.score for one in found if one.ended]
        assert scores == sorted(scores, reverse=True)
        assert len({one.tokens for one in found}) == len(found) <= 5


def test_what_does_not_end_is_cut_off():
    model = make()
    bias = model.get_layer("logits").bias
    bias.assign(np.where(np.arange(TOKENS) == END, -100, ops.convert_to_numpy(bias)))
    for found in beam_search(model, SOURCE, beam=2, most=np.array([3, 1, 2])):
        assert not any(one.ended for one in found)
    assert [len(found[0].tokens) for found in beam_search(model, SOURCE, beam=2, most=np.array([3, 1, 2]))] == [3, 1, 2]


def test_mistakes_are_refused():
    model = make()
    with pytest.raises(ValueError, match="beam must be a whole number of at least 1; got 0"):
        beam_search(model, SOURCE, beam=0)
    with pytest.raises(ValueError, match="length_penalty must be a number of at least 0; got -1"):
        beam_search(model, SOURCE, length_penalty=-1)
    with pytest.raises(ValueError, match="most must be"):
        beam_search(model, SOURCE, most=0)
    with pytest.raises(ValueError, match="nothing to translate in"):
        translate(model, [[4], []])
    with pytest.raises(ValueError, match="input_tokenizer and target_tokenizer are needed"):
        translate(model, ["text"])
    with pytest.raises(ValueError, match="a list of texts"):
        translate(model, "text")
