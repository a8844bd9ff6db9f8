"""An embedding whose vectors know where they were looked up, which saves the layer behind it most of a product.

A vector that is looked up and then multiplied by a matrix is a row of the product of table and matrix:

    E[token] W = (E W)[token]

The right side multiplies each row of the table once, the left side the vector of every step of every text; and a batch
of texts has far more steps than there are different characters.

Shapes:
    B  batch size
    T  time steps
    V  number of different tokens
    D  size of a token's vector
"""

import math
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops


@dataclass(frozen=True)
class LookUp:
    """Where vectors were looked up.

    Args:
        tokens: int tensor, shape `(B, T)`.
        table: the vector of each token, shape `(V, D)`.
    """

    tokens: Any
    table: Any

    @property
    def repeats(self) -> bool:
        """Whether there are more steps than rows of the table, as far as the shape is known."""
        return None not in self.tokens.shape and math.prod(self.tokens.shape) > self.table.shape[0]


@keras.saving.register_keras_serializable(package="gradschool")
class Embedding(keras.layers.Embedding):
    """Keras's embedding, whose output knows where it was looked up, on TensorFlow and in 32 or 64 bits: `look_up_of`.

    Args:
        input_dim: V.
        output_dim: D.
        **kwargs: as of `keras.layers.Embedding`.

    Call arguments:
        tokens: int tensor, shape `(B, T)`.

    Returns:
        Tensor, shape `(B, T, D)`.

    Example:
        >>> tuple(Embedding(7, 3)(ops.zeros((2, 5), "int32")).shape)
        (2, 5, 3)
    """

    def call(self, tokens):
        vectors = super().call(tokens)
        # TensorFlow's tensors never change. A row's gradient adds up all steps that took it: too many for 16 bits.
        if keras.backend.backend() == "tensorflow" and self.compute_dtype in ("float32", "float64"):
            table = ops.cast(ops.convert_to_tensor(self.embeddings), vectors.dtype)
            vectors._gradschool_look_up = LookUp(ops.cast(tokens, "int32"), table)
        return vectors


def look_up_of(vectors) -> LookUp | None:
    """Where a tensor was looked up, if it is what an `Embedding` gave and nothing that was made of it."""
    return getattr(vectors, "_gradschool_look_up", None)
