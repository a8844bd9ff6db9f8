"""Recurrent layers by name."""

from typing import Any

from keras import layers

from ..errors import unknown_name

_LAYERS = {"rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}


def recurrent_layer(cell: str, units: int, **kwargs: Any):
    """A recurrent layer: "rnn", "lstm" or "gru"."""
    if cell not in _LAYERS:
        raise unknown_name("cell", cell, _LAYERS)
    return _LAYERS[cell](units, **kwargs)
