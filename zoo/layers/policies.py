"""Dtype policies: in which precision a model computes, and in which it answers."""

import keras


def get_policy(dtype=None) -> keras.dtype_policies.DTypePolicy:
    """The policy named, configured or given, or Keras's global one for None."""
    return keras.dtype_policies.get(dtype or keras.config.dtype_policy())


def output_dtype(policy: keras.dtype_policies.DTypePolicy) -> str:
    """The dtype of a model's answer: float32, so that a softmax over logits keeps its digits, or float64 if asked for.

    Example:
        >>> output_dtype(get_policy("mixed_float16"))
        'float32'
        >>> output_dtype(get_policy("float64"))
        'float64'
    """
    return "float64" if policy.compute_dtype == "float64" else "float32"
