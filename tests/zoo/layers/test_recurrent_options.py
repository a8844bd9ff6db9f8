"""What the recurrent layers can besides: dropout per sample, layer normalisation, precisions, unknown sizes, saving."""

import json

import keras
import numpy as np
import pytest
from keras import ops
from keras.ops import convert_to_numpy

from gradschool.zoo.engine.choices import _is_random, is_dense
from gradschool.zoo.layers.global_batch import holding, part_of
from gradschool.zoo.layers.recurrent import CELLS, recurrent_layer
from gradschool.zoo.layers.recurrent_cell import EPSILON

B, T, D, H = 5, 7, 3, 11
RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(B, T, D)).astype("float32")
PADDED = np.arange(T) < np.array([7, 3, 5, 1, 6])[:, None]

every_cell = pytest.mark.parametrize("cell", CELLS)
on_tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the graph is TensorFlow's")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# === Dropout ===
@pytest.mark.parametrize("option", ["dropout", "recurrent_dropout"])
@every_cell
def test_each_part_of_a_batch_drops_what_one_device_drops(cell, option):
    layer = CELLS[cell](H, **{option: 0.5}, return_sequences=True, seed=3)
    layer.build((B, T, D))
    state = layer.cell.seed_generator.state
    start = convert_to_numpy(state)
    whole = convert_to_numpy(layer(INPUTS, training=True))
    assert np.abs(whole - convert_to_numpy(layer(INPUTS))).max() > 0.01
    for replica in range(2):
        part = part_of(B, replica, 2)
        rows = slice(part.first, part.first + part.count)
        state.assign(start)
        with holding(part):
            found = convert_to_numpy(layer(INPUTS[rows], training=True))
        np.testing.assert_allclose(found, whole[rows], atol=1e-6)


def test_the_mask_of_the_inputs_is_the_same_at_every_step():
    layer = CELLS["rnn"](H, activation="linear", dropout=0.5, return_sequences=True, recurrent_initializer="zeros")
    outputs = convert_to_numpy(layer(np.ones((B, T, D), "float32"), training=True))
    np.testing.assert_allclose(outputs, np.broadcast_to(outputs[:, :1], outputs.shape), atol=1e-6)
    assert len(np.unique(outputs[:, 0, 0].round(5))) > 1  # samples differ


@every_cell
def test_what_is_dropped_from_the_state_is_dropped_from_every_product_with_it(cell):
    """The plain cell, step by step, with the masks that the layer has drawn."""
    layer = CELLS[cell](H, recurrent_dropout=0.5, dropout=0.2, return_sequences=True, seed=3)
    layer.build((B, T, D))
    start = convert_to_numpy(layer.cell.seed_generator.state)
    found = convert_to_numpy(layer(INPUTS, training=True))
    layer.cell.seed_generator.state.assign(start)
    states = layer.get_initial_state(B)
    layer.cell.get_dropout_mask(ops.convert_to_tensor(INPUTS[:, 0]))
    layer.cell.get_recurrent_dropout_mask(states[0])
    for t in range(T):
        output, states = layer.cell(ops.convert_to_tensor(INPUTS[:, t]), states, training=True)
        np.testing.assert_allclose(found[:, t], convert_to_numpy(output), atol=1e-5)
    layer.cell.reset_dropout_mask()
    layer.cell.reset_recurrent_dropout_mask()


# === Layer normalisation ===
def norm(a):
    return (a - a.mean(-1, keepdims=True)) / np.sqrt(a.var(-1, keepdims=True) + EPSILON)


def normalized_layer(cell):
    layer = CELLS[cell](H, layer_normalization=True, return_sequences=True)
    layer.build((B, T, D))
    layer.set_weights([convert_to_numpy(w) + RNG.normal(scale=0.2, size=w.shape) for w in layer.weights])
    return layer, {weight.name: convert_to_numpy(weight).astype("float64") for weight in layer.weights}


