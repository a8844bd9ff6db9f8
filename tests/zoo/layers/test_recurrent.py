"""The recurrent layers against Keras's, PyTorch's and the plain loop: values, and gradients by all there is."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradschool.zoo.layers.recurrent import CELLS
from gradschool.zoo.layers.recurrent_steps import gru_step, lstm_step, vanilla_rnn_step
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
@pytest.mark.parametrize("mask", MASKS)
@every_cell
def test_values_and_gradients_are_keras_s(cell, mask):
    layers = a_pair(cell, return_sequences=True, return_state=True)
    found, wanted = (answers_and_gradients(layer, INPUTS, STATES[cell], MASKS[mask]) for layer in layers)
    assert len(wanted[1]) == 1 + len(STATES[cell]) + 3
    assert_same(found, wanted)
