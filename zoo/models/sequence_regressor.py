"""Many to one, with values: a sequence is read to its end, and something about it, or what follows it, is estimated.

Without an activation behind them, the outputs may be any numbers: standardise the targets, and compare with l2.

Shapes:
    B  batch size
    T  steps, padding at their end counted in; unknown (None) where sequences differ in length
    D  size of the vectors of the input
    E  size of a token's embedding
    H  units of a recurrent layer; 2H come out of a bidirectional one
    O  number of values
"""

from collections.abc import Sequence
from typing import Any

import keras

from ..layers.dropout import Dropout
from ..layers.policies import get_policy, output_dtype
from ..layers.recurrent_stack import embedded, recurrent_stack, sequence_input
from .arguments import sequence_shape, share, whole_number
from .base import ZooModel


@keras.saving.register_keras_serializable(package="gradschool")
class SequenceRegressor(ZooModel):
    """A recurrent net that estimates values: 66 689 parameters for one series of 24 steps.

        h_t = cell(x_t, h_{t-1})                t = 1 ... T
        y = W h_T + b                           bidirectional: of h_T and the h_1 of the one that reads backwards

        layer       output       parameters
        lstm1          128           66 560  (rnn1 16 640, gru1 50 304)
        outputs          O              129  (O = 1)

    Args:
        input_shape: shape of one sequence: (T, D) for vectors, (T,) for tokens, with T = None where lengths differ.
            Defaults to (24, 1).
        tokens: number of different tokens, padding counted in; None for vectors, the default.
        outputs: number of values, O, at least 1. Defaults to 1.
        embedding: size of a token's vector, E. Defaults to 64.
        cell: "rnn", "lstm" or "gru". Defaults to "lstm".
        units: H of each recurrent layer and direction. Defaults to 128.
        layers: number of recurrent layers. Defaults to 1.
        bidirectional: whether each of them reads the sequence from both ends. Defaults to False.
        dropout: share left out between the layers and before the outputs, in [0, 1). Defaults to 0.
        recurrent_dropout: share of the old state left out, the same at all steps, in [0, 1). Defaults to 0.
        layer_normalization: whether the sums in the cells are normalised. Defaults to False.
        memory: steps that gates are opened for at first, at least 3, where much depends on what is far behind; see
            `layers/chrono_initializer.py`. None, the default, for a few.
        dtype: dtype or policy of the hidden layers ("mixed_bfloat16", ...). Defaults to Keras's global policy.
        **kwargs: `name` and `trainable`.

    Call arguments:
        inputs: int tensor of tokens, shape `(B, T)`, 0 for padding; or float tensor, shape `(B, T, D)`, where an
            unknown T says that vectors of zeros are padding. Padding changes no answer.

    Returns:
        Values, shape `(B, O)`; float32 under every policy but "float64".

    Raises:
        ValueError: if an argument is out of its range, or a name unknown.

    Example:
        >>> SequenceRegressor((7, 3), outputs=2, units=16).output_shape
        (None, 2)

    Reference:
        Hochreiter & Schmidhuber (1997), "Long Short-Term Memory", section 5.4, the adding problem.
    """

    task = "regression"

    def __init__(
        self,
        input_shape: Sequence[int | None] = (24, 1),
        tokens: int | None = None,
        outputs: int = 1,
        embedding: int = 64,
        cell: str = "lstm",
        units: int = 128,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        layer_normalization: bool = False,
        memory: int | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        tokens = None if tokens is None else whole_number("tokens", tokens, least=2)
        input_shape = sequence_shape("SequenceRegressor", input_shape, tokens)
        outputs = whole_number("outputs", outputs, least=1)
        embedding = whole_number("embedding", embedding, least=1)
        units = whole_number("units", units, least=1)
        layers = whole_number("layers", layers, least=1)
        dropout, recurrent_dropout = share("dropout", dropout), share("recurrent_dropout", recurrent_dropout)
        policy = get_policy(dtype)

        # === Functional model ===
        inputs = sequence_input(input_shape, tokens, policy)  # (B, T) or (B, T, D)
        x = embedded(inputs, tokens, embedding, policy)  # (B, T, E) or (B, T, D)
        x = recurrent_stack(
            x,
            cell,
            units,
            layers,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            layer_normalization=layer_normalization,
            memory=memory,
            policy=policy,
        )  # (B, H)
        if dropout:
            x = Dropout(dropout, dtype=policy, name=f"dropout{layers}")(x)
        linear = keras.layers.Dense(outputs, dtype=output_dtype(policy), name="outputs")
        super().__init__(inputs, linear(x), dtype=policy, **kwargs)  # (B, O)

        # === Config ===
        self.sample_shape = input_shape
        self.tokens = tokens
        self.values = outputs
        self.embedding = embedding
        self.cell = cell
        self.units = units
        self.depth = layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.layer_normalization = layer_normalization
        self.memory = memory

    @classmethod
    def config_for(cls, description, **overrides) -> dict[str, object]:
        cls.check_task(description)
        values = max(1, len(description.outputs))
        known = {"input_shape": description.input_shape, "tokens": description.input_tokens, "outputs": values}
        return known | overrides
