"""From sequences to what recurrent layers make of them: input, embedding or mask, and the layers one upon another.

    tokens  (B, T)     -> embedding -> (B, T, E) -> lstm1 -> lstm2 -> ... -> (B, T, H), or the last state, (B, H)
    vectors (B, T, D)  ----------------------------^

Padding stands at the end of a sequence and changes nothing: layers keep their states there, and a mask travels on to
the losses and metrics. It is token 0, or, among vectors of sequences that may differ in length, a vector of zeros.

Shapes:
    B  batch size
    T  steps; unknown (None) where sequences differ in length
    D  size of the vectors of the input
    E  size of a token's embedding
    H  units; of a bidirectional layer's output 2H
"""

from typing import Any

import keras
from keras import ops

from .dropout import Dropout
from .embedding import Embedding
from .policies import output_dtype
from .recurrent import recurrent_layer


def sequence_input(shape: tuple[int | None, ...], tokens: int | None, policy, name: str = "inputs"):
    """The `keras.Input` of sequences: whole numbers, `(T,)`, if they are tokens, else vectors, `(T, D)`.

    Args:
        shape: of one sequence; T may be None.
        tokens: number of different tokens; None for vectors.
        policy: of the layers.
        name: of the input.
    """
    return keras.Input(shape, dtype="int32" if tokens else output_dtype(policy), name=name)


def embedded(inputs, tokens: int | None, size: int, policy, name: str = "embedding"):
    """x_t = E[token_t], a vector learned for each token; vectors as they are. With the mask of what is no padding.

    Args:
        inputs: from `sequence_input`.
        tokens: number of different tokens, 0 counted in, which is padding; None for vectors.
        size: E, of an embedding.
        policy: of the layers.
        name: of the layer.

    Returns:
        Tensor, shape `(B, T, E)` or `(B, T, D)`. Vectors have a mask only if T is None: where all sequences are of one
        length, zeros are values like any other.

    Reference:
        Bengio et al. (2003), "A Neural Probabilistic Language Model", section 2: the matrix C.
    """
    if tokens:
        return Embedding(tokens, size, mask_zero=True, dtype=policy, name=name)(inputs)
    if inputs.shape[1] is None:
        return keras.layers.Masking(0.0, dtype=output_dtype(policy), name="masking")(inputs)
    return inputs


def padding_mask(inputs, tokens: int | None):
    """The mask that `embedded` gives: bool tensor, shape `(B, T)`, False for padding.

    Args:
        inputs: tokens, `(B, T)`, or vectors, `(B, T, D)`.
        tokens: as of `embedded`.

    Example:
        >>> ops.convert_to_numpy(padding_mask(ops.array([[5, 2, 0]]), tokens=7)).tolist()
        [[True, True, False]]
    """
    present = ops.not_equal(inputs, 0)
    return present if tokens else ops.any(present, axis=-1)


def recurrent_stack(
    x,
    cell: str,
    units: int,
    layers: int,
    *,
    bidirectional: bool = False,
    return_sequences: bool = False,
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    layer_normalization: bool = False,
    memory: int | None = None,
    policy: Any = None,
):
    """Recurrent layers, each of which reads what the one before it has made of every step.

        h^1_t = cell(x_t, h^1_{t-1}),   h^l_t = cell(dropout(h^{l-1}_t), h^l_{t-1})

    Args:
        x: from `embedded`, shape `(B, T, E)`.
        cell: "rnn", "lstm" or "gru".
        units: H.
        layers: how many; their names are the cell's, numbered from 1.
        bidirectional: whether each layer reads the sequence from both ends.
        return_sequences: whether the last layer gives every h_t; if not, the one after a sequence's last step (of both
            directions: the one behind each one's last step).
        dropout: share left out between the layers, in [0, 1).
        recurrent_dropout: share of h_{t-1} left out, the same at all steps, in [0, 1).
        layer_normalization: whether the sums in the cell are normalised.
        memory: steps that the gates are opened for at first; see `chrono_initializer.py`.
        policy: of the layers.

    Returns:
        Tensor, shape `(B, T, H)` or `(B, H)`; 2H if bidirectional.

    Raises:
        ValueError: as `recurrent_layer`.

    Example:
        >>> recurrent_stack(keras.Input((None, 3)), "gru", 5, layers=2, bidirectional=True).shape
        (None, 10)

    Reference:
        Graves, Mohamed & Hinton (2013), "Speech Recognition with Deep Recurrent Neural Networks", equations 9 and 10.
        Dropout between layers: Zaremba, Sutskever & Vinyals (2014), "Recurrent Neural Network Regularization".
    """
    options = {
        "recurrent_dropout": recurrent_dropout,
        "layer_normalization": layer_normalization,
        "memory": memory,
        "dtype": policy,
    }
    for number in range(1, layers + 1):
        if dropout and number > 1:
            x = Dropout(dropout, dtype=policy, name=f"dropout{number - 1}")(x)
        whole = return_sequences or number < layers
        layer = recurrent_layer(cell, units, bidirectional, return_sequences=whole, name=f"{cell}{number}", **options)
        x = layer(x)
    return x
