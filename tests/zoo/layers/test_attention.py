"""Additive and multiplicative attention against Keras, NumPy and PyTorch: values, masks and gradients."""

import keras
import numpy as np
import pytest
from keras import ops

from gradients import input_gradient
from gradschool.zoo.layers.additive_attention import AdditiveAttention
from gradschool.zoo.layers.attentive_recurrent import AttentiveRecurrent
from gradschool.zoo.layers.luong_attention import SCORES, LuongAttention
from gradschool.zoo.layers.maxout import Maxout

B, T, S, D, M, H = 2, 3, 5, 7, 11, 13
rng = np.random.default_rng(0)
QUERIES, MEMORY = (rng.normal(size=size).astype("float32") for size in ((B, T, D), (B, S, M)))
MASK = np.array([[True, True, True, False, False], [True, False, True, True, True]])
LAYERS = [lambda: AdditiveAttention(H), lambda: LuongAttention(H, "general"), lambda: LuongAttention(H, "concat")]
NAMES = ["additive", "general", "concat"]


def numpy(*tensors):
    return tuple(ops.convert_to_numpy(tensor) for tensor in tensors)


def softmax(scores, mask=MASK):
    powers = np.exp(scores) * mask[:, None]
    return powers / powers.sum(-1, keepdims=True)


def test_additive_attention_is_its_equations():
    layer = AdditiveAttention(H)
    contexts, weights = numpy(*layer(QUERIES, MEMORY, memory_mask=MASK, return_weights=True))
    w, u, v = numpy(layer.query_kernel, layer.key_kernel, layer.score_kernel)
    for b, i in np.ndindex(B, T):
        scores = np.array([v @ np.tanh(w.T @ QUERIES[b, i] + u.T @ MEMORY[b, j]) for j in range(S)])
        powers = np.exp(scores) * MASK[b]
        np.testing.assert_allclose(weights[b, i], powers / powers.sum(), atol=1e-6)
        np.testing.assert_allclose(contexts[b, i], weights[b, i] @ MEMORY[b], atol=1e-6)


def with_identities(layer, size):
    """A layer of ours whose projections do nothing, as Keras's has none."""
    layer.build((None, None, size), (None, None, size))
    for kernel in (layer.query_kernel, layer.key_kernel):
        kernel.assign(np.eye(size))
    return layer


