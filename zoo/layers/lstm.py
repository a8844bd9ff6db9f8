"""The long short-term memory (Hochreiter & Schmidhuber 1997), through time with a gradient written by hand.

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
class LSTMCell(RecurrentCell, keras.layers.LSTMCell):
    """Keras's LSTM cell, whose dropout masks belong to the samples, and whose sums may be normalised.

        i, f, g, o = sigmoid, sigmoid, tanh, sigmoid of gain_x * norm(W x_t) + gain_h * norm(U h_{t-1}) + b
        c_t = f * c_{t-1} + i * g
        h_t = o * tanh(gain_c * norm(c_t) + shift_c)

    A norm takes in the sums of all four gates together (Ba et al. 2016, equations 20 to 22).

    Args:
        units: H.
        layer_normalization: whether sums are normalised; without, this is Keras's cell. Defaults to False.
        **kwargs: as of `keras.layers.LSTMCell`.
    """

    def build(self, input_shape):
        super().build(input_shape)
        if self.layer_normalization:
            self.input_gain = self.add_gain("input_gain", 4 * self.units)
            self.recurrent_gain = self.add_gain("recurrent_gain", 4 * self.units)
            self.cell_gain = self.add_gain("cell_gain", self.units)
            self.cell_shift = self.add_gain("cell_shift", self.units, "zeros")

    def normalized_step(self, inputs, h, states):
        _, c = states
        sums = self.input_gain * normalized(ops.matmul(inputs, self.kernel))  # (B, 4H)
        sums = sums + self.recurrent_gain * normalized(ops.matmul(h, self.recurrent_kernel))
        i, f, g, o = ops.split(sums if self.bias is None else sums + self.bias, 4, axis=-1)  # (B, H) each
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(g)
        return [gate(o) * self.activation(self.cell_gain * normalized(c) + self.cell_shift), c]


@keras.saving.register_keras_serializable(package="gradschool")
class LSTM(keras.layers.LSTM, RecurrentLayer):
    """Keras's LSTM in every respect but the way through time, which takes less of it on a CPU.

        i, f, o = sigmoid(W x_t + U h_{t-1} + b)      each with weights of its own
        g       =    tanh(W x_t + U h_{t-1} + b)
        c_t = f * c_{t-1} + i * g
        h_t = o * tanh(c_t)

    `recurrence.py` says what is done in another way, `recurrent_steps.py` has the equations as a plain loop. With other
    activations, `unroll` or normalised sums it is Keras's loop; on an accelerator, without a mask, cuDNN's.

    Args:
        units: H.
        layer_normalization: whether the sums and the cell are normalised; see `LSTMCell`. Defaults to False.
        **kwargs: as of `keras.layers.LSTM`: `return_sequences`, `return_state`, `go_backwards`, `stateful`, `dropout`,
            `recurrent_dropout` (variational, see `recurrent_cell.py`), ...

    Call arguments:
        sequences: float tensor, shape `(B, T, D)`.
        initial_state: the list [h_0, c_0], each of shape `(B, H)`; zeros if it is left out.
        mask: True = keep, shape `(B, T)`. A masked step leaves the states as they are.
        training: whether to drop anything.

    Returns:
        h_T, shape `(B, H)`, or with `return_sequences` every h_t, shape `(B, T, H)`; with `return_state` also
        h_T and c_T.

    Example:
        >>> outputs, h, c = LSTM(5, return_sequences=True, return_state=True)(ops.ones((2, 7, 3)))
        >>> tuple(outputs.shape), tuple(h.shape), tuple(c.shape)
        ((2, 7, 5), (2, 5), (2, 5))

    Reference:
        Hochreiter & Schmidhuber (1997), "Long Short-Term Memory"; Gers, Schmidhuber & Cummins (2000), "Learning to
        Forget".
    """

    cell_class = LSTMCell

    def __init__(self, units: int, layer_normalization: bool = False, **kwargs: Any):
        if layer_normalization:
            kwargs["use_cudnn"] = False  # which knows no normalisation
        super().__init__(units, layer_normalization=layer_normalization, **kwargs)

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if mask is not None and self.use_cudnn is not True:  # it takes no masks but those of padding on the right
            return RecurrentLayer.inner_loop(self, sequences, initial_state, mask, training=training)
        return super().inner_loop(sequences, initial_state, mask, training=training)

    def run(self, sums, states, keep, dropped):
        outputs, *states = lstm_over_time(sums, self.weight(self.cell.recurrent_kernel), *states, keep, dropped)
        return outputs, states


def lstm_over_time(sums, recurrent_kernel, h, c, keep=None, dropped=None):
    """All time steps of an LSTM, given the sums over its inputs.

    Args:
        sums: W x_t + b for i, f, g, o, shape `(T, B, 4H)`.
        recurrent_kernel: U, shape `(H, 4H)`.
        h: h_0, shape `(B, H)`.
        c: c_0, shape `(B, H)`.
        keep: False where the states stay, shape `(T, B, 1)`; None for nowhere.
        dropped: factors of h_{t-1} before U, shape `(B, H)`; None for 1.

    Returns:
        Every h_t, shape `(T, B, H)`, h_T and c_T.
    """
    units = h.shape[-1]
    masks = [] if keep is None else [keep]

    def drop(h):
        return h if dropped is None else h * dropped

    def step(kernel, states, now):
        (h, c), (sums, *keep) = states, now
        i, f, g, o = ops.split(sums + ops.matmul(drop(h), kernel), 4, axis=-1)  # (B, H) each
        i, f, g, o = ops.sigmoid(i), ops.sigmoid(f), ops.tanh(g), ops.sigmoid(o)
        new_c = f * c + i * g
        h, c = kept(keep, (o * ops.tanh(new_c), new_c), (h, c))
        return [h, c], [h, c, i, f, g, o]

    def step_back(transposed, states, now):
        (d_h, d_c), (d_output, i, f, g, o, c, c_before, *keep) = states, now
        d_h, shown = d_h + d_output, ops.tanh(c)
        new_d_c = d_c + d_h * o * (1 - shown * shown)
        d_i, d_f = new_d_c * g * i * (1 - i), new_d_c * c_before * f * (1 - f)
        d_g, d_o = new_d_c * i * (1 - g * g), d_h * shown * o * (1 - o)
        d_sums = ops.concatenate([d_i, d_f, d_g, d_o], axis=-1)  # (B, 4H)
        (d_sums,) = kept(keep, [d_sums], [ops.zeros_like(d_sums)])
        d_h_before = drop(ops.matmul(d_sums, transposed))
        return kept(keep, [d_h_before, new_d_c * f], [d_h, d_c]), [d_sums]

    def all_steps(sums, recurrent_kernel, first_h, first_c):
        (h, c), found = over_time(partial(step, recurrent_kernel), [first_h, first_c], [sums, *masks], [units] * 6)
        all_h, all_c, *gates = found

        def back(d_all_h, d_h, d_c):
            go_back = partial(step_back, ops.transpose(recurrent_kernel))
            sequences = [d_all_h, *gates, all_c, before(first_c, all_c), *masks]
            (d_h, d_c), (d_sums,) = over_time(go_back, [d_h, d_c], sequences, [4 * units], backwards=True)
            return d_sums, product_over_time(drop(before(first_h, all_h)), d_sums), d_h, d_c

        return (all_h, h, c), back

    return with_gradient(all_steps)(sums, recurrent_kernel, h, c)
