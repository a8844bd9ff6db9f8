"""From texts to the arrays that models take: tokens, padded with zeros at their ends."""

from collections.abc import Iterable, Sequence

import numpy as np

from ..errors import unknown_name
from .tokenizer import LEVELS, Tokenizer


def make_tokenizer(level: str, texts: Iterable[str], most: int | None = None, lower: bool = True) -> Tokenizer:
    """The vocabulary of some texts.

    Args:
        level: "characters", "words" or "byte_pairs".
        texts: of the training part, so that it is as unprepared for the others as for new ones.
        most: words that are kept, or tokens that byte pairs make; 10 000 and 8 000 if None. Characters are all kept.
        lower: whether words lose their capital letters.

    Raises:
        ValueError: if there is no such level, or `most` makes no sense for it.
    """
    if level not in LEVELS:
        raise unknown_name("level", level, LEVELS)
    if level == "characters":
        if most is not None:
            raise ValueError(f"the characters of a text are all kept: leave its vocabulary={most!r} out.")
        return Tokenizer.characters(texts)
    if level == "words":
        return Tokenizer.words(texts, most=10_000 if most is None else most, lower=lower)
    return Tokenizer.byte_pairs(texts, size=8000 if most is None else most)


def padded(sequences: Sequence[Sequence[int]], steps: int | None = None) -> np.ndarray:
    """Sequences as one int32 array, shape `(N, T)`, zeros behind their ends.

    Args:
        sequences: N of them.
        steps: T; the longest by default.

    Example:
        >>> padded([[5, 6], [7]]).tolist()
        [[5, 6], [7, 0]]
    """
    steps = max(map(len, sequences), default=0) if steps is None else steps
    array = np.zeros((len(sequences), steps), "int32")
    for row, sequence in zip(array, sequences, strict=True):
        row[: len(sequence)] = sequence
    return array


def lengths_of(sequences: Sequence[Sequence[int]]) -> np.ndarray:
    """int32, shape `(N,)`."""
    return np.array([len(sequence) for sequence in sequences], "int32")


def check_option(name: str, value: int, least: int = 1) -> int:
    """A whole number that a user may set.

    Raises:
        ValueError: if it is none, or less; names the option.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(
            f"{name} must be a whole number of at least {least} (--data-option {name}=...); got {value!r}."
        )
    return value
