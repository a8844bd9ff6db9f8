"""Multiplicative attention and the attentional vector (Luong, Pham and Manning 2015).

Shapes:
    B  batch size
    T  number of queries, such as steps of a target
    S  number of keys, such as steps of a source
    D  size of a query
    M  size of a key
    H  units of the attentional vector
"""

from typing import Any

import keras
from keras import ops

from ..checks import whole_number
from ..errors import unknown_name
from .masked_softmax import masked_softmax

SCORES = ("dot", "general", "concat")


@keras.saving.register_keras_serializable(package="gradschool")
class LuongAttention(keras.layers.Layer):
    """What the decoder knows, and what it looks at in the source, in one vector.

        score(h_t, h_s) = h_t^T h_s                     "dot": needs D = M
                        = h_t^T W_a h_s                 "general"
                        = v_a^T tanh(W_a [h_t; h_s])    "concat"                                    (equation 8)
        a_t(s) = exp(score(h_t, h_s)) / sum_s' exp(score(h_t, h_s'))                                (equation 7)
        c_t    = sum_s a_t(s) h_s
        h~_t   = tanh(W_c [c_t; h_t])                                                               (equation 5)

    The decoder's states h_t are those of a recurrent layer that does not see c_t: all steps are attended from at once,
    in a few large matrix products.

    Args:
        units: H, at least 1.
        score: one of `SCORES`. Defaults to "general".
        **kwargs: `name`, `dtype`.

    Call arguments:
        queries: h_t, float tensor, shape `(B, T, D)`.
        memory: h_s, float tensor, shape `(B, S, M)`.
        memory_mask: True = attend, shape `(B, S)`. By default the mask that comes with the memory.
        return_weights: whether to give the weights a_t too.

    Returns:
        Attentional vectors h~, shape `(B, T, H)`. With them, if asked for, the weights, shape `(B, T, S)`.

    Raises:
        ValueError: if `units` is not a whole number of at least 1, if there is no such score, or if "dot" gets queries
            and a memory of different sizes.

    Example:
        >>> queries, memory = ops.ones((2, 3, 5)), ops.ones((2, 7, 11))
        >>> vectors, weights = LuongAttention(13)(queries, memory, return_weights=True)
        >>> tuple(vectors.shape), tuple(weights.shape)
        ((2, 3, 13), (2, 3, 7))

    Reference:
        Luong, Pham & Manning (2015), "Effective Approaches to Attention-based Neural Machine Translation", section 3.1
        (global attention). Input feeding (section 3.3), which gives h~ to the decoder's next step, is left out: it
        would bind the attention to the recurrence.
    """

    layer_kind = "dense"  # in the table of a model's layers

    def __init__(self, units: int, score: str = "general", **kwargs: Any):
        super().__init__(**kwargs)
        units = whole_number("units", units, least=1)
        if score not in SCORES:
            raise unknown_name("score of attention", score, SCORES)
        self.units = units
        self.score = score
        self.supports_masking = True  # the vectors have the queries' mask

    def build(self, queries_shape, memory_shape):
        def weight(name, *shape):
            return self.add_weight(shape=shape, initializer="glorot_uniform", name=name)

        queries, memory = queries_shape[-1], memory_shape[-1]
        if self.score == "dot" and queries != memory:
            raise ValueError(
                f'score="dot" multiplies queries with keys of their size; got {queries} and {memory}. Take "general".'
            )
        if self.score == "general":
            self.score_kernel = weight("score_kernel", queries, memory)  # W_a
        elif self.score == "concat":
            self.query_kernel = weight("query_kernel", queries, self.units)  # W_a, left half
            self.key_kernel = weight("key_kernel", memory, self.units)  # W_a, right half
            self.score_kernel = weight("score_kernel", self.units)  # v_a
        self.output_kernel = weight("output_kernel", memory + queries, self.units)  # W_c

    def call(self, queries, memory, memory_mask=None, return_weights=False):
        vectors, weights = self.attend(queries, memory, self.keys(memory), memory_mask)
        return (vectors, weights) if return_weights else vectors

    def keys(self, memory):
        """What the scores need of the memory, the same for every query."""
        if self.score == "dot":
            return memory
        kernel = self.key_kernel if self.score == "concat" else ops.transpose(self.score_kernel)
        return memory @ ops.cast(kernel, memory.dtype)  # (B, S, D), or (B, S, H) for "concat"

    def attend(self, queries, memory, keys, memory_mask=None):
        """Attentional vectors and weights, given `keys(memory)`; arguments and results as of a call."""
        if self.score == "concat":
            asked = queries @ ops.cast(self.query_kernel, queries.dtype)  # (B, T, H)
            hidden = ops.tanh(ops.expand_dims(asked, 2) + ops.expand_dims(keys, 1))  # (B, T, S, H)
            scores = ops.sum(hidden * ops.cast(self.score_kernel, hidden.dtype), axis=-1)  # (B, T, S)
        else:
            scores = queries @ ops.swapaxes(keys, 1, 2)  # (B, T, S)
        weights = masked_softmax(scores, None if memory_mask is None else ops.expand_dims(memory_mask, 1))
        both = ops.concatenate([weights @ memory, queries], axis=-1)  # (B, T, M + D)
        return ops.tanh(both @ ops.cast(self.output_kernel, both.dtype)), weights

    def compute_mask(self, queries, queries_mask):
        return queries_mask

    def compute_output_shape(self, queries_shape, memory_shape):
        return (*queries_shape[:-1], self.units)

    def compute_output_spec(self, queries, memory, memory_mask=None, return_weights=False):
        vectors = keras.KerasTensor((*queries.shape[:-1], self.units), self.compute_dtype)
        weights = keras.KerasTensor((*queries.shape[:-1], memory.shape[1]), self.compute_dtype)
        return (vectors, weights) if return_weights else vectors

    def multiply_adds(self, input_shape, output_shape) -> int:
        """Those of a memory of as many steps as there are queries: the layer is told of no other number."""
        steps, queries = input_shape
        memory = self.output_kernel.shape[0] - queries
        projected = {"dot": 0, "general": queries * memory, "concat": (queries + memory) * self.units}[self.score]
        scored = self.units if self.score == "concat" else queries
        return steps * (projected + (memory + queries) * self.units) + steps * steps * (scored + memory)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "score": self.score}
