"""What is particular to encoder-decoders: padding, what each decoder sees, translation learned from examples."""

import keras
import numpy as np
import pytest
from keras import ops

from gradschool.zoo.data import load_data
from gradschool.zoo.data.tokenizer import BEGIN
from gradschool.zoo.generation.bleu import corpus_bleu, translation_results
from gradschool.zoo.models.mlp import MLP
from gradschool.zoo.models.seq2seq import ATTENTIONS, Seq2Seq
from model_case import copying, model_case

MODELS = {name: model_case(name).build() for name in ("seq2seq", "seq2seq_luong", "seq2seq_plain")}


def logits(model, source, target):
    inputs = {"source": np.asarray(source, "int32"), "target": np.asarray(target, "int32")}
    return ops.convert_to_numpy(model(inputs, training=False))


@pytest.mark.parametrize("name", MODELS)
def test_padding_never_matters(name):
    sources, target = [[7], [3, 12, 5, 5, 1]], [BEGIN, 4, 5]
    together = logits(MODELS[name], [[7] + [0] * 8, sources[1] + [0] * 4], [target + [0] * 2] * 2)
    for source, padded in zip(sources, together, strict=True):
        np.testing.assert_allclose(padded[:3], logits(MODELS[name], [source], [target])[0], atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_a_step_sees_the_target_so_far_and_the_whole_source(name):
    source, target = [[4, 5, 6, 7]], [[BEGIN, 4, 5, 6]]
    before = logits(MODELS[name], source, target)
    later = logits(MODELS[name], source, [[BEGIN, 4, 9, 6]])
    np.testing.assert_allclose(later[:, :2], before[:, :2], atol=1e-6)
    assert np.abs(later[:, 2:] - before[:, 2:]).max() > 1e-3
    for place in range(4):
        other = np.array(source)
        other[0, place] = 12
        assert np.abs(logits(MODELS[name], other, target) - before).max() > 1e-6


@pytest.mark.parametrize("name", ["seq2seq", "seq2seq_luong"])
def test_attention_is_a_distribution_over_the_source_without_its_padding(name):
    inputs, _ = copying(MODELS[name], 3)
    weights = MODELS[name].attention_weights(inputs["source"], inputs["target"])
    assert weights.shape == (3, inputs["target"].shape[1], inputs["source"].shape[1])
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)
    assert not weights[np.broadcast_to(inputs["source"][:, None] == 0, weights.shape)].any()


def test_the_attention_of_a_step_is_what_the_layer_used():
    model, inputs = MODELS["seq2seq_luong"], copying(MODELS["seq2seq_luong"], 3)[0]
    layer = model.get_layer("attention")
    parts = keras.Model(model.input, [model.get_layer("decoder1").output[0], model.get_layer("encoder1").output[0]])
    decoded, memory = parts(inputs)
    _, expected = layer(decoded, memory, memory_mask=inputs["source"] != 0, return_weights=True)
    found = model.attention_weights(inputs["source"], inputs["target"])
    steps = inputs["target"] != 0  # behind the end, a masked decoder stands still
    np.testing.assert_allclose(found[steps], ops.convert_to_numpy(expected)[steps], atol=1e-5)


def test_padding_of_the_target_is_no_part_of_the_loss():
    model = MODELS["seq2seq"]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    inputs, targets = copying(model, 5)
    values = ops.convert_to_numpy(loss(targets, model(inputs)))
    answers = logits(model, **inputs).astype("float64")
    nats = np.log(np.exp(answers).sum(-1)) - np.take_along_axis(answers, targets[..., None], -1)[..., 0]
    np.testing.assert_allclose(values, nats[targets != 0].mean(), rtol=1e-5)


def test_mistakes_are_refused():
    with pytest.raises(ValueError, match="unknown attention 'loung'; did you mean 'luong'"):
        Seq2Seq(attention="loung")
    with pytest.raises(ValueError, match="unknown cell"):
        Seq2Seq(cell="gnu")
    for name, least in (("source_tokens", 2), ("target_tokens", 5), ("units", 1), ("layers", 1), ("embedding", 1)):
        with pytest.raises(ValueError, match=f"{name} must be a whole number of at least {least}"):
            Seq2Seq(**{name: 0})
    with pytest.raises(ValueError, match="dropout must be"):
        Seq2Seq(dropout=1.0)
    with pytest.raises(ValueError, match="has no attention"):
        MODELS["seq2seq_plain"].attention_weights([[4]], [[BEGIN]])
    with pytest.raises(ValueError, match="is for translation"):
        Seq2Seq.config_for(load_data("digits").description)
    with pytest.raises(ValueError, match="MLP is for classification; sequence_reversal is for translation"):
        MLP.config_for(load_data("sequence_reversal").description)
    assert set(ATTENTIONS) == {"bahdanau", "luong", "none"}


def test_bleu_takes_the_best_of_several_references():
    translations = ["the cat sat on the mat", "he went home at nine"]
    references = [["a cat was sitting there", "the cat sat on the mat"], ["he went home at nine"]]
    score, signature = corpus_bleu(translations, references)
    assert score == pytest.approx(100)
    assert "tok:13a" in signature
    worse, _ = corpus_bleu(translations, [references[0][:1], references[1]])
    assert worse < 100


@pytest.mark.slow
def test_reversal_is_learned_and_translated():
    data = load_data("sequence_reversal", shortest=1, longest=4, letters=10, samples=4000, batch_size=64)
    model = Seq2Seq(**Seq2Seq.config_for(data.description, units=48, embedding=24))
    model.compile(keras.optimizers.Adam(1e-2), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(data.train, epochs=6, verbose=0)
    results = translation_results(model, data, most=100)
    assert results.scores["exact_match"] > 0.9
    assert results.scores["bleu"] > 90
    assert results.scores["sentences"] <= 100
    assert "tok:13a" in results.signature
    assert results.signature in results.as_text()
    first = results.examples[0]
    assert first.references == (first.source[::-1],)
    known = data.description
    tokenizers = {"input_tokenizer": known.input_tokenizer, "target_tokenizer": known.target_tokenizer}
    assert model.translate([first.source], **tokenizers) == [first.translation]
