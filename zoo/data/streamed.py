"""What `load_data` gives for data that are too large for memory: the same parts, as streams."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import unknown_name
from .description import Description
from .loading import LoadedData
from .samples import StreamedSamples


class StreamedData(LoadedData):
    """The train, validation and test part of data that are read from disk while a model trains.

    Args:
        samples: what the source gave.
        batch_size: samples in a batch.
        seed: of the training batches' order and augmentation.
        augment: from `check_augment`.
        parallel: nothing here: several threads decode in any case, and give the same.

    Attributes:
        description: what is known about the data, its samples counted.
    """

    streamed = True

    def __init__(
        self, samples: StreamedSamples, batch_size: int, seed: int, augment: Mapping[str, Any], parallel: bool = True
    ):
        self._streams = samples.parts
        counts = {part: len(stream) for part, stream in samples.parts.items()}
        self.description: Description = replace(samples.description, samples=counts)
        self.batch_size = batch_size
        self.seed = seed
        self.augment = augment
        self.parallel = parallel

    def arrays(self, part: str) -> tuple[np.ndarray, np.ndarray]:
        """Refused: they would not fit into memory.

        Raises:
            ValueError: always; says what there is in its place.
        """
        self._stream(part)
        raise ValueError(
            f"{self.description.name} is too large to be had as arrays: iterate over the batches of .{part}, or take "
            f"some({part!r}, 100)."
        )

    def numbered(self, part: str) -> tuple[Any, np.ndarray]:
        stream = self._stream(part)
        return stream, stream.labels()

    def some(self, part: str, count: int) -> tuple[np.ndarray, np.ndarray]:
        return self._stream(part).some(count)

    @cached_property
    def train(self):
        return self._stream("train").training(self.batch_size, self.seed, self.augment, self.description.classes)

    def evaluation(self, part: str):
        stream = self._stream(part)
        return stream.evaluation(self.batch_size) if len(stream) else None

    def _stream(self, part: str):
        if part not in self._streams:
            raise unknown_name("part", part, self._streams)
        return self._streams[part]
