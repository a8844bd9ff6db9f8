"""What a parity case is: a model and its data, trained for 20 steps of uneven batches."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

SAMPLES, BATCH, EPOCHS = 139, 32, 4  # four whole batches and one of 11, which no number of replicas divides
# Precisions: float32, with its sums in another order, which the number decides.
REORDERED = {f"float32 reordered {stride}": stride for stride in (2, 3, 5)}


@dataclass(frozen=True)
class ParityCase:
    """One training.

    Args:
        name: of what it tries.
        build: gives the compiled model.
        data: gives those arguments of `fit` that hold samples, and the `batch_size` if they are arrays.
        fit: further arguments of `fit`, in place of or besides `EPOCHS` epochs in the order of the samples.
        precisions: floating-point types it is run in: "float64", "float32", "mixed_float16".
    """

    name: str
    build: Callable[[], keras.Model]
    data: Callable[[], dict[str, Any]]
    fit: Mapping[str, Any] = field(default_factory=dict)
    precisions: tuple[str, ...] = ("float64", "float32")
