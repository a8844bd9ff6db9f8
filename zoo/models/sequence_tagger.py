"""Many to many, aligned: every step of a sequence is put into a class.

What a step is taken for may depend on all steps before it, and, in a bidirectional net, on those behind it too: of
"can", only its neighbours tell whether it is a noun or a verb.

Shapes:
    B  batch size
    T  steps, padding at their end counted in; unknown (None) where sequences differ in length
    D  size of the vectors of the input
    E  size of a token's embedding
    H  units of a recurrent layer; 2H come out of a bidirectional one
    C  number of classes
"""

from collections.abc import Sequence
from typing import Any

import keras

from ..layers.dropout import Dropout
from ..layers.policies import get_policy, output_dtype
from ..layers.recurrent_stack import embedded, padding_mask, recurrent_stack, sequence_input
from .arguments import sequence_shape, share, whole_number
from .base import ZooModel


@keras.saving.register_keras_serializable(package="gradschool")
class SequenceTagger(ZooModel):
    """A recurrent net that tags every step: 741 009 parameters, 640 000 of them the embedding of 10 000 words.

        x_t = E[token_t]                        or the vectors themselves
        h_t = cell(x_t, h_{t-1})                t = 1 ... T; bidirectional: joined with that of the other direction
        logits_t = W h_t + b                    the same W and b at every step

        layer       output       parameters
        embedding    T, 64          640 000  (for tokens)
        lstm1       T, 128           98 816  (rnn1 24 704, gru1 74 496)
        logits        T, C            2 193  (C = 17)

    Args:
        input_shape: shape of one sequence: (T,) for tokens, (T, D) for vectors, with T = None where lengths differ.
            Defaults to (None,).
        tokens: number of different tokens, padding counted in; None for vectors. Defaults to 10 000.
        classes: number of classes, C, at least 2. Defaults to 17.
        embedding: size of a token's vector, E. Defaults to 64.
        cell: "rnn", "lstm" or "gru". Defaults to "lstm".
        units: H of each recurrent layer and direction. Defaults to 128.
        layers: number of recurrent layers. Defaults to 1.
        bidirectional: whether each of them reads the sequence from both ends. Defaults to False.
        dropout: share left out between the layers and before the logits, in [0, 1). Defaults to 0.
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
        Logits, shape `(B, T, C)`; float32 under every policy but "float64". With a mask, by which losses leave out
        padding.

    Raises:
        ValueError: if an argument is out of its range, or a name unknown.

    Example:
        >>> SequenceTagger(tokens=100, classes=5, bidirectional=True).output_shape
        (None, None, 5)

    Reference:
        Graves & Schmidhuber (2005), "Framewise Phoneme Classification with Bidirectional LSTM and Other Neural Network
        Architectures". The 17 classes are the parts of speech of Petrov, Das & McDonald (2012) as Universal
        Dependencies has them.
    """

    task = "tagging"

    def __init__(
        self,
        input_shape: Sequence[int | None] = (None,),
        tokens: int | None = 10_000,
        classes: int = 17,
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
        input_shape = sequence_shape("SequenceTagger", input_shape, tokens)
        classes = whole_number("classes", classes, least=2)
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
            return_sequences=True,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            layer_normalization=layer_normalization,
            memory=memory,
            policy=policy,
        )  # (B, T, H)
        if dropout:
            x = Dropout(dropout, dtype=policy, name=f"dropout{layers}")(x)
        logits = keras.layers.Dense(classes, dtype=output_dtype(policy), name="logits")
        super().__init__(inputs, logits(x), dtype=policy, **kwargs)  # (B, T, C)

        # === Config ===
        self.sample_shape = input_shape
        self.tokens = tokens
        self.classes = classes
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
        known = {"input_shape": description.input_shape, "tokens": description.input_tokens}
        return known | {"classes": description.classes, **overrides}

    def padding_mask(self, inputs):
        """Which steps are no padding: bool tensor, shape `(B, T)`; None where the model looks for none."""
        return padding_mask(inputs, self.tokens) if self.tokens or self.sample_shape[0] is None else None
