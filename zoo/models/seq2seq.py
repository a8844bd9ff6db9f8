"""Recurrent encoder-decoders (Sutskever et al. 2014, Cho et al. 2014), with attention (Bahdanau et al. 2015).

An encoder reads a sequence from both ends; a decoder, which begins with what the encoder's last states say, writes
another one, token by token, of any length: many to many. Without attention these states must hold the whole source;
with it the decoder looks at every step of the source again before it writes a token.

    h_j  = [forward_j; backward_j]                      the encoder's annotation of source step j
    s_0  = tanh(W [forward_S; backward_1] + b)          the bridge
    p(y_i | y_1 .. y_{i-1}, x) = softmax(g(s_i, c_i))   with c_i what the decoder sees of h

                 the decoder's step                     what is read out, g
    "none"       s_i = cell(y_{i-1}, s_{i-1})           s_i
    "luong"      s_i = cell(y_{i-1}, s_{i-1})           h~_i = tanh(W_c [c_i; s_i]), c_i from s_i
    "bahdanau"   s_i = cell([y_{i-1}; c_i], s_{i-1})    maxout([s_i; y_{i-1}; c_i]), c_i from s_{i-1}

Shapes:
    B  number of sentences
    S  steps of the source
    T  steps of the target
    J  size of an embedding
    H  units of each recurrent layer; of an encoder layer, in each direction
    V  number of different target tokens
"""

import functools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ..errors import unknown_name
from ..generation.compiled import compiled
from ..layers.attentive_recurrent import AttentiveRecurrent
from ..layers.dropout import Dropout
from ..layers.embedding import Embedding
from ..layers.luong_attention import LuongAttention
from ..layers.maxout import Maxout
from ..layers.policies import get_policy, output_dtype
from ..layers.recurrent import recurrent_layer
from .arguments import share, whole_number
from .base import ZooModel

ATTENTIONS = ("bahdanau", "luong", "none")