def test_a_normalized_lstm_is_the_paper_s():
    layer, w = normalized_layer("lstm")
    h, c = np.zeros((B, H)), np.zeros((B, H))
    found = convert_to_numpy(layer(INPUTS))
    for t in range(T):
        sums = w["input_gain"] * norm(INPUTS[:, t] @ w["kernel"]) + w["recurrent_gain"] * norm(
            h @ w["recurrent_kernel"]
        )
        i, f, g, o = np.split(sums + w["bias"], 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(w["cell_gain"] * norm(c) + w["cell_shift"])
        np.testing.assert_allclose(found[:, t], h, atol=1e-4)


def test_a_normalized_gru_is_the_paper_s():
    layer, w = normalized_layer("gru")
    h, found = np.zeros((B, H)), convert_to_numpy(layer(INPUTS))
    for t in range(T):
        x, a = INPUTS[:, t] @ w["kernel"], h @ w["recurrent_kernel"]
        x = np.concatenate([norm(x[:, : 2 * H]), norm(x[:, 2 * H :])], -1) * w["input_gain"] + w["bias"][0]
        a = np.concatenate([norm(a[:, : 2 * H]), norm(a[:, 2 * H :])], -1) * w["recurrent_gain"] + w["bias"][1]
        z, r = np.split(sigmoid(x + a)[:, : 2 * H], 2, axis=-1)
        h = z * h + (1 - z) * np.tanh(x[:, 2 * H :] + r * a[:, 2 * H :])
        np.testing.assert_allclose(found[:, t], h, atol=1e-4)


def test_a_normalized_vanilla_rnn_normalizes_both_sums():
    layer, w = normalized_layer("rnn")
    h, found = np.zeros((B, H)), convert_to_numpy(layer(INPUTS))
    for t in range(T):
        sums = w["input_gain"] * norm(INPUTS[:, t] @ w["kernel"]) + w["recurrent_gain"] * norm(
            h @ w["recurrent_kernel"]
        )
        h = np.tanh(sums + w["bias"])
        np.testing.assert_allclose(found[:, t], h, atol=1e-4)


def test_normalized_sums_are_refused_where_the_reset_comes_before():
    with pytest.raises(ValueError, match="layer_normalization=True needs reset_after=True"):
        CELLS["gru"](H, layer_normalization=True, reset_after=False)


# === Precisions and sizes ===
@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16", "bfloat16", "float16"])
@every_cell
def test_low_precision_is_close_to_float32(cell, dtype):
    exact, low = CELLS[cell](H, return_sequences=True), CELLS[cell](H, return_sequences=True, dtype=dtype)
    for layer in (exact, low):
        layer.build((B, T, D))
    low.set_weights(exact.get_weights())
    mask = ops.convert_to_tensor(PADDED)
    found = low(INPUTS, mask=mask)
    assert keras.backend.standardize_dtype(found.dtype) == low.compute_dtype
    found, wanted = (convert_to_numpy(ops.cast(one, "float32")) for one in (found, exact(INPUTS, mask=mask)))
    np.testing.assert_allclose(found, wanted, atol=0.05)


@every_cell
def test_one_step_is_enough(cell):
    layer = CELLS[cell](H)
    found = convert_to_numpy(layer(INPUTS[:, :1]))
    output, _ = layer.step(ops.convert_to_tensor(INPUTS[:, 0]), layer.get_initial_state(B))
    np.testing.assert_allclose(found, convert_to_numpy(output), atol=1e-6)


@on_tensorflow
@pytest.mark.slow
@pytest.mark.parametrize("xla", [False, True])
@every_cell
def test_a_graph_of_unknown_sizes_gives_the_same(cell, xla):
    import tensorflow as tf

    layer = CELLS[cell](H, return_sequences=True)
    mask = tf.constant(PADDED)
    wanted = layer(INPUTS, mask=mask)

    def gradient(inputs, mask):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, mask=mask)
            total = tf.reduce_sum(tf.sin(outputs))
        return outputs, tape.gradient(total, [inputs, *layer.trainable_variables])

    signature = None if xla else [tf.TensorSpec((None, None, D)), tf.TensorSpec((None, None), tf.bool)]
    compiled = tf.function(gradient, input_signature=signature, jit_compile=xla)
    (outputs, found), (_, eager) = compiled(tf.constant(INPUTS), mask), gradient(tf.constant(INPUTS), mask)
    np.testing.assert_allclose(outputs, wanted, atol=1e-5)
    for one, other in zip(found, eager, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


# === Names, configuration, saving ===
@pytest.mark.slow
@pytest.mark.parametrize("bidirectional", [False, True])
@every_cell
def test_a_saved_model_answers_as_before(cell, bidirectional, tmp_path):
    inputs = keras.Input((None, D))
    options = {"layer_normalization": True, "dropout": 0.1, "return_sequences": True}
    model = keras.Model(inputs, recurrent_layer(cell, H, bidirectional, **options)(inputs))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(convert_to_numpy(again(INPUTS)), convert_to_numpy(model(INPUTS)), atol=1e-6)
    assert json.dumps(again.layers[1].get_config()) == json.dumps(model.layers[1].get_config())


def test_an_unknown_cell_names_the_nearest():
    with pytest.raises(ValueError, match="unknown cell 'ltsm'; did you mean 'lstm'"):
        recurrent_layer("ltsm", H)


@every_cell
def test_multiply_adds_are_the_products_of_every_step(cell):
    layer = CELLS[cell](H)
    layer.build((None, T, D))
    gates = {"rnn": 1, "lstm": 4, "gru": 3}[cell]
    assert layer.multiply_adds((T, D), (H,)) == T * gates * H * (D + H)


# === What the engine sees ===
@every_cell
def test_xla_is_for_the_usual_options_without_dropout(cell):
    def model(**options):
        layers = [keras.Input((T,)), keras.layers.Embedding(13, D), recurrent_layer(cell, H, **options)]
        return keras.Sequential([*layers, keras.layers.Dense(2)])

    assert is_dense(model())
    assert is_dense(model(bidirectional=True))
    assert not is_dense(model(activation="relu"))
    assert not is_dense(model(unroll=True))
    assert not is_dense(model(layer_normalization=True))
    assert not any(map(_is_random, model()._flatten_layers()))
    assert any(map(_is_random, model(dropout=0.1)._flatten_layers()))


def test_xla_is_not_for_keras_s_own():
    assert not is_dense(keras.Sequential([keras.layers.LSTM(3)]))
