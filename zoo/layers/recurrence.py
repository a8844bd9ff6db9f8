"""What the recurrent layers share: Keras's layers, with a faster way through time where their options allow it.

The sums over the inputs, W x_t + b, need no state: they are one matrix product for all time steps together. Only the
product with the state before, U h_{t-1}, has to wait for the step before. The way back is written by hand: a loop from
the last step to the first gives the gradients of all sums, and one product over all steps gives that of U,

    dL/dU = sum over t of h_{t-1}^T dL/dz_t

where Keras's automatic gradient adds up a product for each step.

Shapes:
    B  batch size
    T  time steps
    D  input size
    H  units
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from .embedding import look_up_of
from .recurrent_cell import as_list, one_of, same_cell


# === Layers ===
class RecurrentLayer(keras.layers.RNN):
    """What comes after Keras's class among the bases of a recurrent layer here, so that Keras's calls it for the loop.

    A subclass has:
        cell_class: of its cell, derived from Keras's.
        is_plain(): whether its cell computes what `run` does.
        run(sums, states, keep, dropped): the way through time; the outputs `(T, B, H)` and the last states.
    """

    cell_class: type[Any]

    def __init__(self, cell: Any, layer_normalization: bool = False, **kwargs: Any):
        super().__init__(same_cell(cell, self.cell_class, layer_normalization=layer_normalization), **kwargs)
        self.layer_normalization = layer_normalization

    def is_plain(self) -> bool:
        """Whether the cell is the usual one, for which `run` is written."""
        gates = getattr(self.cell, "recurrent_activation", keras.activations.sigmoid)
        usual = self.cell.activation is keras.activations.tanh and gates is keras.activations.sigmoid
        return usual and not self.layer_normalization

    @property
    def suits_xla(self) -> bool:
        """Whether XLA makes it faster on a CPU; see `engine/choices.py`."""
        return self.is_plain() and not self.unroll

    def run(self, sums, states: Sequence[Any], keep, dropped) -> tuple[Any, list[Any]]:
        """The way through time.

        Args:
            sums: W x_t + b, shape `(T, B, gates * H)`.
            states: those before the first step, each of shape `(B, H)`.
            keep: False where a step leaves the states as they are, shape `(T, B, 1)`; None for nowhere.
            dropped: factors of h_{t-1} in the recurrent product, shape `(B, H)`; None for 1.

        Returns:
            The outputs, shape `(T, B, H)`, and the last states.
        """
        raise NotImplementedError

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """In place of the loop of `keras.layers.RNN`, where the options are the usual ones."""
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        states = as_list(initial_state)
        if self.unroll or not self.is_plain():
            return super().inner_loop(sequences, states, mask, training=training)
        keep = None
        if mask is not None:  # as numbers, and not by a cast, since TensorFlow's transpose of truth values complains
            keep = ops.transpose(ops.where(ops.cast(mask, "bool"), 1.0, 0.0))[..., None] > 0  # (T, B, 1)
            keep = ops.flip(keep, 0) if self.go_backwards else keep
        sums, dropped = self._sums(sequences, training), None
        if training and self.cell.recurrent_dropout:
            dropped = one_of(self.cell.get_recurrent_dropout_mask(states[0]))
        outputs, states = self.run(sums, states, keep, dropped)
        last = states[0]
        if keep is not None:
            seen = ops.cumsum(ops.cast(keep, "int32"), axis=0) > 0
            shown = keep if self.zero_output_for_mask else seen
            last = ops.where(shown[-1], last, 0)  # as Keras has it: no output before the first step
            outputs = ops.where(shown, outputs, 0)
        return last, ops.transpose(outputs, (1, 0, 2)), states  # (B, H), (B, T, H)

    def _sums(self, sequences, training: bool):
        """W x_t + b for all time steps, in the order in which they are read; inputs that are dropped count as 0.

        In training, those of looked-up inputs are looked up themselves; elsewhere they are not, so that an answer has
        a gradient with respect to the vectors of its tokens.

        Args:
            sequences: float tensor, shape `(B, T, D)`.
            training: whether to drop anything.

        Returns:
            Tensor, shape `(T, B, gates * H)`.
        """

        def in_time(values):
            values = ops.swapaxes(values, 0, 1)
            return ops.flip(values, 0) if self.go_backwards else values

        dropout, look_up = training and self.cell.dropout, look_up_of(sequences)
        if training and not dropout and look_up is not None and look_up.repeats:
            return ops.take(self.input_sums(look_up.table[None])[0], in_time(look_up.tokens), axis=0)
        inputs = in_time(sequences)  # (T, B, D)
        return self.input_sums(inputs * one_of(self.cell.get_dropout_mask(sequences[:, 0])) if dropout else inputs)

    def input_sums(self, inputs):
        """W x_t + b for all time steps.

        Args:
            inputs: float tensor, shape `(T, B, D)`.

        Returns:
            Tensor, shape `(T, B, gates * H)`.
        """
        bias = self.input_bias()
        sums = ops.matmul(ops.reshape(inputs, (-1, inputs.shape[-1])), self.weight(self.cell.kernel))
        sums = sums if bias is None else sums + self.weight(bias)
        return ops.reshape(sums, (*ops.shape(inputs)[:2], sums.shape[-1]))

    def input_bias(self):
        """b, shape `(gates * H,)`, or None."""
        return self.cell.bias

    def weight(self, variable):
        """A weight as a tensor of the dtype that the layer computes in."""
        return ops.cast(ops.convert_to_tensor(variable), self.compute_dtype)

    def step(self, inputs, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """One time step by itself, as for writing one character after the other.

        Args:
            inputs: float tensor, shape `(B, D)`.
            states: those before it, as `get_initial_state(B)` or an earlier step gives them.

        Returns:
            The output, shape `(B, H)`, and the new states.
        """
        return self.cell(inputs, list(states), training=False)

    def multiply_adds(self, input_shape, output_shape) -> int:
        """Those of W and U at every time step."""
        return input_shape[0] * sum(
            math.prod(weight.shape) for weight in (self.cell.kernel, self.cell.recurrent_kernel)
        )

    def get_config(self):
        return {**super().get_config(), "layer_normalization": self.layer_normalization}


def before(first, states):
    """The states before each step: `first`, and all of `states` `(T, B, H)` but the last."""
    return ops.concatenate([first[None], states[:-1]], axis=0)


def product_over_time(left, right):
    """Sum over t of left_t^T right_t, for tensors `(T, B, M)` and `(T, B, N)`, as one product; shape `(M, N)`."""
    left, right = (ops.reshape(one, (-1, one.shape[-1])) for one in (left, right))
    return ops.matmul(ops.transpose(left), right)


def kept(keep, new: Sequence[Any], old: Sequence[Any]) -> list[Any]:
    """The new states where a step counts, the old ones elsewhere.

    Args:
        keep: bool tensor `(B, 1)`, or none in an empty list.
        new: tensors `(B, H)`.
        old: tensors `(B, H)`.
    """
    if not keep:
        return list(new)
    return [ops.where(keep[0], one, other) for one, other in zip(new, old, strict=True)]
