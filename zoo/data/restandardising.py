"""Values standardised as those of other data were, by which a model has learned: its answers are in that scale.

z = (v - mean) / std,    v = z std + mean,    z' = (v - mean') / std'
"""

from collections.abc import Sequence

import numpy as np

from .description import Output, Scale


def restandardised(values: np.ndarray, was: Sequence[Output | Scale], wanted: Sequence[Output | Scale]) -> np.ndarray:
    """The same values in another standardisation.

    Args:
        values: z, shape `(..., K)`.
        was: how each of the K columns is standardised.
        wanted: how it shall be.

    Returns:
        z', float32, shape `(..., K)`.

    Example:
        >>> restandardised(np.array([[1.0]]), [Scale(2.0, 3.0, "degrees")], [Scale(1.0, 8.0, "degrees")])
        array([[0.5]], dtype=float32)
    """
    mean, std, other_mean, other_std = (
        np.array([getattr(one, name) for one in scales]) for scales in (was, wanted) for name in ("mean", "std")
    )
    return ((values * std + mean - other_mean) / other_std).astype("float32")
