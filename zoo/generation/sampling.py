"""From a language model's logits to the next token.

With the logits z over V tokens, the probabilities are p = softmax(z / temperature), of which only some are kept, scaled
up to a sum of one:

    temperature    below 1 makes likely tokens likelier still; 0 always takes the likeliest one
    top_k          the k likeliest tokens
    top_p          the fewest of the likeliest tokens that together have at least the probability p

Temperature comes first, then top_k, then top_p of what is left.

Shapes:
    B  number of texts written at once
    V  number of tokens
"""

from dataclasses import dataclass

import numpy as np

from ..checks import check_number, whole_number
from ..engine.evaluation import softmax


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn.

    Args:
        temperature: at least 0. Defaults to 1: the model's own probabilities.
        top_k: how many tokens are kept, at least 1; None for all.
        top_p: the probability that is kept, in (0, 1]; None for all of it.

    Raises:
        ValueError: if one is out of its range.

    Example:
        >>> Sampling(temperature=0.5).probabilities(np.log([[0.2, 0.8]])).round(3).tolist()
        [[0.059, 0.941]]
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self):
        check_number("temperature", self.temperature, "[0, inf)", ", such as 0.8")
        if self.top_k is not None:
            whole_number("top_k", self.top_k, least=1)
        if self.top_p is not None:
            check_number("top_p", self.top_p, "(0, 1]", ", such as 0.9")

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """The probability of every token to be drawn.

        Args:
            logits: z, shape `(B, V)`; minus infinity for a token that is out of the question.

        Returns:
            float64 array, shape `(B, V)`; rows add up to 1.

        Reference:
            Fan et al. (2018), "Hierarchical Neural Story Generation", section 5.1 (top-k); Holtzman et al. (2020), "The
            Curious Case of Neural Text Degeneration", section 3.1 (top-p, the nucleus).
        """
        logits = np.asarray(logits, "float64")
        if self.temperature == 0:
            return np.eye(logits.shape[-1])[logits.argmax(axis=-1)]
        logits = logits - logits.max(axis=-1, keepdims=True)  # so that no temperature makes them infinite
        probabilities = softmax(logits / self.temperature)
        if self.top_k is not None and self.top_k < logits.shape[-1]:
            probabilities = top_k(probabilities, self.top_k)
        return probabilities if self.top_p is None else top_p(probabilities, self.top_p)

    def draw(self, logits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The next token of every text.

        Args:
            logits: z, shape `(B, V)`.
            rng: draws one number for each text.

        Returns:
            int32 array, shape `(B,)`.

        Raises:
            ValueError: if a logit is not a number.
        """
        if np.isnan(logits).any():
            raise ValueError("the model's logits are not numbers: its weights are spoilt, or its training went wrong.")
        if self.temperature == 0:
            return np.argmax(logits, axis=-1).astype("int32")
        probabilities = self.probabilities(logits)  # (B, V)
        reached = probabilities.cumsum(axis=-1)
        drawn = rng.random((len(reached), 1)) * reached[:, -1:]  # whose last is 1 but for rounding
        last = logits.shape[-1] - 1 - (probabilities[:, ::-1] > 0).argmax(axis=-1)  # that can be drawn at all
        return np.minimum((reached <= drawn).sum(axis=-1), last).astype("int32")


def top_k(probabilities: np.ndarray, k: int) -> np.ndarray:
    """The k largest probabilities of each row, scaled up; of equals, those that come first.

    Example:
        >>> top_k(np.array([[0.5, 0.3, 0.2]]), 2).round(4).tolist()
        [[0.625, 0.375, 0.0]]
    """
    kept = np.argsort(-probabilities, axis=-1, kind="stable")[:, :k]  # (B, k)
    return _only(probabilities, kept)


def top_p(probabilities: np.ndarray, p: float) -> np.ndarray:
    """The nucleus of each row: its largest probabilities, as few as add up to at least p, scaled up.

    Example:
        >>> top_p(np.array([[0.5, 0.3, 0.2]]), 0.7).round(4).tolist()
        [[0.625, 0.375, 0.0]]
    """
    order = np.argsort(-probabilities, axis=-1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=-1)
    before = ranked.cumsum(axis=-1) - ranked  # of the tokens that are likelier
    ranked[before >= p * (1 - 1e-12)] = 0  # rounding must not let one more in
    kept = np.zeros_like(probabilities)
    np.put_along_axis(kept, order, ranked, axis=-1)
    return kept / kept.sum(axis=-1, keepdims=True)


def _only(probabilities: np.ndarray, places: np.ndarray) -> np.ndarray:
    kept = np.zeros_like(probabilities)
    np.put_along_axis(kept, places, np.take_along_axis(probabilities, places, axis=-1), axis=-1)
    return kept / kept.sum(axis=-1, keepdims=True)
