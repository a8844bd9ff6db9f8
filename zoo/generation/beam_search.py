"""The likeliest target that a search finds, one token after the other.

An encoder-decoder gives p(y_i | y_1 .. y_{i-1}, x). The target with the largest product of these cannot be found by
looking at all there are. A greedy search takes the likeliest token at every step; a beam search follows the K likeliest
beginnings, and a beginning that ends leaves the others one place fewer. Of those that ended, the best has the largest

    score(y) = log P(y | x) / lp(y),     lp(y) = ((5 + |y|) / (5 + 1))^alpha

with the number of tokens |y|, the end among them. With alpha = 0 that is the probability, which favours short targets.

Shapes:
    B  number of sources
    K  width of the beam
    S  steps of the source
    V  number of target tokens

Reference:
    Wu et al. (2016), "Google's Neural Machine Translation System", section 7 and equation 14, here without the coverage
    penalty; Sutskever, Vinyals & Le (2014), section 3.2, for the beam that narrows.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops, tree

from ..checks import check_number, whole_number
from ..data.tokenizer import BEGIN, END, PAD, UNKNOWN
from .compiled import compiled

_NEVER_WRITTEN = (PAD, UNKNOWN, BEGIN)


@dataclass(frozen=True)
class Hypothesis:
    """A target that a search found.

    Args:
        tokens: without `BEGIN` and `END`.
        log_probability: log P(y | x), in nats; that of the end included if it ended.
        score: the same, divided by the length penalty.
        ended: whether the model wrote the end; otherwise it was cut off.
    """

    tokens: tuple[int, ...]
    log_probability: float
    score: float
    ended: bool


def length_penalty_of(tokens: int, alpha: float) -> float:
    """Lp of a target of so many tokens, its end among them.

    Example:
        >>> length_penalty_of(1, 0.6), length_penalty_of(7, 1.0)
        (1.0, 2.0)
    """
    return ((5 + tokens) / 6) ** alpha


def greedy_search(model: Any, source: np.ndarray, most: Any, length_penalty: float = 0.6) -> list[Hypothesis]:
    """The likeliest token at every step, until it is the end. Arguments as of `beam_search`.

    Returns:
        For each source one hypothesis.
    """
    limits = _limits(most, len(source))
    memory, states = compiled(model.encode)(ops.convert_to_tensor(source))
    step = compiled(model.step)
    tokens = np.full(len(source), BEGIN, "int32")
    written: list[list[int]] = [[] for _ in source]
    totals, ended = np.zeros(len(source)), np.zeros(len(source), bool)
    for length in range(max(limits)):
        logits, states = step(ops.convert_to_tensor(tokens), states, memory)
        (values,), (tokens,) = (one.T for one in _likeliest(logits, 1))  # (B,)
        for row in np.flatnonzero(~ended & (length < limits)):
            totals[row] += values[row]
            ended[row] = tokens[row] == END
            if not ended[row]:
                written[row].append(int(tokens[row]))
        if np.all(ended | (length + 1 >= limits)):
            break
    return [
        _hypothesis(tuple(one), total, length_penalty, done)
        for one, total, done in zip(written, totals, ended, strict=True)
    ]


def beam_search(
    model: Any, source: np.ndarray, beam: int = 4, most: Any = 100, length_penalty: float = 0.6
) -> list[list[Hypothesis]]:
    """The likeliest targets of some sources, found together.

    Args:
        model: with `encode(source)` and `step(tokens, states, memory)`, such as `Seq2Seq`.
        source: int array, shape `(B, S)`, with zeros at the ends of shorter ones.
        beam: K, at least 1.
        most: tokens of a target at most, its end among them: one number, or one for each source.
        length_penalty: alpha, at least 0.

    Returns:
        For each source at most K hypotheses: those that ended, best first, then those that were cut off, by their
            length or because they could no longer win.

    Raises:
        ValueError: if an argument is out of its range, or the model's logits are not numbers.
    """
    beam = whole_number("beam", beam, least=1)
    length_penalty = check_number("length_penalty", length_penalty, "[0, inf)")
    searches = [_Search(beam, limit, length_penalty) for limit in _limits(most, len(source))]
    memory, states = compiled(model.encode)(ops.convert_to_tensor(source))
    memory, states = (tree.map_structure(lambda x: ops.repeat(x, beam, axis=0), x) for x in (memory, states))
    step = compiled(model.step)
    first = beam * np.arange(len(source))[:, None]  # where the beam of each source begins
    tokens = np.full((len(source), beam), BEGIN, "int32")
    while True:
        logits, states = step(ops.convert_to_tensor(tokens.reshape(-1)), states, memory)
        values, candidates = (one.reshape(len(source), beam, -1) for one in _likeliest(logits, beam))  # (B, K, K)
        if np.isnan(values).any():
            raise ValueError("the model's logits are not numbers: its weights are spoilt, or its training went wrong.")
        moves = [one.advance(*pair) for one, pair in zip(searches, zip(values, candidates, strict=True), strict=True)]
        if all(search.done for search in searches):
            return [search.found() for search in searches]
        tokens, parents = (np.array(part, "int32") for part in zip(*moves, strict=True))  # (B, K)
        chosen = ops.convert_to_tensor((parents + first).reshape(-1).astype("int32"))
        states = tree.map_structure(lambda x, chosen=chosen: ops.take(x, chosen, axis=0), states)


def _limits(most: Any, sources: int) -> np.ndarray:
    limits = np.broadcast_to(np.asarray(most), (sources,))
    if limits.dtype.kind != "i" or limits.min(initial=1) < 1:
        raise ValueError(f"most must be a whole number of at least 1, or one for each source; got {limits.tolist()}.")
    return limits


def _likeliest(logits: Any, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The largest log probabilities of each row, and their tokens; minus infinity for one that is never written."""
    values = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)  # (B, V)
    tokens = values.shape[-1]
    never = np.zeros(tokens, "float32")
    never[list(_NEVER_WRITTEN)] = -np.inf
    found = ops.top_k(values + ops.convert_to_tensor(never), min(count, tokens))
    return tuple(ops.convert_to_numpy(one) for one in found)  # (B, count) each