@keras.saving.register_keras_serializable(package="gradschool")
class Seq2Seq(ZooModel):
    """A bidirectional encoder, a bridge, and a decoder that is given the target so far (teacher forcing).

    Args:
        source_tokens: number of different source tokens, the padding 0 included.
        target_tokens: V, the padding 0 included.
        cell: "gru", "lstm" or "rnn"; see `layers/recurrent.py`.
        units: H. Defaults to 256.
        layers: how many recurrent layers stand on each other, in the encoder as in the decoder. Of Bahdanau's decoder
            the lowest attends, and the others see its context. Defaults to 1.
        embedding: J, of both languages. Defaults to 128.
        attention: one of `ATTENTIONS`. Luong's is the "general" score, without input feeding.
        dropout: share of the embeddings' values, and of what is read out, left out in training, in [0, 1).
        dtype, **kwargs: as in every model; see `models/base.py`.

    Call arguments:
        A dict of "source", int tensor of shape `(B, S)`, and "target", of shape `(B, T)`: the target moved on by one
        step, so that it begins with `BEGIN`. Zeros at their ends are padding.

    Returns:
        Logits of the next target token at every step, shape `(B, T, V)`; float32 under every policy but "float64". They
        have the target's mask.

    Raises:
        ValueError: if an argument is out of its range, or there is no such cell or attention.

    Example:
        >>> model = Seq2Seq(source_tokens=31, target_tokens=17, units=8)
        >>> tuple(model({"source": ops.ones((2, 5), "int32"), "target": ops.ones((2, 3), "int32")}).shape)
        (2, 3, 17)
        >>> len(model.translate([[4, 5, 6], [7, 8]], beam=2, most=9))
        2

    Reference:
        Bahdanau, Cho & Bengio (2015), "Neural Machine Translation by Jointly Learning to Align and Translate", appendix
        A; here the readout sees s_i, not s_{i-1}, and the bridge sees both ends. Luong, Pham & Manning (2015),
        "Effective Approaches to Attention-based Neural Machine Translation", section 3.1. Without attention: Cho et al.
        (2014), section 2.2, and Sutskever, Vinyals & Le (2014), whose encoders read in one direction.
    """

    task = "translation"

    def __init__(
        self,
        source_tokens: int = 8000,
        target_tokens: int = 8000,
        cell: str = "gru",
        units: int = 256,
        layers: int = 1,
        embedding: int = 128,
        attention: str = "bahdanau",
        dropout: float = 0.0,
        dtype: Any = None,
        **kwargs: Any,
    ):
        source_tokens = whole_number("source_tokens", source_tokens, least=2)
        target_tokens = whole_number("target_tokens", target_tokens, least=5)
        units = whole_number("units", units, least=1)
        layers = whole_number("layers", layers, least=1)
        embedding = whole_number("embedding", embedding, least=1)
        dropout = share("dropout", dropout)
        if attention not in ATTENTIONS:
            raise unknown_name("attention", attention, ATTENTIONS)
        policy = get_policy(dtype)

        # === Layers ===
        def named(layer, *args, name, **options):
            return layer(*args, dtype=policy, name=name, **options)

        def dropped(x, name):
            return named(Dropout, dropout, name=name)(x) if dropout else x

        def recurrent(name):
            return recurrent_layer(cell, units, return_sequences=True, return_state=True, dtype=policy, name=name)

        def bridge(forward, backward, name, activation):
            ends = named(keras.layers.Concatenate, name=f"{name}_ends")([forward, backward])  # (B, 2H)
            return named(keras.layers.Dense, units, activation=activation, name=name)(ends)  # (B, H)

        # === Encoder ===
        # An LSTM's second state is a sum without bounds.
        bridges = [("state", "tanh"), ("cell_state", None)][: 2 if cell == "lstm" else 1]
        source = keras.Input((None,), dtype="int32", name="source")
        x = named(Embedding, source_tokens, embedding, mask_zero=True, name="source_embedding")(source)
        states = []
        for number in range(1, layers + 1):
            both_ways = keras.layers.Bidirectional(recurrent(cell), dtype=policy, name=f"encoder{number}")
            x, *ends = both_ways(dropped(x, f"encoder_dropout{number}"))  # (B, S, 2H)
            both = zip(bridges, ends[: len(bridges)], ends[len(bridges) :], strict=True)  # forward, backward
            states.append([bridge(one, other, f"{name}{number}", act) for (name, act), one, other in both])

        # === Decoder ===
        target = keras.Input((None,), dtype="int32", name="target")
        y = named(Embedding, target_tokens, embedding, mask_zero=True, name="target_embedding")(target)
        s = y = dropped(y, "decoder_dropout")  # (B, T, J)
        context = None
        for number in range(1, layers + 1):
            if attention == "bahdanau" and number == 1:
                attend = named(AttentiveRecurrent, cell, units, name="decoder1")
                s, context = attend(y, x, states[0])  # (B, T, H), (B, T, 2H)
                continue
            if context is not None:
                s = named(keras.layers.Concatenate, name=f"decoder_input{number}")([s, context])
            s, *_ = recurrent(f"decoder{number}")(s, initial_state=states[number - 1])  # (B, T, H)
        if attention == "bahdanau":
            seen = named(keras.layers.Concatenate, name="seen")([s, y, context])  # (B, T, H + J + 2H)
            s = named(Maxout, units, name="readout")(seen)  # (B, T, H)
        elif attention == "luong":
            s = named(LuongAttention, units, name="attention")(s, x)  # (B, T, H)
        logits = keras.layers.Dense(target_tokens, dtype=output_dtype(policy), name="logits")
        outputs = logits(dropped(s, "readout_dropout"))  # (B, T, V)
        super().__init__({"source": source, "target": target}, outputs, dtype=policy, **kwargs)

        # === Config ===
        self.source_tokens = source_tokens
        self.target_tokens = target_tokens
        self.cell = cell
        self.units = units
        self.depth = layers  # Keras has an attribute layers
        self.embedding = embedding
        self.attention = attention
        self.dropout = dropout

    # === Translating: one step for each token ===
    @functools.cached_property
    def encoder(self) -> keras.Model:
        """The first part, with the same weights: from the source to annotations and the decoder's first states."""
        names = ["state", "cell_state"] if self.cell == "lstm" else ["state"]
        annotations = self.get_layer(f"encoder{self.depth}").output[0]  # (B, S, 2H)
        states = [[self.get_layer(f"{name}{number}").output for name in names] for number in range(1, self.depth + 1)]
        return keras.Model(self.input["source"], {"annotations": annotations, "states": states}, name="encoder")

    def encode(self, source):
        """What a decoder needs of the source, once for all steps.

        Args:
            source: int tensor, shape `(B, S)`.

        Returns:
            The memory, a dict of tensors, which stays as it is, and the states before the first token; the first axis
            of all is B.
        """
        found = self.encoder(source)
        if self.attention == "none":
            return {}, found["states"]
        annotations = found["annotations"]
        memory = {
            "annotations": annotations,
            "keys": self._attend().keys(annotations),
            "mask": ops.not_equal(source, 0),
        }
        return memory, found["states"]

    def step(self, tokens, states, memory):
        """Reads one token of every target.

        Args:
            tokens: int tensor, shape `(B,)`; `BEGIN` comes first.
            states: from `encode`, or from the step before.
            memory: from `encode`.

        Returns:
            Logits of the next token, shape `(B, V)`, and the new states.
        """
        s = y = self.get_layer("target_embedding").call(tokens)  # (B, J), without a mask: a cell takes none
        after, context = [], None
        seen = [memory[name] for name in ("annotations", "keys", "mask") if name in memory]
        for number, before in enumerate(states, start=1):
            decoder = self.get_layer(f"decoder{number}")
            if self.attention == "bahdanau" and number == 1:
                (s, context), state = decoder.step(y, before, *seen)  # (B, H), (B, 2H)
            else:
                s, state = decoder.step(s if context is None else ops.concatenate([s, context], axis=-1), before)
            after.append(state)
        if self.attention == "bahdanau":
            s = self.get_layer("readout")(ops.concatenate([s, y, context], axis=-1))
        elif self.attention == "luong":
            s = self.get_layer("attention").attend(ops.expand_dims(s, 1), *seen)[0][:, 0]
        return self.get_layer("logits")(s), after

    def _attend(self):
        return self.get_layer("attention") if self.attention == "luong" else self.get_layer("decoder1").attention

    def translate(self, sources: Sequence[Any], beam: int = 4, **options: Any) -> list[Any]:
        """The likeliest targets that a beam search finds; see `generation/translation.py`.

        Args:
            sources: texts, or lists of tokens.
            beam: how many beginnings are followed at once; 1 is a greedy search.
            **options: of `generation.translation.translate`: `input_tokenizer` and `target_tokenizer` for texts,
                `length_penalty`, `most`.

        Returns:
            For each source a text, or a list of tokens.
        """
        from ..generation.translation import translate

        found = translate(self, sources, beam, **options)
        return [one.text if isinstance(one.source, str) else one.tokens for one in found]

    def attention_weights(self, source, target) -> np.ndarray:
        """Where the decoder looks in the source before it writes each token that follows one of the target.

        Args:
            source: int array, shape `(B, S)`.
            target: int array, shape `(B, T)`, from `BEGIN` on.

        Returns:
            Array, shape `(B, T, S)`; rows add up to 1.

        Raises:
            ValueError: if the model has no attention.
        """
        if self.attention == "none":
            raise ValueError(f"{self.name} has no attention: its decoder sees the encoder's last states only.")
        memory, states = compiled(self.encode)(ops.convert_to_tensor(np.asarray(source, "int32")))
        looked, step = [], compiled(self._looking_step)
        for tokens in np.asarray(target, "int32").T:
            weights, states = step(ops.convert_to_tensor(tokens), states, memory)
            looked.append(ops.convert_to_numpy(weights))
        return np.stack(looked, axis=1)  # (B, T, S)

    def _looking_step(self, tokens, states, memory):
        """What a step looks at, shape `(B, S)`, and the new states."""
        after = self.step(tokens, states, memory)[1]
        asking = states[0] if self.attention == "bahdanau" else after[-1]  # s_{i-1} or s_i
        parts = [memory[name] for name in ("annotations", "keys", "mask")]
        return self._attend().attend(ops.expand_dims(asking[0], 1), *parts)[1][:, 0], after

    # === Data ===
    def padding_mask(self, inputs):
        """Which steps of the target are no padding: bool tensor, shape `(B, T)`."""
        return ops.not_equal(inputs["target"], 0)

    @classmethod
    def config_for(cls, description, **overrides) -> dict[str, Any]:
        cls.check_task(description)
        return {"source_tokens": description.input_tokens, "target_tokens": description.classes, **overrides}
