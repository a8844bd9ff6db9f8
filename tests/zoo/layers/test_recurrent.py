"""The recurrent layers against Keras's, PyTorch's and the plain loop: values, and gradients by all there is."""

import keras
import numpy as np
import pytest
from keras import ops
from keras.ops import convert_to_numpy

from gradschool.zoo.layers.recurrent import CELLS, recurrent_layer
from gradschool.zoo.layers.recurrent_steps import gru_step, lstm_step, unroll, vanilla_rnn_step
from recurrent_probe import answers_and_gradients

BACK_END = keras.backend.backend()
DTYPE = "float32" if BACK_END == "jax" else "float64"
EXACT = 1e-9 if BACK_END == "tensorflow" else 1e-5  # on PyTorch, Keras multiplies matrices in float32 whatever they are
B, T, D, H = 5, 7, 3, 11
KERAS = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
STEPS = {"rnn": vanilla_rnn_step, "lstm": lstm_step, "gru": gru_step}
RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(B, T, D)).astype(DTYPE)
STATES = {cell: RNG.normal(size=(2 if cell == "lstm" else 1, B, H)).astype(DTYPE) for cell in CELLS}
LENGTHS = np.array([7, 3, 5, 1, 6])
PADDED = np.arange(T) < LENGTHS[:, None]
HOLES = RNG.random((B, T)) < 0.6
HOLES[2] = False  # nothing of this one is kept
MASKS = {"all": None, "padded": PADDED, "holes": HOLES}

every_cell = pytest.mark.parametrize("cell", CELLS)


def moved(layer, seed=1):
    """The layer with weights away from their initial values."""
    rng = np.random.default_rng(seed)
    layer.build((B, T, D))
    layer.set_weights([convert_to_numpy(w) + rng.normal(scale=0.2, size=w.shape) for w in layer.weights])
    return layer


def a_pair(cell, dtype=DTYPE, **options):
    """A layer of ours and Keras's with the same weights."""
    ours, theirs = moved(CELLS[cell](H, dtype=dtype, **options)), KERAS[cell](H, dtype=dtype, **options)
    theirs.build((B, T, D))
    theirs.set_weights([convert_to_numpy(weight) for weight in ours.weights])
    return ours, theirs


def assert_same(found, wanted, atol=EXACT):
    for kind, ours, theirs in zip(("answer", "gradient"), found, wanted, strict=True):
        assert len(ours) == len(theirs)
        for place, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            np.testing.assert_allclose(one, other, atol=atol, rtol=atol, err_msg=f"{kind} {place}")


# === Against Keras ===
def states_for(cell):
    """The first states; on JAX none, as Keras gives them there, and not 0, where the first steps are masked."""
    return () if BACK_END == "jax" else STATES[cell]


@pytest.mark.parametrize("mask", MASKS)
@every_cell
def test_values_and_gradients_are_keras_s(cell, mask):
    layers = a_pair(cell, return_sequences=True, return_state=True)
    found, wanted = (answers_and_gradients(layer, INPUTS, states_for(cell), MASKS[mask]) for layer in layers)
    assert_same(found, wanted)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"return_sequences": False},
        {"go_backwards": True, "return_sequences": True},
        {"zero_output_for_mask": True, "return_sequences": True},
        {"zero_output_for_mask": True, "return_sequences": False},
        {"use_bias": False},
        {"activation": "relu"},
        {"unroll": True},
    ],
    ids=lambda options: "-".join(f"{name}={value}" for name, value in options.items()),
)
@every_cell
def test_options_mean_what_they_mean_to_keras(cell, options):
    layers = a_pair(cell, **options)
    found, wanted = (answers_and_gradients(layer, INPUTS, states_for(cell), PADDED) for layer in layers)
    assert_same(found, wanted)


