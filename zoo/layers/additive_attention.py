"""Additive attention (Bahdanau et al. 2015): a small network says how well each key fits the query.

Shapes:
    B  batch size
    T  number of queries, such as steps of a target
    S  number of keys, such as steps of a source
    D  size of a query
    M  size of a key
    A  units of the network
"""

from typing import Any

import keras
from keras import ops

from ..checks import whole_number
from .masked_softmax import masked_softmax


@keras.saving.register_keras_serializable(package="gradschool")
class AdditiveAttention(keras.layers.Layer):
    """The mean of the memory, weighted by how well each place fits the query.

        e_ij = v^T tanh(W s_i + U h_j)                  the score of place j for query i
        a_ij = exp(e_ij) / sum_k exp(e_ik)              over the places that are not masked
        c_i  = sum_j a_ij h_j                           the context

    U h does not depend on the query: `keys` computes it once for all of them, and `attend` does the rest, for a decoder
    that asks step by step.

    Args:
        units: A, at least 1.
        **kwargs: `name`, `dtype`.

    Call arguments:
        queries: s, float tensor, shape `(B, T, D)`.
        memory: h, float tensor, shape `(B, S, M)`.
        memory_mask: True = attend, shape `(B, S)`. By default the mask that comes with the memory.
        return_weights: whether to give the weights a too.

    Returns:
        Contexts c, shape `(B, T, M)`; zero where all of a memory is masked. With them, if asked for, the weights, shape
        `(B, T, S)`.

    Raises:
        ValueError: if `units` is not a whole number of at least 1.

    Example:
        >>> queries, memory = ops.ones((2, 3, 5)), ops.ones((2, 7, 11))
        >>> contexts, weights = AdditiveAttention(13)(queries, memory, return_weights=True)
        >>> tuple(contexts.shape), tuple(weights.shape)
        ((2, 3, 11), (2, 3, 7))

    Reference:
        Bahdanau, Cho & Bengio (2015), "Neural Machine Translation by Jointly Learning to Align and Translate", section
        3.1 and appendix A.1.2, where W is W_a, U is U_a and v is v_a.
    """

    layer_kind = "dense"  # in the table of a model's layers

    def __init__(self, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = whole_number("units", units, least=1)
        self.supports_masking = True  # the contexts have the queries' mask

    def build(self, queries_shape, memory_shape):
        def weight(name, *shape):
            return self.add_weight(shape=shape, initializer="glorot_uniform", name=name)

        self.query_kernel = weight("query_kernel", queries_shape[-1], self.units)  # W
        self.key_kernel = weight("key_kernel", memory_shape[-1], self.units)  # U
        self.score_kernel = weight("score_kernel", self.units)  # v

    def call(self, queries, memory, memory_mask=None, return_weights=False):
        contexts, weights = self.attend(queries, memory, self.keys(memory), memory_mask)
        return (contexts, weights) if return_weights else contexts

    def keys(self, memory):
        """U h, what the scores need of the memory, shape `(B, S, A)`."""
        return memory @ ops.cast(self.key_kernel, memory.dtype)

    def attend(self, queries, memory, keys, memory_mask=None):
        """Contexts and weights, given `keys(memory)`; arguments and results as of a call."""
        asked = ops.expand_dims(queries @ ops.cast(self.query_kernel, queries.dtype), 2)  # (B, T, 1, A)
        hidden = ops.tanh(asked + ops.expand_dims(keys, 1))  # (B, T, S, A)
        scores = ops.sum(hidden * ops.cast(self.score_kernel, hidden.dtype), axis=-1)  # (B, T, S)
        weights = masked_softmax(scores, None if memory_mask is None else ops.expand_dims(memory_mask, 1))
        return weights @ memory, weights  # (B, T, M)

    def compute_mask(self, queries, queries_mask):
        return queries_mask

    def compute_output_shape(self, queries_shape, memory_shape):
        return (*queries_shape[:-1], memory_shape[-1])

    def compute_output_spec(self, queries, memory, memory_mask=None, return_weights=False):
        contexts = keras.KerasTensor((*queries.shape[:-1], memory.shape[-1]), self.compute_dtype)
        weights = keras.KerasTensor((*queries.shape[:-1], memory.shape[1]), self.compute_dtype)
        return (contexts, weights) if return_weights else contexts

    def multiply_adds(self, input_shape, output_shape) -> int:
        """Those of a memory of as many steps as there are queries: the layer is told of no other number."""
        (steps, queries), memory = input_shape, output_shape[-1]
        return steps * (queries + memory) * self.units + steps * steps * (self.units + memory)

    def get_config(self):
        return {**super().get_config(), "units": self.units}
