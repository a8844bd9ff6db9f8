"""What tasks that are made up by a formula have in common: their sizes, and a draw of its own for every part.

The draws follow from `data_seed`, apart from the seed of the training: runs with different seeds see the same data. A
part does not change when another one gets more samples, but for pairs, which are cut from one draw without repetitions.
"""

from collections.abc import Iterator

import numpy as np

from ..checks import whole_number
from .token_arrays import lengths_of, padded

PARTS = ("train", "validation", "test")
SAMPLES = 10_000  # of the training part
SIZES = {"train": SAMPLES, "validation": SAMPLES // 10, "test": SAMPLES // 10}
LICENCE = "Apache-2.0 (made by this package)"


def sizes_of(samples: int) -> dict[str, int]:
    """Samples of each part: as many to train as asked for, a tenth as many to validate, and to test.

    Example:
        >>> sizes_of(500)
        {'train': 500, 'validation': 50, 'test': 50}
    """
    tenth = whole_number("samples", samples, least=10) // 10
    return {"train": samples, "validation": tenth, "test": tenth}


def draws(samples: int, data_seed: int) -> Iterator[tuple[str, int, np.random.Generator]]:
    """Each part's name, its number of samples, and its generator of random numbers.

    Args:
        samples: of the training part, at least 10.
        data_seed: a whole number, at least 0.
    """
    seeds = np.random.SeedSequence(whole_number("data_seed", data_seed, least=0)).spawn(len(PARTS))
    for (part, count), seed in zip(sizes_of(samples).items(), seeds, strict=True):
        yield part, count, np.random.default_rng(seed)


def translated(
    sources: list[list[int]], targets: list[list[int]], sizes: dict[str, int]
) -> tuple[dict[str, tuple[dict[str, np.ndarray], np.ndarray]], dict[str, np.ndarray]]:
    """Pairs of sequences as the parts and lengths of `Samples`: the first ones train, the next validate, the last test.

    Args:
        sources: tokens, without `BEGIN` and `END`.
        targets: tokens, with `BEGIN` before and `END` behind them.
        sizes: number of samples of each part.

    Returns:
        The parts, each x {"source": (N, S), "target": (N, T)} and y (N, T), where the target is shown up to the token
        that is to be said; and the lengths, (N, 2), of both.

    Example:
        >>> parts, lengths = translated([[4, 5]], [[2, 9, 8, 3]], {"train": 1})
        >>> parts["train"][0]["target"].tolist(), parts["train"][1].tolist(), lengths["train"].tolist()
        ([[2, 9, 8]], [[9, 8, 3]], [[2, 3]])
    """
    whole = padded(sources), padded([one[:-1] for one in targets]), padded([one[1:] for one in targets])
    counts = np.stack([lengths_of(sources), lengths_of(targets) - 1], axis=1)  # (N, 2)
    parts, lengths, first = {}, {}, 0
    for part, size in sizes.items():
        source, shown, said = (array[first : first + size] for array in whole)
        parts[part], lengths[part] = ({"source": source, "target": shown}, said), counts[first : first + size]
        first += size
    return parts, lengths
