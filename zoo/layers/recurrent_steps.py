"""One time step of each recurrent cell, as its equations have it, and a loop that takes one step after the other.

These are for reading, and what the layers in `vanilla_rnn.py`, `lstm.py` and `gru.py` are tested against.

Shapes:
    B  batch size
    T  time steps
    D  input size
    H  units

Weights are Keras's: kernel W `(D, gates * H)`, recurrent kernel U `(H, gates * H)`, bias b; the gates lie beside each
other in the order that each step names.
"""

from collections.abc import Callable
from typing import Any

from keras import ops


def vanilla_rnn_step(x, states, kernel, recurrent_kernel, bias):
    """The simplest cell: the new state is a function of the input and the state before.

        h_t = tanh(W x_t + U h_{t-1} + b)

    Args:
        x: float tensor, shape `(B, D)`.
        states: the list [h], shape `(B, H)`.
        kernel: W, shape `(D, H)`.
        recurrent_kernel: U, shape `(H, H)`.
        bias: b, shape `(H,)`.

    Returns:
        The output h_t, and the new states [h_t].

    Reference:
        Elman (1990), "Finding Structure in Time".
    """
    (h,) = states
    h = ops.tanh(x @ kernel + h @ recurrent_kernel + bias)  # (B, H)
    return h, [h]


def lstm_step(x, states, kernel, recurrent_kernel, bias):
    """The long short-term memory: gates decide what enters the cell, what stays in it, and what is shown of it.

        i = sigmoid(W_i x_t + U_i h_{t-1} + b_i)        input gate
        f = sigmoid(W_f x_t + U_f h_{t-1} + b_f)        forget gate
        g =    tanh(W_g x_t + U_g h_{t-1} + b_g)        what might enter
        o = sigmoid(W_o x_t + U_o h_{t-1} + b_o)        output gate
        c_t = f * c_{t-1} + i * g
        h_t = o * tanh(c_t)

    Args:
        x: float tensor, shape `(B, D)`.
        states: the list [h, c], each of shape `(B, H)`.
        kernel: W for i, f, g, o, shape `(D, 4H)`.
        recurrent_kernel: U for i, f, g, o, shape `(H, 4H)`.
        bias: b for i, f, g, o, shape `(4H,)`.

    Returns:
        The output h_t, and the new states [h_t, c_t].

    Reference:
        Hochreiter & Schmidhuber (1997), "Long Short-Term Memory"; the forget gate is from Gers, Schmidhuber & Cummins
        (2000), "Learning to Forget".
    """
    h, c = states
    i, f, g, o = ops.split(x @ kernel + h @ recurrent_kernel + bias, 4, axis=-1)  # (B, H) each
    i, f, g, o = ops.sigmoid(i), ops.sigmoid(f), ops.tanh(g), ops.sigmoid(o)
    c = f * c + i * g
    h = o * ops.tanh(c)
    return h, [h, c]


def gru_step(x, states, kernel, recurrent_kernel, bias, reset_after: bool = True):
    """The gated recurrent unit: one gate decides how much of the old state stays, one how much of it the new one sees.

        z = sigmoid(W_z x_t + U_z h_{t-1} + b_z)                       update gate
        r = sigmoid(W_r x_t + U_r h_{t-1} + b_r)                       reset gate
        n = tanh(W_n x_t + b_n + r * (U_n h_{t-1} + b_n'))             reset after the product: PyTorch, Keras, cuDNN
        n = tanh(W_n x_t + b_n + U_n (r * h_{t-1}))                    reset before it: Cho et al. 2014
        h_t = z * h_{t-1} + (1 - z) * n

    Args:
        x: float tensor, shape `(B, D)`.
        states: the list [h], shape `(B, H)`.
        kernel: W for z, r, n, shape `(D, 3H)`.
        recurrent_kernel: U for z, r, n, shape `(H, 3H)`.
        bias: for z, r, n: shape `(2, 3H)` with one for W and one for U, as b_n and b_n' differ; `(3H,)` where the reset
            comes before.
        reset_after: which of the two forms.

    Returns:
        The output h_t, and the new states [h_t].

    Reference:
        Cho et al. (2014), "Learning Phrase Representations using RNN Encoder-Decoder", section 2.3. Chung et al.
        (2014), "Empirical Evaluation of Gated Recurrent Neural Networks on Sequence Modeling", exchange z and 1 - z.
    """
    (h,) = states
    bias, recurrent_bias = (bias[0], bias[1]) if reset_after else (bias, 0.0)
    x_z, x_r, x_n = ops.split(x @ kernel + bias, 3, axis=-1)  # (B, H) each
    h_z, h_r, h_n = ops.split(h @ recurrent_kernel + recurrent_bias, 3, axis=-1)
    z, r = ops.sigmoid(x_z + h_z), ops.sigmoid(x_r + h_r)
    n = ops.tanh(x_n + (r * h_n if reset_after else (r * h) @ recurrent_kernel[:, -h.shape[-1] :]))
    h = z * h + (1 - z) * n
    return h, [h]


def unroll(step: Callable[..., Any], inputs, states, *weights: Any, mask=None):
    """Takes one step after the other in a plain loop; what is masked leaves the state as it is.

        output_t, states_t = step(x_t, states_{t-1})   where the mask is True, else output_{t-1}, states_{t-1}

    Args:
        step: one of this file's.
        inputs: float tensor, shape `(B, T, D)`.
        states: those before the first step, each of shape `(B, H)`.
        *weights: as `step` takes them.
        mask: True = keep, shape `(B, T)`; None keeps all.

    Returns:
        The outputs, shape `(B, T, H)`, and the last states. Before a sample's first step its output is 0.

    Example:
        >>> kernel, recurrent_kernel, bias = ops.ones((1, 1)), ops.zeros((1, 1)), ops.zeros(1)
        >>> inputs, mask = ops.ones((1, 3, 1)), ops.convert_to_tensor([[False, True, False]])
        >>> weights = kernel, recurrent_kernel, bias
        >>> outputs, _ = unroll(vanilla_rnn_step, inputs, [ops.zeros((1, 1))], *weights, mask=mask)
        >>> ops.convert_to_numpy(outputs).astype("float64").ravel().round(3).tolist()
        [0.0, 0.762, 0.762]
    """
    output = ops.zeros_like(states[0])
    outputs = []
    for t in range(inputs.shape[1]):
        new_output, new_states = step(inputs[:, t], states, *weights)
        if mask is None:
            output, states = new_output, new_states
        else:
            keep = mask[:, t, None]  # (B, 1)
            output = ops.where(keep, new_output, output)
            states = [ops.where(keep, new, old) for new, old in zip(new_states, states, strict=True)]
        outputs.append(output)
    return ops.stack(outputs, axis=1), states  # (B, T, H)