def _hypothesis(tokens: tuple[int, ...], total: float, alpha: float, ended: bool) -> Hypothesis:
    return Hypothesis(tokens, float(total), float(total / length_penalty_of(len(tokens) + ended, alpha)), bool(ended))


class _Search:
    """The beam of one source."""

    def __init__(self, beam: int, most: int, alpha: float):
        self.beam, self.most, self.alpha = beam, int(most), alpha
        self.beginnings: list[tuple[int, ...]] = [()]
        self.totals = np.zeros(1)  # log probability of each beginning
        self.hypotheses: list[Hypothesis] = []  # that ended
        self.done = False

    def advance(self, values: np.ndarray, candidates: np.ndarray) -> tuple[list[int], list[int]]:
        """One more token for every beginning.

        Args:
            values: log probabilities of each beginning's likeliest next tokens, shape `(K, K)` or `(K, V)`.
            candidates: these tokens.

        Returns:
            The last token of each place of the beam, and the place where its beginning stood, K of each.
        """
        live = len(self.beginnings)
        if self.done:
            return [END] * self.beam, list(range(self.beam))
        totals = (self.totals[:, None] + values[:live]).reshape(-1)  # in float64
        best = np.argsort(-totals, kind="stable")[: self.beam - len(self.hypotheses)]
        kept = []
        for place in best[np.isfinite(totals[best])]:
            parent, which = divmod(int(place), values.shape[1])
            token, tokens = int(candidates[parent, which]), self.beginnings[parent]
            if token == END:
                self.hypotheses.append(_hypothesis(tokens, totals[place], self.alpha, ended=True))
            else:
                kept.append((token, parent, (*tokens, token), totals[place]))
        self.beginnings = [one[2] for one in kept]
        self.totals = np.array([one[3] for one in kept])
        self.done = not kept or len(kept[0][2]) >= self.most or self._cannot_improve()
        unused = self.beam - len(kept)
        return [one[0] for one in kept] + [END] * unused, [one[1] for one in kept] + [0] * unused

    def _cannot_improve(self) -> bool:
        """Whether no beginning, were all its next tokens certain, could still be the best."""
        if not self.hypotheses:
            return False
        bound = self.totals.max() / length_penalty_of(self.most, self.alpha)
        return max(one.score for one in self.hypotheses) >= bound

    def found(self) -> list[Hypothesis]:
        """Those that ended, best first, and, in the places that are left, those that were cut off."""
        cut = [
            _hypothesis(tokens, total, self.alpha, ended=False)
            for tokens, total in zip(self.beginnings, self.totals, strict=True)
        ]
        order = [sorted(part, key=lambda one: -one.score) for part in (self.hypotheses, cut)]
        return [*order[0], *order[1]]
