"""The gated recurrent unit (Cho et al. 2014), through time with a gradient written by hand.

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
class GRUCell(RecurrentCell, keras.layers.GRUCell):
    """Keras's GRU cell, whose dropout masks belong to the samples, and whose sums may be normalised.

        z, r = sigmoid of gain_x * norm(W x_t) + gain_h * norm(U h_{t-1}) + b
        n = tanh(gain_x * norm(W_n x_t) + b_n + r * (gain_h * norm(U_n h_{t-1}) + b_n'))
        h_t = z * h_{t-1} + (1 - z) * n

    The sums of z and r are normalised together, those of n by themselves (Ba et al. 2016, equations 23 to 28).

    Args:
        units: H.
        layer_normalization: whether sums are normalised; without, this is Keras's cell. Defaults to False.
        **kwargs: as of `keras.layers.GRUCell`.

    Raises:
        ValueError: for normalised sums and `reset_after=False`.
    """

    def __init__(self, units: int, layer_normalization: bool = False, **kwargs: Any):
        super().__init__(units, layer_normalization, **kwargs)
        if layer_normalization and not self.reset_after:
            raise ValueError("layer_normalization=True needs reset_after=True; got reset_after=False.")

    def build(self, input_shape):
        super().build(input_shape)
        if self.layer_normalization:
            self.input_gain = self.add_gain("input_gain", 3 * self.units)
            self.recurrent_gain = self.add_gain("recurrent_gain", 3 * self.units)

    def normalized_step(self, inputs, h, states):
        bias, recurrent_bias = (0.0, 0.0) if self.bias is None else (self.bias[0], self.bias[1])
        x = self.input_gain * self._normalized(ops.matmul(inputs, self.kernel)) + bias  # (B, 3H)
        a = self.recurrent_gain * self._normalized(ops.matmul(h, self.recurrent_kernel)) + recurrent_bias
        (x_z, x_r, x_n), (a_z, a_r, a_n) = ops.split(x, 3, axis=-1), ops.split(a, 3, axis=-1)  # (B, H) each
        z, r = self.recurrent_activation(x_z + a_z), self.recurrent_activation(x_r + a_r)
        return [z * states[0] + (1 - z) * self.activation(x_n + r * a_n)]

    def _normalized(self, sums):
        gates, new = sums[:, : 2 * self.units], sums[:, 2 * self.units :]
        return ops.concatenate([normalized(gates), normalized(new)], axis=-1)


@keras.saving.register_keras_serializable(package="gradschool")
class GRU(keras.layers.GRU, RecurrentLayer):
    """Keras's GRU in every respect but the way through time, which takes less of it on a CPU.

        z = sigmoid(W_z x_t + U_z h_{t-1} + b_z)
        r = sigmoid(W_r x_t + U_r h_{t-1} + b_r)
        n = tanh(W_n x_t + b_n + r * (U_n h_{t-1} + b_n'))
        h_t = z * h_{t-1} + (1 - z) * n

    `recurrence.py` says what is done in another way, `recurrent_steps.py` has the equations as a plain loop. With other
    activations, `reset_after=False`, `unroll` or normalised sums it is Keras's loop; on an accelerator, without a mask,
    cuDNN's.

    Args:
        units: H.
        layer_normalization: whether sums are normalised; see `GRUCell`. Defaults to False.
        **kwargs: as of `keras.layers.GRU`: `return_sequences`, `return_state`, `go_backwards`, `stateful`, `dropout`,
            `recurrent_dropout` (variational, see `recurrent_cell.py`), `reset_after`, ...

    Call arguments:
        sequences: float tensor, shape `(B, T, D)`.
        initial_state: the list [h_0], shape `(B, H)`; zeros if it is left out.
        mask: True = keep, shape `(B, T)`. A masked step leaves the state as it is.
        training: whether to drop anything.

    Returns:
        h_T, shape `(B, H)`, or with `return_sequences` every h_t, shape `(B, T, H)`; with `return_state` also h_T.

    Example:
        >>> tuple(GRU(5, return_sequences=True)(ops.ones((2, 7, 3))).shape)
        (2, 7, 5)

    Reference:
        Cho et al. (2014), "Learning Phrase Representations using RNN Encoder-Decoder", where the reset comes before the
        product with U_n: `reset_after=False`.
    """

    cell_class = GRUCell

    def __init__(self, units: int, layer_normalization: bool = False, **kwargs: Any):
        if layer_normalization:
            kwargs["use_cudnn"] = False  # which knows no normalisation
        super().__init__(units, layer_normalization=layer_normalization, **kwargs)

    def is_plain(self) -> bool:
        return super().is_plain() and self.cell.reset_after

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if mask is not None and self.use_cudnn is not True:  # it takes no masks but those of padding on the right
            return RecurrentLayer.inner_loop(self, sequences, initial_state, mask, training=training)
        return super().inner_loop(sequences, initial_state, mask, training=training)

    def input_bias(self):
        return None if self.cell.bias is None else self.cell.bias[0]

    def run(self, sums, states, keep, dropped):
        kernel = self.weight(self.cell.recurrent_kernel)
        bias = ops.zeros_like(kernel[0]) if self.cell.bias is None else self.weight(self.cell.bias[1])
        outputs, *states = gru_over_time(sums, kernel, bias, *states, keep, dropped)
        return outputs, states


def gru_over_time(sums, recurrent_kernel, recurrent_bias, h, keep=None, dropped=None):
    """All time steps of a GRU, given the sums over its inputs.

    Args:
        sums: W x_t + b for z, r, n, shape `(T, B, 3H)`.
        recurrent_kernel: U, shape `(H, 3H)`.
        recurrent_bias: b' of U, shape `(3H,)`.
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

    def step(kernel, bias, states, now):
        (h,), (sums, *keep) = states, now
        x_z, x_r, x_n = ops.split(sums, 3, axis=-1)  # (B, H) each
        a_z, a_r, a_n = ops.split(ops.matmul(drop(h), kernel) + bias, 3, axis=-1)
        z, r = ops.sigmoid(x_z + a_z), ops.sigmoid(x_r + a_r)
        n = ops.tanh(x_n + r * a_n)
        (h,) = kept(keep, [z * h + (1 - z) * n], [h])
        return [h], [h, z, r, n, a_n]

    def step_back(transposed, states, now):
        (d_h,), (d_output, z, r, n, a_n, h_before, *keep) = states, now
        d_h = d_h + d_output
        d_n = d_h * (1 - z) * (1 - n * n)
        d_z, d_r = d_h * (h_before - n) * z * (1 - z), d_n * a_n * r * (1 - r)
        d_sums = ops.concatenate([d_z, d_r, d_n], axis=-1)  # (B, 3H)
        d_products = ops.concatenate([d_z, d_r, d_n * r], axis=-1)  # of U h_{t-1} + b'
        d_sums, d_products = kept(keep, [d_sums, d_products], [ops.zeros_like(d_sums)] * 2)
        d_h_before = d_h * z + drop(ops.matmul(d_products, transposed))
        return kept(keep, [d_h_before], [d_h]), [d_sums, d_products]

    def all_steps(sums, recurrent_kernel, recurrent_bias, first_h):
        go = partial(step, recurrent_kernel, recurrent_bias)
        (h,), found = over_time(go, [first_h], [sums, *masks], [units] * 5)
        all_h, *gates = found

        def back(d_all_h, d_h):
            go_back = partial(step_back, ops.transpose(recurrent_kernel))
            h_before = before(first_h, all_h)
            sequences, widths = [d_all_h, *gates, h_before, *masks], (3 * units, 3 * units)
            (d_h,), (d_sums, d_products) = over_time(go_back, [d_h], sequences, widths, backwards=True)
            d_kernel = product_over_time(drop(h_before), d_products)
            return d_sums, d_kernel, ops.sum(d_products, axis=(0, 1)), d_h

        return (all_h, h), back

    return with_gradient(all_steps)(sums, recurrent_kernel, recurrent_bias, h)
