"""The simplest recurrent layer (Elman 1990), through time with a gradient written by hand.

Shapes:
    B  batch size
    T  time steps
    D  input size
    H  units
"""

from functools import partial
from typing import Any

import keras
from keras import ops

from ..engine.time_loop import over_time, with_gradient
from .recurrence import RecurrentLayer, before, kept, product_over_time
from .recurrent_cell import RecurrentCell, normalized


@keras.saving.register_keras_serializable(package="gradschool")
class VanillaRNNCell(RecurrentCell, keras.layers.SimpleRNNCell):
    """Keras's simple cell, whose dropout masks belong to the samples, and whose sums may be normalised.

        h_t = tanh(gain_x * norm(W x_t) + gain_h * norm(U h_{t-1}) + b)

    Args:
        units: H.
        layer_normalization: whether sums are normalised; without, this is Keras's cell. Defaults to False.
        **kwargs: as of `keras.layers.SimpleRNNCell`.

    Reference:
        Ba et al. (2016), section 3.1, normalise the sum of both; here each by itself, as in their gated cells.
    """

    def build(self, input_shape):
        super().build(input_shape)
        if self.layer_normalization:
            self.input_gain = self.add_gain("input_gain", self.units)
            self.recurrent_gain = self.add_gain("recurrent_gain", self.units)

    def normalized_step(self, inputs, h, states):
        sums = self.input_gain * normalized(ops.matmul(inputs, self.kernel))  # (B, H)
        sums = sums + self.recurrent_gain * normalized(ops.matmul(h, self.recurrent_kernel))
        return [self.activation(sums if self.bias is None else sums + self.bias)]


@keras.saving.register_keras_serializable(package="gradschool")
class VanillaRNN(keras.layers.SimpleRNN, RecurrentLayer):
    """Keras's `SimpleRNN` in every respect but the way through time, which takes less of it on a CPU.

        h_t = tanh(W x_t + U h_{t-1} + b)

    `recurrence.py` says what is done in another way, `recurrent_steps.py` has the equation as a plain loop. With
    another activation, `unroll` or normalised sums it is Keras's loop.

    Args:
        units: H.
        layer_normalization: whether sums are normalised; see `VanillaRNNCell`. Defaults to False.
        **kwargs: as of `keras.layers.SimpleRNN`: `return_sequences`, `return_state`, `go_backwards`, `stateful`,
            `dropout`, `recurrent_dropout` (variational, see `recurrent_cell.py`), ...

    Call arguments:
        sequences: float tensor, shape `(B, T, D)`.
        initial_state: the list [h_0], shape `(B, H)`; zeros if it is left out.
        mask: True = keep, shape `(B, T)`. A masked step leaves the state as it is.
        training: whether to drop anything.

    Returns:
        h_T, shape `(B, H)`, or with `return_sequences` every h_t, shape `(B, T, H)`; with `return_state` also h_T.

    Example:
        >>> tuple(VanillaRNN(5, return_sequences=True)(ops.ones((2, 7, 3))).shape)
        (2, 7, 5)

    Reference:
        Elman (1990), "Finding Structure in Time".
    """

    cell_class = VanillaRNNCell

    def __init__(self, units: int, layer_normalization: bool = False, **kwargs: Any):
        super().__init__(units, layer_normalization=layer_normalization, **kwargs)

    def run(self, sums, states, keep, dropped):
        outputs, *states = vanilla_rnn_over_time(sums, self.weight(self.cell.recurrent_kernel), *states, keep, dropped)
        return outputs, states


def vanilla_rnn_over_time(sums, recurrent_kernel, h, keep=None, dropped=None):
    """All time steps of a vanilla RNN, given the sums over its inputs.

    Args:
        sums: W x_t + b, shape `(T, B, H)`.
        recurrent_kernel: U, shape `(H, H)`.
        h: h_0, shape `(B, H)`.
        keep: False where the state stays, shape `(T, B, 1)`; None for nowhere.
        dropped: factors of h_{t-1} before U, shape `(B, H)`; None for 1.

    Returns:
        Every h_t, shape `(T, B, H)`, and h_T.
    """
    units = h.shape[-1]
    masks = [] if keep is None else [keep]

    def drop(h):
        return h if dropped is None else h * dropped

    def step(kernel, states, now):
        (h,), (sums, *keep) = states, now
        (h,) = kept(keep, [ops.tanh(sums + ops.matmul(drop(h), kernel))], [h])
        return [h], [h]

    def step_back(transposed, states, now):
        (d_h,), (d_output, h, *keep) = states, now
        d_h = d_h + d_output
        (d_sums,) = kept(keep, [d_h * (1 - h * h)], [ops.zeros_like(d_h)])
        d_h_before = drop(ops.matmul(d_sums, transposed))
        return kept(keep, [d_h_before], [d_h]), [d_sums]

    def all_steps(sums, recurrent_kernel, first_h):
        (h,), (all_h,) = over_time(partial(step, recurrent_kernel), [first_h], [sums, *masks], [units])

        def back(d_all_h, d_h):
            go_back = partial(step_back, ops.transpose(recurrent_kernel))
            (d_h,), (d_sums,) = over_time(go_back, [d_h], [d_all_h, all_h, *masks], [units], backwards=True)
            return d_sums, product_over_time(drop(before(first_h, all_h)), d_sums), d_h

        return (all_h, h), back

    return with_gradient(all_steps)(sums, recurrent_kernel, h)
