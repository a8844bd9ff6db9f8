"""Dtype policies: in which precision a model computes, and in which it answers."""

from typing import Any

import keras

FLOATS = ("float16", "bfloat16", "float32", "float64")


def get_policy(dtype: Any = None) -> keras.dtype_policies.DTypePolicy:
    """The policy named, configured or given, or Keras's global one for None.

    Args:
        dtype: a float dtype, "mixed_float16", "mixed_bfloat16", a policy, a map of policies (whose default counts for
            whatever it does not name), or the serialised form of one of these.

    Raises:
        ValueError: if there is no such policy, or it does not compute with real numbers.

    Example:
        >>> get_policy("mixed_bfloat16").compute_dtype
        'bfloat16'
    """
    try:
        policy = keras.dtype_policies.get(dtype)
    except ValueError:
        policy = None
    if policy is None or policy.compute_dtype not in FLOATS:
        raise ValueError(
            f"dtype must be one of {', '.join(FLOATS)}, mixed_float16, mixed_bfloat16, or a policy made of these; "
            f"got {dtype!r}."
        )
    return policy


def output_dtype(policy: keras.dtype_policies.DTypePolicy) -> str:
    """The dtype of a model's answer: float32, so that a softmax over logits keeps its digits, or float64 if asked for.

    Example:
        >>> output_dtype(get_policy("mixed_float16"))
        'float32'
        >>> output_dtype(get_policy("float64"))
        'float64'
    """
    return "float64" if policy.compute_dtype == "float64" else "float32"