def test_the_reset_before_the_product_is_keras_s():
    layers = a_pair("gru", reset_after=False, return_sequences=True)
    assert_same(*(answers_and_gradients(layer, INPUTS, STATES["gru"], PADDED) for layer in layers))


# === Against the plain loop ===
@pytest.mark.parametrize("mask", MASKS)
@every_cell
def test_the_plain_loop_gives_the_same(cell, mask):
    layer = moved(CELLS[cell](H, dtype=DTYPE, return_sequences=True, return_state=True))
    masks = None if MASKS[mask] is None else ops.convert_to_tensor(MASKS[mask])
    states = [ops.zeros((B, H), DTYPE) for _ in STATES[cell]]
    weights = [ops.convert_to_tensor(convert_to_numpy(weight), DTYPE) for weight in layer.weights]
    outputs, states = unroll(STEPS[cell], ops.convert_to_tensor(INPUTS, DTYPE), states, *weights, mask=masks)
    for found, wanted in zip(layer(INPUTS, mask=masks), (outputs, *states), strict=True):
        np.testing.assert_allclose(convert_to_numpy(found), convert_to_numpy(wanted), atol=1e-5)


def test_the_plain_loop_knows_the_reset_before_the_product():
    layer = moved(CELLS["gru"](H, dtype=DTYPE, return_sequences=True, reset_after=False))
    weights = [ops.convert_to_tensor(convert_to_numpy(weight), DTYPE) for weight in layer.weights]
    inputs = ops.convert_to_tensor(INPUTS, DTYPE)
    outputs, _ = unroll(gru_step, inputs, [ops.zeros((B, H), DTYPE)], *weights, False)
    np.testing.assert_allclose(convert_to_numpy(layer(INPUTS)), convert_to_numpy(outputs), atol=1e-5)


# === Against PyTorch ===
def twin_of(cell, layer):
    """PyTorch's layer with the same weights: its gates stand in rows, those of a GRU as r, z, n."""
    torch = pytest.importorskip("torch")
    twin = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](D, H, batch_first=True)
    twin = twin.to(getattr(torch, DTYPE))
    kernel, recurrent_kernel, bias = (convert_to_numpy(weight) for weight in layer.weights)
    biases = bias if cell == "gru" else (bias, np.zeros_like(bias))
    with torch.no_grad():
        for parameter, value in zip(twin.parameters(), (kernel.T, recurrent_kernel.T, *biases), strict=True):
            parameter.copy_(torch.tensor(in_torch_s_order(cell, value)))
    return twin


def in_torch_s_order(cell, array):
    return array[np.r_[H : 2 * H, :H, 2 * H : 3 * H]] if cell == "gru" else array


@pytest.mark.slow
@pytest.mark.every_backend
@every_cell
def test_values_and_gradients_are_pytorch_s_for_packed_sequences(cell):
    torch = pytest.importorskip("torch")
    layer = moved(CELLS[cell](H, dtype=DTYPE, return_sequences=True, return_state=True, zero_output_for_mask=True))
    twin = twin_of(cell, layer)
    inputs, *states = (torch.tensor(one, requires_grad=True) for one in (INPUTS, *STATES[cell]))
    packed = torch.nn.utils.rnn.pack_padded_sequence(inputs, torch.tensor(LENGTHS), True, enforce_sorted=False)
    outputs, last = twin(packed, tuple(s[None] for s in states) if cell == "lstm" else states[0][None])
    outputs, _ = torch.nn.utils.rnn.pad_packed_sequence(outputs, True)
    wanted = [outputs, *(s[0] for s in (last if cell == "lstm" else [last]))]
    sum(torch.sin(3 * one + place).sum() for place, one in enumerate(wanted)).backward()

    answers, gradients = answers_and_gradients(layer, INPUTS, STATES[cell], PADDED)
    for found, one in zip(answers, wanted, strict=True):
        np.testing.assert_allclose(found, one.detach().numpy(), atol=1e-5)
    d_inputs, *others = gradients
    d_states, (d_kernel, d_recurrent_kernel, d_bias) = others[:-3], others[-3:]
    d_biases = d_bias if cell == "gru" else (d_bias, d_bias)
    in_order = [in_torch_s_order(cell, one) for one in (d_kernel.T, d_recurrent_kernel.T, *d_biases)]
    for found, one in zip([d_inputs, *d_states, *in_order], [inputs, *states, *twin.parameters()], strict=True):
        np.testing.assert_allclose(found, one.grad.numpy(), atol=1e-5, rtol=1e-5)


