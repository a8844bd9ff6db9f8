"""A language model goes on with a text: it reads the prompt, draws a token, reads that, and so on.

One step of the model for each token, whose state holds all that it remembers: the text so far is never read again.

Shapes:
    B  number of texts written at once
    P  number of tokens of the prompt
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from keras import ops

from ..checks import whole_number
from ..data.tokenizer import BEGIN, END, PAD, UNKNOWN, Tokenizer
from .compiled import compiled
from .sampling import Sampling

_NEVER_WRITTEN = (PAD, UNKNOWN, BEGIN, END)  # a running text has none of them


def write_tokens(
    model: Any, prompt: Sequence[int], sampling: Sampling, seed: int = 0, texts: int = 1
) -> Iterator[np.ndarray]:
    """The tokens that follow a prompt, one of every text at a time, without end.

    Args:
        model: with `initial_states(texts)` and `step(tokens, states)`, such as `RecurrentLanguageModel`.
        prompt: tokens that the texts begin with, P of them, at least 1.
        sampling: how the next token is drawn.
        seed: of the draws.
        texts: B; all begin with the same prompt.

    Yields:
        int32 array, shape `(B,)`.

    Raises:
        ValueError: if there is no prompt.
    """
    if not len(prompt):
        raise ValueError("a prompt of at least one token is needed: the model tells what follows something.")
    rng = np.random.default_rng(seed)
    step = compiled(model.step)
    states = model.initial_states(texts)
    for token in prompt:
        logits, states = step(ops.full((texts,), token, "int32"), states)
    while True:
        values = ops.convert_to_numpy(logits).astype("float64")  # (B, V)
        values[:, _NEVER_WRITTEN] = -np.inf
        tokens = sampling.draw(values, rng)
        yield tokens
        logits, states = step(ops.convert_to_tensor(tokens), states)


def write(
    model: Any,
    tokenizer: Tokenizer,
    prompt: str,
    length: int,
    sampling: Sampling | None = None,
    seed: int = 0,
    texts: int = 1,
) -> Iterator[list[str]]:
    """A prompt's continuation as text, piece by piece as it is written.

    Args:
        model: as `write_tokens` takes it.
        tokenizer: that the model was trained with.
        prompt: what the texts begin with; pieces that the tokenizer does not know are left out. An empty one is a line
            break, or, where the tokenizer has none, the mark of a beginning.
        length: tokens to write, at least 1.
        sampling: how the next token is drawn; by default as the model has it.
        seed: of the draws.
        texts: B, how many continuations of the same prompt.

    Yields:
        For each text the piece that one more token adds.

    Raises:
        ValueError: if `length` or `texts` is not a whole number of at least 1.

    Example:
        >>> from ..models.language_model import RecurrentLanguageModel
        >>> tokenizer = Tokenizer.characters(["to be or not to be"])
        >>> model = RecurrentLanguageModel(tokenizer.size, units=5)
        >>> pieces = list(write(model, tokenizer, "to ", length=7))
        >>> len(pieces), set("".join(piece for (piece,) in pieces)) <= set("to be or not to be")
        (7, True)
    """
    length, texts = whole_number("length", length, least=1), whole_number("texts", texts, least=1)
    begun = prompt_tokens(tokenizer, prompt)
    spellings = [_Spelling(tokenizer, begun) for _ in range(texts)]
    tokens = write_tokens(model, begun, sampling or Sampling(), seed, texts)
    for drawn in itertools.islice(tokens, length):
        yield [spelling.add(int(token)) for spelling, token in zip(spellings, drawn, strict=True)]


def prompt_tokens(tokenizer: Tokenizer, prompt: str) -> list[int]:
    """The tokens of a prompt, without those that the tokenizer does not know; never none."""
    known = [token for token in tokenizer.encode(prompt or "\n") if token != UNKNOWN]
    return known or [BEGIN]


class _Spelling:
    """Tokens spelt out one by one: how one is written may depend on the one before, or on the next ones.

    A character of several bytes may come in several tokens; it is given when it is whole.
    """

    def __init__(self, tokenizer: Tokenizer, begun: Sequence[int]):
        self.tokenizer, self.tokens = tokenizer, list(begun)
        self.shown = len(self.tokens)  # tokens whose text was given
        self.before = max(0, self.shown - 1)  # tokens that the next one's spelling does not depend on

    def add(self, token: int) -> str:
        """What one more token adds to the text."""
        self.tokens.append(token)
        known = self.tokenizer.decode(self.tokens[self.before : self.shown])
        text = self.tokenizer.decode(self.tokens[self.before :])
        if len(text) <= len(known) or text.endswith("\ufffd"):
            return ""
        self.before, self.shown = self.shown, len(self.tokens)
        return text[len(known) :]
