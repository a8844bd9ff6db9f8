"""The recurrent tagger against PyTorch's on packed sequences; masks in its losses and metrics."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradients import gradients
from gradschool.zoo.layers.losses import get_loss
from gradschool.zoo.layers.metrics import get_metrics
from gradschool.zoo.models.sequence_tagger import SequenceTagger
from recurrent_twin import assert_recurrent_twins

RNG = np.random.default_rng(0)
LENGTHS = np.array([11, 1, 7, 3, 11, 2, 5])
PRESENT = np.arange(11) < LENGTHS[:, None]
TOKENS = (RNG.integers(1, 13, PRESENT.shape) * PRESENT).astype("int32")
TAGS = RNG.integers(0, 7, PRESENT.shape) * PRESENT
SMALL = {"tokens": 13, "classes": 7, "embedding": 5, "units": 3}


@pytest.mark.parametrize("form", [{}, {"layers": 2, "bidirectional": True}], ids=["plain", "deep and bidirectional"])
def test_answers_and_gradients_equal_pytorch_s_on_packed_sequences(form):
    pytest.importorskip("torch")
    assert_recurrent_twins(SequenceTagger(**SMALL, **form), TOKENS, TAGS)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_padding_changes_no_answer(cell):
    model = SequenceTagger(**SMALL, cell=cell, bidirectional=True)
    together = convert_to_numpy(model(TOKENS))
    longer = convert_to_numpy(model(np.pad(TOKENS, [(0, 0), (0, 4)])))[:, :11]
    np.testing.assert_allclose(longer[PRESENT], together[PRESENT], atol=1e-6)


def test_padding_changes_neither_loss_nor_gradient():
    model, loss = SequenceTagger(**SMALL, bidirectional=True), get_loss("cross_entropy")
    longer = [np.pad(array, [(0, 0), (0, 4)]) for array in (TOKENS, TAGS)]
    value, of_longer = (float(convert_to_numpy(loss(y, model(x)))) for x, y in ((TOKENS, TAGS), longer))
    assert of_longer == pytest.approx(value, rel=1e-5)
    ours, theirs = gradients(model, TOKENS, TAGS, loss), gradients(model, *longer, loss)
    for path, gradient in ours.items():
        np.testing.assert_allclose(theirs[path], gradient, atol=1e-6, err_msg=path)


def test_without_a_second_direction_a_step_knows_nothing_of_those_behind_it():
    changed = TOKENS.copy()
    changed[0, 5:] = 1 + changed[0, 5:] % 12
    for bidirectional, same in ((False, True), (True, False)):
        model = SequenceTagger(**SMALL, bidirectional=bidirectional)
        before, after = (convert_to_numpy(model(tokens))[0, :5] for tokens in (TOKENS, changed))
        assert np.allclose(before, after, atol=1e-6) == same


@pytest.mark.slow
@pytest.mark.every_backend
@pytest.mark.parametrize("vectors", [False, True])
def test_metrics_of_a_fit_and_of_an_evaluation_leave_padding_out(vectors):
    shape = {"input_shape": (None, 3), "tokens": None} if vectors else {}
    inputs = (RNG.normal(size=(*PRESENT.shape, 3)) * PRESENT[..., None]).astype("float32") if vectors else TOKENS
    model = SequenceTagger(**{**SMALL, **shape})
    metrics = get_metrics(["accuracy", "nats", "perplexity"], per_step=True)
    model.compile(keras.optimizers.SGD(0.0), get_loss("cross_entropy"), metrics=metrics)
    logits = convert_to_numpy(model(inputs)).astype("float64")
    logarithms = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    nats = -np.take_along_axis(logarithms, TAGS[..., None], -1)[..., 0][PRESENT].mean()
    right = (logits.argmax(-1) == TAGS)[PRESENT].mean()
    history = model.fit(inputs, TAGS, batch_size=3, verbose=0).history  # of 3, 3 and 1 sequences
    scores = model.evaluate(inputs, TAGS, batch_size=3, verbose=0, return_dict=True)
    for found in ({name: values[0] for name, values in history.items()}, scores):
        assert found["accuracy"] == pytest.approx(right, rel=1e-5)
        assert found["nats"] == pytest.approx(nats, rel=1e-5)
        assert found["perplexity"] == pytest.approx(np.exp(nats), rel=1e-5)


def test_the_mask_it_knows_is_that_of_its_answers():
    from gradschool.callbacks.keras_internals import mask_of

    model = SequenceTagger(**SMALL)
    np.testing.assert_array_equal(convert_to_numpy(model.padding_mask(keras.ops.convert_to_tensor(TOKENS))), PRESENT)
    np.testing.assert_array_equal(convert_to_numpy(mask_of(model(TOKENS))), PRESENT)
    of_one_length = SequenceTagger((7, 3), tokens=None, classes=5, units=3)
    assert of_one_length.padding_mask(np.zeros((1, 7, 3))) is None
    assert mask_of(of_one_length(np.zeros((1, 7, 3), "float32"))) is None


def test_it_takes_from_data_what_they_say():
    tags = SimpleNamespace(name="tags", task="tagging", input_shape=(None,), input_tokens=91, classes=3)
    assert SequenceTagger.config_for(tags) == {"input_shape": (None,), "tokens": 91, "classes": 3}
    words = SimpleNamespace(name="words", task="classification", input_shape=(None,), input_tokens=91, classes=3)
    with pytest.raises(ValueError, match="SequenceTagger is for tagging; words is for classification"):
        SequenceTagger.config_for(words)


def test_fewer_than_two_classes_are_refused():
    with pytest.raises(ValueError, match="classes must be a whole number of at least 2; got 1"):
        SequenceTagger(classes=1)
