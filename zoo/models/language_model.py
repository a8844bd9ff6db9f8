"""A recurrent language model (Mikolov et al. 2010; of characters: Sutskever et al. 2011, Graves 2013).

Shapes:
    B  number of texts
    T  number of tokens
    V  number of different tokens
    J  size of an embedding
    H  number of units of a recurrent layer
"""

from typing import Any

import keras
from keras import layers as keras_layers

from ..layers.dropout import Dropout
from ..layers.policies import get_policy, output_dtype
from ..layers.recurrent import recurrent_layer
from .arguments import share, whole_number
from .base import ZooModel


@keras.saving.register_keras_serializable(package="gradschool")
class RecurrentLanguageModel(ZooModel):
    """An embedding, recurrent layers, and the logits of the next token at every step.

        h_t = RNN(E x_t, h_{t-1}),   p(x_{t+1} | x_1 ... x_t) = softmax(W h_t + b)

    Args:
        tokens: number of different tokens, V. Defaults to 68.
        cell: "rnn", "lstm" or "gru"; see `layers/recurrent.py`. Defaults to "lstm".
        units: H of every layer. Defaults to 512.
        layers: how many recurrent layers stand on each other. Defaults to 1.
        embedding: J. Defaults to 64.
        dropout: share of every recurrent layer's outputs left out in training, in [0, 1). Defaults to 0.
        layer_normalization: whether the sums in the cells are normalised. Defaults to False.
        dtype, **kwargs: as in every model; see `models/base.py`.

    Call arguments:
        tokens: int tensor, shape `(B, T)`, values from 0 to V - 1.

    Returns:
        Logits of the next token at every step, shape `(B, T, V)`; float32 under every policy but "float64".

    Raises:
        ValueError: if an argument is out of its range, or there is no such cell.

    Example:
        >>> RecurrentLanguageModel(tokens=68, units=256).output_shape
        (None, None, 68)

    Reference:
        Graves (2013), "Generating Sequences With Recurrent Neural Networks", sections 2 and 3; without the paper's
        connections from the input to every layer and from every layer to the output.
    """

    def __init__(
        self,
        tokens: int = 68,
        cell: str = "lstm",
        units: int = 512,
        layers: int = 1,
        embedding: int = 64,
        dropout: float = 0.0,
        layer_normalization: bool = False,
        dtype: Any = None,
        **kwargs: Any,
    ):
        tokens = whole_number("tokens", tokens, least=2)
        units = whole_number("units", units, least=1)
        layers = whole_number("layers", layers, least=1)
        embedding = whole_number("embedding", embedding, least=1)
        dropout = share("dropout", dropout)
        policy = get_policy(dtype)

        # === Functional model ===
        ids = keras.Input((None,), dtype="int32", name="tokens")
        x = keras_layers.Embedding(tokens, embedding, dtype=policy, name="embedding")(ids)  # (B, T, J)
        for number in range(1, layers + 1):
            options = {"return_sequences": True, "layer_normalization": layer_normalization, "dtype": policy}
            x = recurrent_layer(cell, units, **options, name=f"{cell}{number}")(x)  # (B, T, H)
            if dropout:
                x = Dropout(dropout, dtype=policy, name=f"dropout{number}")(x)
        logits = keras_layers.Dense(tokens, dtype=output_dtype(policy), name="logits")
        super().__init__(ids, logits(x), dtype=policy, **kwargs)  # (B, T, V)

        # === Config ===
        self.tokens = tokens
        self.cell = cell
        self.units = units
        self.depth = layers
        self.embedding = embedding
        self.dropout = dropout
        self.layer_normalization = bool(layer_normalization)

    def _kept(self, argument: str) -> Any:
        return super()._kept("depth" if argument == "layers" else argument)  # of that name Keras has one
