"""Texts, or lists of tokens, through an encoder-decoder: many together, by beam search."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..data.tokenizer import Tokenizer
from .beam_search import Hypothesis, beam_search

AT_ONCE = 32  # sources
_ROUNDED = 8  # steps of a source: fewer different lengths to compile for


@dataclass(frozen=True)
class Translation:
    """What became of one source.

    Args:
        source: as it was given: a text or tokens.
        source_tokens: its tokens.
        tokens: of the target, without `BEGIN` and `END`.
        text: of the target; None if there is no tokenizer for it.
        log_probability: of the target, in nats.
        score: the same, divided by the length penalty; see `beam_search.py`.
        ended: whether the model wrote the end; otherwise it was cut off.
        unknown: pieces of the source that the model has never seen.
        others: the other targets that the search found, best first.
    """

    source: Any
    source_tokens: list[int]
    tokens: list[int]
    text: str | None
    log_probability: float
    score: float
    ended: bool
    unknown: list[str] = field(default_factory=list)
    others: tuple[Hypothesis, ...] = ()


def translate(
    model: Any,
    sources: Sequence[Any],
    beam: int = 4,
    length_penalty: float = 0.6,
    most: int | None = None,
    input_tokenizer: Tokenizer | None = None,
    target_tokenizer: Tokenizer | None = None,
) -> list[Translation]:
    """The likeliest targets of sources, in their order.

    Args:
        model: as `beam_search` takes it.
        sources: texts, for which the tokenizers are needed, or lists of tokens from 1 up.
        beam: how many beginnings are followed at once; 1 is a greedy search.
        length_penalty: alpha; see `beam_search.py`.
        most: tokens of a target at most. Defaults to twice those of its source and 10 more.
        input_tokenizer: that makes tokens of texts.
        target_tokenizer: that makes texts of targets.

    Raises:
        ValueError: if a source is empty, has tokens that the model does not know, or is a text and a tokenizer is
            missing.
    """
    if isinstance(sources, str):
        raise ValueError(f"sources must be a list of texts, or of lists of tokens; got the text {sources!r}.")
    ids = [_tokens(source, input_tokenizer, target_tokenizer, model.source_tokens) for source in sources]
    found: list[list[Hypothesis]] = [[] for _ in ids]
    order = sorted(range(len(ids)), key=lambda number: len(ids[number]))  # of about equal length together
    for rows, source in _batches(order, ids):
        limits = np.array([most if most is not None else 2 * len(ids[row]) + 10 for row in rows])
        for row, one in zip(rows, beam_search(model, source, beam, limits, length_penalty), strict=True):
            found[row] = one
    pairs = zip(sources, ids, found, strict=True)
    return [_translation(*one, input_tokenizer, target_tokenizer) for one in pairs]


def _tokens(
    source: Any, input_tokenizer: Tokenizer | None, target_tokenizer: Tokenizer | None, known: int
) -> list[int]:
    if isinstance(source, str):
        if input_tokenizer is None or target_tokenizer is None:
            raise ValueError("to translate texts, input_tokenizer and target_tokenizer are needed.")
        tokens = input_tokenizer.encode(source)
    else:
        tokens = [int(token) for token in source]
    if not tokens:
        raise ValueError(f"there is nothing to translate in {source!r}.")
    if not 0 < min(tokens) <= max(tokens) < known:
        raise ValueError(
            f"tokens of a source must be from 1 to {known - 1}, those that the model knows; got {source!r}."
        )
    return tokens


def _batches(order: Sequence[int], ids: Sequence[Sequence[int]]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
    """Sources as padded arrays, some at a time, each with the numbers of its rows."""
    for first in range(0, len(order), AT_ONCE):
        rows = order[first : first + AT_ONCE]
        steps = max(len(ids[row]) for row in rows)
        source = np.zeros((len(rows), -(-steps // _ROUNDED) * _ROUNDED), "int32")  # (B, S)
        for place, row in enumerate(rows):
            source[place, : len(ids[row])] = ids[row]
        yield rows, source


def _translation(source, ids, found, input_tokenizer, target_tokenizer) -> Translation:
    best, *others = found
    text = None if target_tokenizer is None else target_tokenizer.decode(best.tokens)
    unknown = input_tokenizer.unknown(source) if isinstance(source, str) else []
    numbers = best.log_probability, best.score, best.ended
    return Translation(source, ids, list(best.tokens), text, *numbers, unknown, tuple(others))
