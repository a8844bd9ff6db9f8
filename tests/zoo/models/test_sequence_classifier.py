"""The recurrent classifier against PyTorch's on packed sequences; padding, names, and how it refuses."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.models.sequence_classifier import SequenceClassifier
from gradschool.zoo.transfer_learning import freeze, head_of, learning_rates, transfer
from recurrent_twin import assert_recurrent_twins

RNG = np.random.default_rng(0)
LENGTHS = np.array([11, 1, 7, 3, 11])
TOKENS = (RNG.integers(1, 13, (5, 11)) * (np.arange(11) < LENGTHS[:, None])).astype("int32")
SMALL = {"tokens": 13, "classes": 7, "embedding": 5, "units": 3}
CELLS = ("rnn", "lstm", "gru")
FORMS = [{}, {"layers": 2, "bidirectional": True}]


@pytest.mark.parametrize("form", FORMS, ids=["plain", "deep and bidirectional"])
def test_answers_and_gradients_equal_pytorch_s_on_packed_sequences(form):
    pytest.importorskip("torch")
    assert_recurrent_twins(SequenceClassifier(**SMALL, **form), TOKENS, np.array([0, 6, 2, 3, 1]))


@pytest.mark.parametrize("form", [{}, {"layers": 2, "bidirectional": True, "layer_normalization": True}], ids=str)
@pytest.mark.parametrize("cell", CELLS)
def test_padding_changes_no_answer(cell, form):
    model = SequenceClassifier(**SMALL, cell=cell, **form)
    together = convert_to_numpy(model(TOKENS))
    longer = convert_to_numpy(model(np.pad(TOKENS, [(0, 0), (0, 4)])))
    alone = [convert_to_numpy(model(row[None, :length]))[0] for row, length in zip(TOKENS, LENGTHS, strict=True)]
    # Rounding: a norm over three units may divide by little. In float64 nothing differs by more than 2e-14.
    np.testing.assert_allclose(longer, together, atol=1e-5)
    np.testing.assert_allclose(alone, together, atol=1e-5)


def test_padding_of_vectors_changes_no_answer_where_lengths_differ():
    model = SequenceClassifier((None, 3), tokens=None, classes=7, units=5, bidirectional=True)
    vectors = RNG.normal(size=(2, 7, 3)).astype("float32")
    longer = np.pad(vectors, [(0, 0), (0, 4), (0, 0)])
    longer, vectors = (convert_to_numpy(model(one)) for one in (longer, vectors))
    np.testing.assert_allclose(longer, vectors, atol=1e-6)


def test_zeros_are_values_where_all_sequences_are_of_one_length():
    model = SequenceClassifier((7, 3), tokens=None, classes=7, units=5)
    vectors = RNG.normal(size=(1, 7, 3)).astype("float32")
    vectors[:, 5:] = 0
    of_five = SequenceClassifier((5, 3), tokens=None, classes=7, units=5)
    of_five.set_weights(model.get_weights())
    assert np.abs(convert_to_numpy(model(vectors)) - convert_to_numpy(of_five(vectors[:, :5]))).max() > 1e-4


def test_the_second_direction_is_the_first_one_on_the_sequence_reversed():
    model = SequenceClassifier((None, 3), tokens=None, classes=7, units=5, bidirectional=True)
    vectors = RNG.normal(size=(2, 7, 3)).astype("float32")
    features = keras.Model(model.input, model.get_layer("lstm1").output)
    forward, backward = np.split(convert_to_numpy(features(vectors)), 2, axis=-1)
    bidirectional = model.get_layer("lstm1")
    weights = bidirectional.get_weights()
    bidirectional.set_weights([*weights[3:], *weights[:3]])
    swapped = np.split(convert_to_numpy(features(vectors[:, ::-1])), 2, axis=-1)
    np.testing.assert_allclose(swapped, [backward, forward], atol=1e-6)


def test_names_of_layers_say_their_cell_and_number():
    model = SequenceClassifier(**SMALL, cell="gru", layers=3, dropout=0.1)
    names = [layer.name for layer in model.layers]
    assert names == ["inputs", "embedding", "gru1", "dropout1", "gru2", "dropout2", "gru3", "dropout3", "logits"]
    vectors = SequenceClassifier((None, 3), tokens=None, cell="rnn", units=3)
    assert [layer.name for layer in vectors.layers] == ["inputs", "masking", "rnn1", "logits"]


def test_it_takes_from_data_what_they_say():
    words = SimpleNamespace(name="words", task="classification", input_shape=(None,), input_tokens=91, classes=3)
    config = SequenceClassifier.config_for(words, units=7)
    assert config == {"input_shape": (None,), "tokens": 91, "classes": 3, "units": 7}
    assert SequenceClassifier(**config).output_shape == (None, 3)
    tags = SimpleNamespace(name="tags", task="tagging", input_shape=(None,), input_tokens=91, classes=3)
    with pytest.raises(ValueError, match="SequenceClassifier is for classification; tags is for tagging"):
        SequenceClassifier.config_for(tags)


def test_its_features_go_over_to_other_classes():
    source = SequenceClassifier(**SMALL, bidirectional=True, layers=2)
    model = transfer(source, classes=4, freeze_features=True)
    assert head_of(model).name == "logits"
    assert [weight.path for weight in model.trainable_variables] == ["logits/kernel", "logits/bias"]
    np.testing.assert_array_equal(model.get_layer("lstm2").get_weights()[0], source.get_layer("lstm2").get_weights()[0])
    assert freeze(SequenceClassifier(**SMALL), "lstm*") == ["lstm1"]
    assert learning_rates(source, 0.5) == {"embedding": 0.125, "lstm1": 0.25, "lstm2": 0.5, "logits": 1.0}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            {"input_shape": (28, 28, 1)},
            r"SequenceClassifier takes tokens, input_shape=\(steps,\).*For vectors give tokens",
        ),
        ({"input_shape": (None, 3)}, "For vectors give tokens=None"),
        ({"input_shape": (7,), "tokens": None}, "For tokens say how many, tokens="),
        ({"input_shape": (0,)}, "input_shape=.* must be a whole number of at least 1; got 0"),
        ({"tokens": 1}, "tokens must be a whole number of at least 2; got 1"),
        ({"classes": 1}, "classes must be a whole number of at least 2; got 1"),
        ({"units": 0}, "units must be a whole number of at least 1; got 0"),
        ({"layers": 0}, "layers must be a whole number of at least 1; got 0"),
        ({"embedding": 0.5}, "embedding must be a whole number of at least 1; got 0.5"),
        ({"dropout": 1}, "dropout must be"),
        ({"recurrent_dropout": -0.1}, "recurrent_dropout must be"),
        ({"cell": "lstn"}, "lstm"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_impossible_arguments_are_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        SequenceClassifier(**wrong)


def test_memory_opens_the_gates_of_the_model():
    plain, open_gates = (SequenceClassifier(tokens=20, units=50, memory=memory) for memory in (None, 200))
    forget = [convert_to_numpy(model.get_layer("lstm1").cell.bias)[50:100] for model in (plain, open_gates)]
    assert set(forget[0]) == {1.0}  # Keras's own
    assert np.exp(forget[1]).max() > 150
    with pytest.raises(ValueError, match="unknown cell with gates 'rnn'"):
        SequenceClassifier(tokens=20, cell="rnn", memory=200)
