"""Recurrent layers under the course's names.

name   layer          states     reference
rnn    VanillaRNN     h          Elman 1990
lstm   LSTM           h, c       Hochreiter & Schmidhuber 1997
gru    GRU            h          Cho et al. 2014
"""

from typing import Any

import keras

from ..errors import unknown_name
from .chrono_initializer import ChronoBias
from .gru import GRU
from .initializers import Orthogonal
from .lstm import LSTM
from .vanilla_rnn import VanillaRNN

CELLS = {"rnn": VanillaRNN, "lstm": LSTM, "gru": GRU}


def recurrent_layer(
    cell: str, units: int, bidirectional: bool = False, memory: int | None = None, **options: Any
) -> keras.layers.Layer:
    """The recurrent layer of a name.

    Args:
        cell: "rnn", "lstm" or "gru".
        units: H, of each direction.
        bidirectional: whether a second one reads the sequence from its end; outputs are joined, `(B, T, 2H)`. It begins
            at each sample's own last step that is not masked.
        memory: steps that gates are opened for at first; see `chrono_initializer.py`. None for Keras's biases.
        **options: arguments of the layer; `name` and `dtype` count for both directions.

    Returns:
        The layer, or `keras.layers.Bidirectional` around it.

    Raises:
        ValueError: if there is no such cell, with the nearest names, or it has no gates that could remember.

    Example:
        >>> recurrent_layer("gru", 7, return_sequences=True)(keras.Input((None, 3))).shape
        (None, None, 7)
        >>> recurrent_layer("lstm", 7, bidirectional=True)(keras.Input((None, 3))).shape
        (None, 14)

    Reference:
        Schuster & Paliwal (1997), "Bidirectional Recurrent Neural Networks".
    """
    if cell not in CELLS:
        raise unknown_name("cell", cell, CELLS)
    if memory is not None:
        options["bias_initializer"] = ChronoBias(cell, memory)
        if cell == "lstm":
            options["unit_forget_bias"] = False  # Keras's own way to remember for a little longer
    layer = CELLS[cell](units, **{"recurrent_initializer": Orthogonal(), **options})
    if not bidirectional:
        return layer
    return keras.layers.Bidirectional(layer, name=options.get("name"), dtype=options.get("dtype"))
