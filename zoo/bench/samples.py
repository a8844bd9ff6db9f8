"""Random samples for a case: every contender draws the same."""

import numpy as np

from .cases import BenchCase


def make_samples(case: BenchCase, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The inputs and targets of one epoch.

    Returns:
        Float32 inputs in [0, 1), shape `(samples, *input_shape)`, and classes, shape `(samples,)`; for tokens, two
        arrays of whole numbers, both of shape `(samples, *input_shape)`.

    Example:
        >>> from gradschool.zoo.bench.cases import find_case
        >>> [array.shape for array in make_samples(find_case("resnet20"))]
        [(1536, 32, 32, 3), (1536,)]
    """
    rng = np.random.default_rng(seed)
    shape = (case.samples, *case.input_shape)
    if case.tokens:
        text = rng.integers(1, case.classes, (2, *shape), dtype="int32")  # 0 is padding
        return text[0], text[1]
    return rng.random(shape, "float32"), rng.integers(0, case.classes, case.samples, dtype="int32")
