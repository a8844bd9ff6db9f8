"""A recurrent decoder that looks at a memory before every step (Bahdanau et al. 2015).

Shapes:
    B  batch size
    T  steps of the target
    S  steps of the source
    J  size of an input
    M  size of a place of the memory
    H  units
"""

from typing import Any

import keras
from keras import ops

from .additive_attention import AdditiveAttention
from .recurrent import recurrent_layer


@keras.saving.register_keras_serializable(package="gradschool")
class AttentiveRecurrent(keras.layers.Layer):
    """A recurrent layer whose every step also gets a context: what its state makes it look at in a memory.

        c_i = attention(s_{i-1}, h)                     see `additive_attention.py`
        s_i = cell([x_i; c_i], s_{i-1})

    The context enters the recurrence, so the steps must be taken one after the other; what does not depend on them, the
    memory's part of the attention, is computed once.

    Args:
        cell: "rnn", "lstm" or "gru"; see `recurrent.py`.
        units: H, of the cell and of the attention, at least 1.
        **kwargs: `name`, `dtype`.

    Call arguments:
        inputs: x, float tensor, shape `(B, T, J)`.
        memory: h, float tensor, shape `(B, S, M)`.
        initial_state: the list of the cell's states before the first step, each of shape `(B, H)`.
        memory_mask: True = attend, shape `(B, S)`. By default the mask that comes with the memory.

    Returns:
        Outputs s, shape `(B, T, H)`, and contexts c, shape `(B, T, M)`. What is masked in the inputs is padding at
        their ends: those steps are taken too, and nobody looks at them.

    Raises:
        ValueError: if there is no such cell.

    Example:
        >>> layer = AttentiveRecurrent("gru", 5)
        >>> outputs, contexts = layer(ops.ones((2, 3, 7)), ops.ones((2, 4, 11)), [ops.zeros((2, 5))])
        >>> tuple(outputs.shape), tuple(contexts.shape)
        ((2, 3, 5), (2, 3, 11))

    Reference:
        Bahdanau, Cho & Bengio (2015), appendices A.1.2 and A.2.2.
    """

    layer_kind = "recurrent"  # in the table of a model's layers

    def __init__(self, cell: str, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.kind = cell
        self.units = units
        self.cell = recurrent_layer(cell, units, dtype=self.dtype_policy).cell
        self.attention = AdditiveAttention(units, dtype=self.dtype_policy, name="attention")
        self.supports_masking = True

    def build(self, inputs_shape, memory_shape, initial_state_shape=None):
        self.cell.build((inputs_shape[0], inputs_shape[-1] + memory_shape[-1]))
        self.attention.build((inputs_shape[0], None, self.units), memory_shape)

    def call(self, inputs, memory, initial_state, memory_mask=None):
        keys = self.attention.keys(memory)

        def take_step(carried, x):
            (_, context), states = self.step(x, carried[:-1], memory, keys, memory_mask)
            carried = [*states, context]
            return carried, carried

        start = ops.zeros_like(memory[:, 0])  # a context that nobody looks at
        _, after = ops.scan(take_step, [*initial_state, start], ops.swapaxes(inputs, 0, 1))
        return ops.swapaxes(after[0], 0, 1), ops.swapaxes(after[-1], 0, 1)  # (B, T, H), (B, T, M)

    def step(self, x, states, memory, keys, memory_mask=None):
        """One step.

        Args:
            x: shape `(B, J)`.
            states: list, each of shape `(B, H)`.
            memory: shape `(B, S, M)`.
            keys: `attention.keys(memory)`.
            memory_mask: shape `(B, S)`.

        Returns:
            The pair of output and context, and the new states.
        """
        contexts, _ = self.attention.attend(ops.expand_dims(states[0], 1), memory, keys, memory_mask)
        context = ops.squeeze(contexts, 1)  # (B, M)
        output, states = self.cell(ops.concatenate([x, context], axis=-1), list(states))
        return (output, context), list(states)

    def weights_of(self, outputs, memory, initial_state, memory_mask=None):
        """What each step looked at, given the outputs of a call: weights, shape `(B, T, S)`."""
        before = ops.concatenate([ops.expand_dims(initial_state[0], 1), outputs[:, :-1]], axis=1)  # s_{i-1}
        return self.attention.attend(before, memory, self.attention.keys(memory), memory_mask)[1]

    def compute_mask(self, inputs, inputs_mask):
        return inputs_mask, inputs_mask

    def compute_output_shape(self, inputs_shape, memory_shape, initial_state_shape=None):
        return (*inputs_shape[:-1], self.units), (*inputs_shape[:-1], memory_shape[-1])

    def multiply_adds(self, input_shape, output_shape) -> int:
        """Those of cell and attention, for a memory of as many steps as the inputs have."""
        steps, memory = input_shape[0], self.attention.key_kernel.shape[0]
        of_cell = sum(weight.shape[0] * weight.shape[1] for weight in (self.cell.kernel, self.cell.recurrent_kernel))
        return steps * of_cell + self.attention.multiply_adds((steps, self.units), (steps, memory))

    def get_config(self):
        return {**super().get_config(), "cell": self.kind, "units": self.units}