# === States ===
@every_cell
def test_two_halves_with_the_state_handed_on_are_the_whole(cell):
    layer = moved(CELLS[cell](H, dtype=DTYPE, return_sequences=True, return_state=True))
    outputs, *states = layer(INPUTS, mask=ops.convert_to_tensor(PADDED))
    first, *between = layer(INPUTS[:, :4], mask=ops.convert_to_tensor(PADDED[:, :4]))
    second, *last = layer(INPUTS[:, 4:], mask=ops.convert_to_tensor(PADDED[:, 4:]), initial_state=between)
    for found, wanted in zip(last, states, strict=True):
        np.testing.assert_allclose(convert_to_numpy(found), convert_to_numpy(wanted), atol=1e-6)
    joined = convert_to_numpy(ops.concatenate([first, second], axis=1))
    np.testing.assert_allclose(joined[PADDED], convert_to_numpy(outputs)[PADDED], atol=1e-6)


@every_cell
def test_a_stateful_layer_goes_on_where_it_was(cell):
    whole = moved(CELLS[cell](H, dtype=DTYPE))
    halves = CELLS[cell](H, dtype=DTYPE, stateful=True)
    halves.build((B, T, D))
    halves.set_weights(whole.get_weights())
    for _ in range(2):
        halves.reset_state()
        halves(INPUTS[:, :3])
        found = halves(INPUTS[:, 3:])
        np.testing.assert_allclose(convert_to_numpy(found), convert_to_numpy(whole(INPUTS)), atol=1e-6)


@pytest.mark.parametrize("layer_normalization", [False, True])
@every_cell
def test_step_by_step_is_the_whole(cell, layer_normalization):
    layer = moved(CELLS[cell](H, layer_normalization, dtype=DTYPE, return_sequences=True))
    states, outputs = layer.get_initial_state(B), []
    for t in range(T):
        output, states = layer.step(ops.convert_to_tensor(INPUTS[:, t], DTYPE), states)
        outputs.append(convert_to_numpy(output))
    np.testing.assert_allclose(np.stack(outputs, 1), convert_to_numpy(layer(INPUTS)), atol=1e-5)
    assert len(states) == len(STATES[cell])


# === Both directions ===
@every_cell
def test_the_backward_direction_begins_at_each_sample_s_own_last_step(cell):
    both = recurrent_layer(cell, H, bidirectional=True, dtype=DTYPE, return_sequences=True)
    padded = convert_to_numpy(both(INPUTS, mask=ops.convert_to_tensor(PADDED)))
    for sample, length in enumerate(LENGTHS):
        alone = convert_to_numpy(both(INPUTS[sample : sample + 1, :length]))
        np.testing.assert_allclose(padded[sample, :length], alone[0], atol=1e-5)
        assert (padded[sample, length:] == 0).all()


@every_cell
def test_the_last_output_of_both_directions_does_not_see_the_padding(cell):
    both = recurrent_layer(cell, H, bidirectional=True, dtype=DTYPE, name="both")
    padded = convert_to_numpy(both(INPUTS, mask=ops.convert_to_tensor(PADDED)))
    for sample, length in enumerate(LENGTHS):
        alone = convert_to_numpy(both(INPUTS[sample : sample + 1, :length]))
        np.testing.assert_allclose(padded[sample], alone[0], atol=1e-5)
    assert both.name == "both"
