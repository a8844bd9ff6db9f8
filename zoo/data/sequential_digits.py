"""The embedded digits as sequences: an image read row by row, or pixel by pixel, and its class said at the end.

Pixel by pixel, what decides may lie hundreds of steps back; in an order that was drawn once for all images, neighbours
lie far apart as well. Values are standardised, by the mean and the standard deviation of the training part's pixels, so
that paper is no zero, which would be taken for padding.

Reference:
    Q. V. Le, N. Jaitly and G. E. Hinton (2015), A Simple Way to Initialize Recurrent Networks of Rectified Linear
    Units, section 4.2, with MNIST: pixel by pixel, and in a permuted order.

Shapes:
    N  number of digits, 1 797
    T  28 rows of D = 28 values, or 784 pixels of D = 1
"""

from dataclasses import replace

import numpy as np

from . import digits
from .digits import FRAME
from .samples import Samples

BY = {"rows": (FRAME, FRAME), "pixels": (FRAME * FRAME, 1)}  # (T, D)

DESCRIPTION = replace(
    digits.DESCRIPTION,
    name="sequential_digits",
    summary="Real handwritten digits as sequences, by rows or by pixels; needs no network.",
    input_shape=BY["rows"],
)


def load(
    *,
    seed: int,
    validation_share: float,
    fold: tuple[int, int] | None = None,
    by: str = "rows",
    permuted: bool = False,
    permutation_seed: int = 0,
) -> Samples:
    """The digits, split as `digits` are.

    Args:
        seed: of the split.
        validation_share: share of the digits not in the test part, in [0, 1).
        fold: `(k, K)`, fold k of a K-fold cross-validation is the test part.
        by: "rows" or "pixels".
        permuted: whether the steps come in an order that was drawn, the same one for all images.
        permutation_seed: of that order. Apart from `seed`, so that runs with different seeds see the same order.

    Raises:
        ValueError: if an option makes no sense.
    """
    if by not in BY:
        raise ValueError(f"by must be 'rows' or 'pixels' (--data-option by=pixels); got {by!r}.")
    if not isinstance(permuted, bool):
        raise ValueError(f"permuted is True or False (--data-option permuted=true); got {permuted!r}.")
    if isinstance(permutation_seed, bool) or not isinstance(permutation_seed, int) or permutation_seed < 0:
        raise ValueError(f"permutation_seed must be a whole number, at least 0; got {permutation_seed!r}.")
    parts = digits.load(seed=seed, validation_share=validation_share, fold=fold).parts
    steps, size = BY[by]
    order = np.random.default_rng(permutation_seed).permutation(steps) if permuted else np.arange(steps)
    mean, std = parts["train"][0].mean(), parts["train"][0].std()

    def read(images: np.ndarray) -> np.ndarray:
        return ((images.reshape(-1, steps, size)[:, order] - mean) / std).astype("float32")  # (N, T, D)

    sequences = {part: (read(images), labels) for part, (images, labels) in parts.items()}
    return Samples(sequences, replace(DESCRIPTION, input_shape=(steps, size)))
