"""What a source hands over: plain arrays for each part, and what is known about them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .description import Description

if TYPE_CHECKING:
    from .photograph_stream import PhotographStream


class Samples(NamedTuple):
    """The samples of one source.

    Args:
        parts: "train", "validation" and "test", each a pair (x, y): x is uint8 for images, shape `(N, H, W, C)`, which
            is a quarter of the memory of float32, int32 for tokens, shape `(N, T)`, and float32 otherwise, or a dict of
            such arrays by the model's input; y is int32, shape `(N,)` or, with a target at every step, `(N, T)`, or
            float32, shape `(N, outputs)`, for regression.
        description: of the source; `load_data` counts the samples.
        lengths: of sequences of different lengths, which are padded with zeros at their ends to the longest: int
            arrays by part, shape `(N,)`, or `(N, 2)` for x["source"] and x["target"] of a translation. Batches are then
            made of sequences of about equal length.
        baselines: forecasts of the test part that a regression is compared with, such as {"same hour yesterday": ...},
            in the shape of its y.
    """

    parts: dict[str, tuple[Any, np.ndarray]]
    description: Description
    lengths: Mapping[str, np.ndarray] | None = None
    baselines: Mapping[str, np.ndarray] = MappingProxyType({})


class StreamedSamples(NamedTuple):
    """The samples of a source that is too large for memory.

    Args:
        parts: "train", "validation" and "test", each a stream of batches.
        description: of the source; `load_data` counts the samples.
    """

    parts: dict[str, "PhotographStream"]
    description: Description


def to_float(x: Any) -> Any:
    """What a model is fed: images of bytes as float32 in [0, 1], anything else as it is; also of a dict of arrays."""
    if isinstance(x, dict):
        return {name: to_float(array) for name, array in x.items()}
    return np.divide(x, 255, dtype="float32") if x.dtype == np.uint8 else x


def rows_of(x: Any, chosen: Any) -> Any:
    """Some samples' inputs: the rows of an array, or of each array of a dict.

    Args:
        x: array, shape `(N, ...)`, or a dict of these.
        chosen: a slice, or numbers of rows.

    Example:
        >>> rows_of({"source": np.array([3, 4, 5])}, [2, 0])
        {'source': array([5, 3])}
    """
    return {name: array[chosen] for name, array in x.items()} if isinstance(x, dict) else x[chosen]
