"""What a source hands over: plain arrays for each part, and what is known about them."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .description import Description

if TYPE_CHECKING:
    from .photograph_stream import PhotographStream


class Samples(NamedTuple):
    """The samples of one source.

    Args:
        parts: "train", "validation" and "test", each a pair (x, y): x is uint8 for images, shape `(N, H, W, C)`, which
            is a quarter of the memory of float32, and float32 otherwise; y is int32, shape `(N,)`, or float32,
            shape `(N, 1)`, for regression.
        description: of the source; `load_data` counts the samples.
    """

    parts: dict[str, tuple[np.ndarray, np.ndarray]]
    description: Description


class StreamedSamples(NamedTuple):
    """The samples of a source that is too large for memory.

    Args:
        parts: "train", "validation" and "test", each a stream of batches.
        description: of the source; `load_data` counts the samples.
    """

    parts: dict[str, "PhotographStream"]
    description: Description


def to_float(x: np.ndarray) -> np.ndarray:
    """What a model is fed: images of bytes as float32 in [0, 1], anything else as it is."""
    return np.divide(x, 255, dtype="float32") if x.dtype == np.uint8 else x
