"""Looked-up sums against the sums of looked-up vectors: the same values and gradients, and only where they pay."""

import keras
import numpy as np
import pytest
from keras import ops
from keras.ops import convert_to_numpy

from gradschool.zoo.layers.dropout import Dropout
from gradschool.zoo.layers.embedding import Embedding, look_up_of
from gradschool.zoo.layers.recurrent import CELLS, recurrent_layer

B, T, V, D, H = 4, 9, 7, 3, 5
TOKENS = np.random.default_rng(0).integers(1, V, size=(B, T)).astype("int32")
TOKENS[0, 4:] = 0

on_tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="elsewhere nothing is looked up")


def reader(cell, kind, dropout=0.0, **options):
    """Embedding and recurrent layer, with weights that do not depend on the embedding's class."""
    embedding = kind(
        V, D, mask_zero=True, dtype="float64", embeddings_initializer=keras.initializers.RandomNormal(seed=1)
    )
    between = [Dropout(dropout, dtype="float64")] if dropout else []
    layer = recurrent_layer(cell, H, return_sequences=True, dtype="float64", **options)
    model = keras.Sequential([keras.Input((None,), dtype="int32"), embedding, *between, layer])
    drawn = np.random.default_rng(2)
    layer.set_weights([drawn.normal(size=weight.shape) for weight in layer.get_weights()])
    return model


def loss_and_gradients(model, training=True):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        outputs = model(TOKENS, training=training)
        loss = ops.sum(outputs * ops.reshape(ops.arange(outputs[0].numpy().size, dtype="float64"), outputs.shape[1:]))
    gradients = tape.gradient(loss, model.trainable_variables)
    return convert_to_numpy(outputs), [convert_to_numpy(ops.convert_to_tensor(one)) for one in gradients]


@pytest.fixture
def multiplied(monkeypatch):
    """The vectors that each product with W has taken in: (T, B) of the steps, (1, V) of the table."""
    from gradschool.zoo.layers.recurrence import RecurrentLayer

    own, multiplied = RecurrentLayer.input_sums, []
    monkeypatch.setattr(
        RecurrentLayer, "input_sums", lambda self, x: multiplied.append(tuple(x.shape[:2])) or own(self, x)
    )
    return multiplied


@on_tensorflow
@pytest.mark.parametrize("options", [{}, {"bidirectional": True}], ids=["one way", "both ways"])
@pytest.mark.parametrize("cell", CELLS)
def test_values_and_gradients_are_those_of_the_vectors(cell, options, multiplied):
    outputs, gradients = loss_and_gradients(reader(cell, Embedding, **options))
    assert set(multiplied) == {(1, V)}
    multiplied.clear()
    wanted, wanted_gradients = loss_and_gradients(reader(cell, keras.layers.Embedding, **options))
    assert set(multiplied) == {(T, B)}
    np.testing.assert_allclose(outputs, wanted, rtol=1e-12, atol=1e-12)
    for found, expected in zip(gradients, wanted_gradients, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


@on_tensorflow
def test_an_answer_has_a_gradient_to_the_vectors_of_its_tokens(multiplied):
    import tensorflow as tf

    embedding, layer = reader("lstm", Embedding).layers
    with tf.GradientTape() as tape:
        vectors = embedding(TOKENS)
        tape.watch(vectors)
        outputs = layer(vectors)
    assert np.abs(tape.gradient(outputs, vectors).numpy()).max() > 0
    assert multiplied == [(T, B)]


@on_tensorflow
@pytest.mark.parametrize(
    ("tokens", "options"),
    [
        (TOKENS[:, :1], {}),  # fewer steps than rows of the table
        (TOKENS, {"dropout": 0.5}),  # of the vectors
    ],
    ids=["short", "dropout"],
)
def test_elsewhere_the_vectors_are_multiplied(tokens, options, multiplied):
    reader("gru", Embedding, **options)(tokens, training=True)
    assert multiplied == [tokens.T.shape]


@on_tensorflow
def test_sequences_of_unknown_size_are_multiplied(multiplied):
    import tensorflow as tf

    model = reader("gru", Embedding)
    step = tf.function(lambda tokens: model(tokens, training=True), [tf.TensorSpec((None, T), "int32")])
    step(TOKENS)
    assert multiplied == [(T, None)]


@on_tensorflow
@pytest.mark.parametrize(("policy", "kept"), [("float32", True), ("mixed_bfloat16", False)])
def test_sums_over_steps_are_not_taken_in_16_bits(policy, kept):
    assert (look_up_of(Embedding(V, D, dtype=policy)(TOKENS)) is not None) == kept


def test_what_was_made_of_the_vectors_has_no_look_up():
    vectors = Embedding(V, D)(TOKENS)
    assert look_up_of(vectors * 1.0) is None
    assert look_up_of(TOKENS) is None
