"""The softmax of attention: weights of what may be attended to, none of what is masked."""

import keras
from keras import ops


def masked_softmax(scores, mask=None):
    """The weights of a row of scores, over what the mask lets through.

        w_j = m_j exp(e_j) / sum_k m_k exp(e_k)

    They are computed in float32 at least: sums of many small numbers lose digits in half precision. A row that is
    masked everywhere has weights of zero.

    Args:
        scores: e, float tensor, shape `(..., S)`.
        mask: m, bool tensor that broadcasts to it, True = attend; None attends to all.

    Returns:
        Tensor of the same shape and dtype; rows add up to 1.

    Example:
        >>> mask = ops.convert_to_tensor([[True, True, False], [False, False, False]])
        >>> ops.convert_to_numpy(masked_softmax(ops.zeros((2, 3)), mask)).tolist()
        [[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]
    """
    dtype = keras.backend.standardize_dtype(scores.dtype)
    exact = ops.cast(scores, keras.backend.result_type(dtype, "float32"))
    if mask is not None:
        mask = ops.cast(mask, "bool")
        exact = ops.where(mask, exact, -1e30)  # minus infinity would make NaN of a row that is masked everywhere
    powers = ops.exp(exact - ops.stop_gradient(ops.max(exact, axis=-1, keepdims=True)))
    if mask is not None:
        powers = ops.where(mask, powers, 0)
    total = ops.sum(powers, axis=-1, keepdims=True)
    return ops.cast(powers / ops.where(total > 0, total, 1), dtype)
