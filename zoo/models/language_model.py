"""A recurrent language model (Mikolov et al. 2010; of characters: Sutskever et al. 2011, Graves 2013).

It reads a text token by token, keeps what matters in its state, and says at every step which token comes next: one to
many. What it says is also what it writes with: draw the next token, read it, and so on.

    h[t] = RNN(E x[t], h[t-1]),   p(x[t+1] | x[1..t]) = softmax(W h[t] + b)

Shapes:
    B  number of texts
    T  number of tokens
    V  number of different tokens
    J  size of an embedding
    H  number of units of a recurrent layer
"""

from typing import Any

import keras

from ..layers.dropout import Dropout
from ..layers.embedding import Embedding
from ..layers.mask_padding import MaskPadding
from ..layers.policies import get_policy, output_dtype
from ..layers.recurrent_stack import padding_mask, recurrent_stack
from .arguments import share, whole_number
from .base import ZooModel


@keras.saving.register_keras_serializable(package="gradschool")
class RecurrentLanguageModel(ZooModel):
    """An embedding, recurrent layers, and the logits of the next token at every step.

    Args:
        tokens: number of different tokens, V, the padding 0 included.
        cell: "rnn", "lstm" or "gru"; see `layers/recurrent.py`.
        units: H of every layer. Defaults to 512.
        layers: how many recurrent layers stand on each other. Defaults to 1.
        embedding: J. Defaults to 64.
        dropout: share of the embedding's values and of every recurrent layer's outputs left out in training, in [0, 1).
        recurrent_dropout: share of a state's values that no step of a text sees in training, in [0, 1).
        layer_normalization: whether the sums in the cells are normalised.
        memory: steps that gates are opened for at first, at least 3, where much depends on what is far behind; see
            `layers/chrono_initializer.py`. None, the default, for a few.
        dtype, **kwargs: as in every model; see `models/base.py`.

    Call arguments:
        tokens: int tensor, shape `(B, T)`, values from 0 to V - 1. Zeros at the end of a text are padding: what follows
            them is left out by losses and metrics.

    Returns:
        Logits of the next token at every step, shape `(B, T, V)`; float32 under every policy but "float64".

    Raises:
        ValueError: if an argument is out of its range, or there is no such cell.

    Example:
        >>> RecurrentLanguageModel(tokens=69, cell="lstm", units=256).output_shape
        (None, None, 69)

    Reference:
        Graves (2013), "Generating Sequences With Recurrent Neural Networks", sections 2 and 3; here without the paper's
        connections from the input to every layer and from every layer to the output.
    """

    task = "language_modelling"

    def __init__(
        self,
        tokens: int = 69,
        cell: str = "lstm",
        units: int = 512,
        layers: int = 1,
        embedding: int = 64,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        layer_normalization: bool = False,
        memory: int | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        tokens = whole_number("tokens", tokens, least=2)
        units = whole_number("units", units, least=1)
        layers = whole_number("layers", layers, least=1)
        embedding = whole_number("embedding", embedding, least=1)
        dropout, recurrent_dropout = share("dropout", dropout), share("recurrent_dropout", recurrent_dropout)
        policy = get_policy(dtype)

        # === Functional model ===
        ids = keras.Input((None,), dtype="int32", name="tokens")
        x = Embedding(tokens, embedding, dtype=policy, name="embedding")(ids)  # (B, T, J)
        if dropout:
            x = Dropout(dropout, dtype=policy, name="dropout0")(x)
        x = recurrent_stack(
            x,
            cell,
            units,
            layers,
            return_sequences=True,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            layer_normalization=layer_normalization,
            memory=memory,
            policy=policy,
        )  # (B, T, H)
        if dropout:
            x = Dropout(dropout, dtype=policy, name=f"dropout{layers}")(x)
        logits = keras.layers.Dense(tokens, dtype=output_dtype(policy), name="logits")
        masked = MaskPadding(dtype=output_dtype(policy), name="mask")
        super().__init__(ids, masked([logits(x), ids]), dtype=policy, **kwargs)  # (B, T, V)

        # === Config ===
        self.tokens = tokens
        self.cell = cell
        self.units = units
        self.depth = layers
        self.embedding = embedding
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.layer_normalization = bool(layer_normalization)
        self.memory = memory

    # === Writing: one step for each token ===
    def initial_states(self, texts: int) -> list[list[Any]]:
        """The states before the first token: zeros.

        Args:
            texts: B.

        Returns:
            For each recurrent layer its states, each of shape `(B, H)`.
        """
        return [layer.get_initial_state(batch_size=texts) for layer in self._recurrent()]

    def step(self, tokens, states):
        """Reads one token of every text.

        Args:
            tokens: int tensor, shape `(B,)`.
            states: from `initial_states`, or from the step before.

        Returns:
            Logits of the next token, shape `(B, V)`, and the new states.
        """
        x = self.get_layer("embedding")(tokens)  # (B, J)
        after = []
        for layer, before in zip(self._recurrent(), states, strict=True):
            x, state = layer.step(x, before)  # (B, H)
            after.append(state)
        return self.get_layer("logits")(x), after

    def _recurrent(self) -> list[keras.layers.Layer]:
        return [self.get_layer(f"{self.cell}{number}") for number in range(1, self.depth + 1)]

    def padding_mask(self, inputs):
        """Which steps are no padding: bool tensor, shape `(B, T)`."""
        return padding_mask(inputs, self.tokens)

    # === Data ===
    @classmethod
    def config_for(cls, description, **overrides) -> dict[str, Any]:
        cls.check_task(description)
        return {"tokens": description.input_tokens, **overrides}