def test_additive_attention_is_that_of_keras():
    layer, theirs = with_identities(AdditiveAttention(M), M), keras.layers.AdditiveAttention()
    queries = rng.normal(size=(B, T, M)).astype("float32")
    theirs.build([(B, T, M), (B, S, M)])
    theirs.scale.assign(rng.normal(size=M))
    layer.score_kernel.assign(theirs.scale)
    masks = [None, ops.convert_to_tensor(MASK)]
    expected = theirs([queries, MEMORY], mask=masks, return_attention_scores=True)
    found = layer(queries, MEMORY, memory_mask=MASK, return_weights=True)
    for one, other in zip(numpy(*found), numpy(*expected), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_dot_attention_is_that_of_keras():
    queries = rng.normal(size=(B, T, M)).astype("float32")
    layer = LuongAttention(H, "dot")
    vectors, weights = numpy(*layer(queries, MEMORY, memory_mask=MASK, return_weights=True))
    masks = [None, ops.convert_to_tensor(MASK)]
    expected = numpy(*keras.layers.Attention()([queries, MEMORY], mask=masks, return_attention_scores=True))
    np.testing.assert_allclose(weights, expected[1], atol=1e-6)
    both = np.concatenate([expected[0], queries], axis=-1)
    np.testing.assert_allclose(vectors, np.tanh(both @ numpy(layer.output_kernel)[0]), atol=1e-5)


def test_general_and_concatenated_scores_are_their_equations():
    general, concat = LuongAttention(H, "general"), LuongAttention(H, "concat")
    found = numpy(general(QUERIES, MEMORY, memory_mask=MASK, return_weights=True)[1])[0]
    scores = np.einsum("btd,dm,bsm->bts", QUERIES, *numpy(general.score_kernel), MEMORY)
    np.testing.assert_allclose(found, softmax(scores), atol=1e-5)

    found = numpy(concat(QUERIES, MEMORY, memory_mask=MASK, return_weights=True)[1])[0]
    kernel = np.concatenate(numpy(concat.query_kernel, concat.key_kernel))  # W_a, of [h_t; h_s]
    both = np.concatenate([np.repeat(QUERIES[:, :, None], S, 2), np.repeat(MEMORY[:, None], T, 1)], axis=-1)
    scores = np.tanh(both @ kernel) @ numpy(concat.score_kernel)[0]
    np.testing.assert_allclose(found, softmax(scores), atol=1e-5)


def test_gradients_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    layer = LuongAttention(H, "general")
    layer(QUERIES, MEMORY)
    ours = input_gradient(lambda memory: ops.square(layer(QUERIES, memory, memory_mask=MASK)), MEMORY)
    score, output = (torch.tensor(one) for one in numpy(layer.score_kernel, layer.output_kernel))
    queries, memory = torch.tensor(QUERIES), torch.tensor(MEMORY, requires_grad=True)
    mask = torch.tensor(MASK)[:, None].expand(B, T, S)
    asked = queries @ score
    contexts = torch.nn.functional.scaled_dot_product_attention(asked, memory, memory, attn_mask=mask, scale=1.0)
    torch.tanh(torch.cat([contexts, queries], -1) @ output).square().sum().backward()
    np.testing.assert_allclose(ours, memory.grad, atol=1e-5)

    layer = AdditiveAttention(H)
    layer(QUERIES, MEMORY)
    ours = input_gradient(lambda memory: ops.square(layer(QUERIES, memory, memory_mask=MASK)), MEMORY)
    w, u, v = (torch.tensor(one) for one in numpy(layer.query_kernel, layer.key_kernel, layer.score_kernel))
    memory = torch.tensor(MEMORY, requires_grad=True)
    scores = torch.tanh((queries @ w)[:, :, None] + (memory @ u)[:, None]) @ v
    (scores.masked_fill(~mask, -torch.inf).softmax(-1) @ memory).square().sum().backward()
    np.testing.assert_allclose(ours, memory.grad, atol=1e-5)


@pytest.mark.parametrize("make", LAYERS, ids=NAMES)
def test_what_is_masked_does_not_matter_and_nothing_at_all_gives_no_nan(make):
    layer = make()
    spoilt = np.where(MASK[..., None], MEMORY, 100).astype("float32")
    pair = [numpy(layer(QUERIES, memory, memory_mask=MASK))[0] for memory in (MEMORY, spoilt)]
    np.testing.assert_array_equal(*pair)
    results, weights = numpy(*layer(QUERIES, MEMORY, memory_mask=np.zeros_like(MASK), return_weights=True))
    assert np.isfinite(results).all()
    assert not weights.any()
    gradient = input_gradient(lambda memory: layer(QUERIES, memory, memory_mask=np.zeros_like(MASK)), MEMORY)
    np.testing.assert_array_equal(gradient, np.zeros_like(MEMORY))


@pytest.mark.parametrize("make", LAYERS, ids=NAMES)
def test_masks_of_keras_arrive_by_themselves_and_travel_on(make):
    source, target = np.array([[3, 4, 0, 0], [5, 3, 4, 0]]), np.array([[3, 0], [4, 5]])
    embed, layer = keras.layers.Embedding(6, M, mask_zero=True), make()
    found = layer(embed(target), embed(source))
    expected = layer(embed(target), embed(source), memory_mask=source != 0)
    np.testing.assert_array_equal(*numpy(found, expected))
    np.testing.assert_array_equal(*numpy(found._keras_mask, ops.convert_to_tensor(target != 0)))


@pytest.mark.parametrize("make", LAYERS, ids=NAMES)
@pytest.mark.parametrize("policy", ["mixed_float16", "float16"])
def test_half_precision(make, policy):
    layer = make()
    exact = numpy(layer(QUERIES, MEMORY, memory_mask=MASK))[0]
    half = type(layer).from_config({**layer.get_config(), "dtype": policy})
    half(QUERIES, MEMORY)
    half.set_weights(layer.get_weights())
    found = half(QUERIES, MEMORY, memory_mask=MASK)
    assert keras.backend.standardize_dtype(found.dtype) == "float16"
    np.testing.assert_allclose(*numpy(ops.cast(found, "float32"), exact), atol=0.02)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_attentive_layer_is_its_equations_step_by_step(cell):
    layer = AttentiveRecurrent(cell, H)
    states = [rng.normal(size=(B, H)).astype("float32") for _ in range(1 + (cell == "lstm"))]
    inputs = rng.normal(size=(B, T, D)).astype("float32")
    outputs, contexts = layer(inputs, MEMORY, states, memory_mask=MASK)
    tensors = ops.convert_to_tensor(MEMORY), [ops.convert_to_tensor(states[0])]
    weights = numpy(layer.weights_of(outputs, *tensors, ops.convert_to_tensor(MASK)))[0]
    for i in range(T):
        context, looked = layer.attention(states[0][:, None], MEMORY, memory_mask=MASK, return_weights=True)
        both = np.concatenate([inputs[:, i], numpy(context)[0][:, 0]], axis=-1)
        output, states = layer.cell(both, states)
        states = list(numpy(*states))
        np.testing.assert_allclose(*numpy(outputs[:, i], output), atol=1e-5)
        np.testing.assert_allclose(*numpy(contexts[:, i], context[:, 0]), atol=1e-5)
        np.testing.assert_allclose(weights[:, i], numpy(looked)[0][:, 0], atol=1e-5)


def test_maxout_is_the_largest_of_its_pieces():
    layer = Maxout(5, pieces=3)
    x = rng.normal(size=(B, T, D)).astype("float32")
    found = numpy(layer(x))[0]
    values = x @ numpy(layer.kernel)[0] + numpy(layer.bias)[0]
    np.testing.assert_allclose(found, values.reshape(B, T, 5, 3).max(-1), atol=1e-5)


@pytest.mark.parametrize("make", [AdditiveAttention, LuongAttention, Maxout])
@pytest.mark.parametrize("units", [0, 2.5, True, "many"])
def test_impossible_units_are_refused(make, units):
    with pytest.raises(ValueError, match="units must be a whole number"):
        make(units)


def test_other_mistakes_are_refused():
    with pytest.raises(ValueError, match="unknown score of attention 'genral'; did you mean 'general'"):
        LuongAttention(5, "genral")
    with pytest.raises(ValueError, match=r'score="dot".*got 7 and 11'):
        LuongAttention(5, "dot")(QUERIES, MEMORY)
    with pytest.raises(ValueError, match="unknown cell 'grue'"):
        AttentiveRecurrent("grue", 5)
    with pytest.raises(ValueError, match="pieces must be"):
        Maxout(5, pieces=0)
    assert {"dot", "general", "concat"} == set(SCORES)
