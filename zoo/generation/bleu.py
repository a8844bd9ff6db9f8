"""How good translations are: BLEU over all sentences together (Papineni et al. 2002), computed by sacrebleu.

    BLEU = min(1, exp(1 - r / c)) exp(sum over n = 1 .. 4 of log p_n / 4)

with p_n the share of n-grams of the translations that a reference has too, each counted at most as often as there, c
the length of all translations and r that of their references. Where a source stands there with several translations,
all are references: any of them is right.

Reference:
    Papineni et al. (2002), "BLEU: a Method for Automatic Evaluation of Machine Translation"; Post (2018), "A Call for
    Clarity in Reporting BLEU Scores", whose program this is, for the signature that says how it was counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.tokenizer import END, PAD
from .translation import translate

SHOWN = 20  # examples


@dataclass(frozen=True)
class Example:
    """A source, what the model made of it, and what would have been right."""

    source: str
    translation: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class TranslationResults:
    """How well some sentences were translated.

    Args:
        scores: "bleu", from 0 to 100; "exact_match", the share of translations that are a reference, token by token;
            "sentences", how many there were.
        signature: how sacrebleu counted.
        examples: the first of them.
    """

    scores: dict[str, float]
    signature: str
    examples: tuple[Example, ...]

    def as_text(self) -> str:
        """The examples as lines, and how BLEU was counted."""
        blocks = [
            "\n".join([f"source       {one.source}", f"translation  {one.translation}"]
                      + [f"reference    {reference}" for reference in one.references])
            for one in self.examples
        ]  # fmt: skip
        return "\n\n".join([*blocks, f"BLEU {self.scores['bleu']:.2f}, {self.signature}"]) + "\n"


def translation_results(
    model: Any, data: Any, part: str = "test", most: int = 500, beam: int = 4
) -> TranslationResults:
    """Translates sentences of a part, and compares them with the references there.

    Args:
        model: as `beam_search` takes it.
        data: `LoadedData` of a translation. A word that the target's tokenizer does not know is one that no translation
            has, so that it counts as wrong.
        part: "train", "validation" or "test".
        most: how many different sources, at least 1, drawn at random, the same ones every time; all if there are fewer.
        beam: of the search; see `beam_search.py`.

    Raises:
        ValueError: if there is no such part, or it is empty.
    """
    inputs, targets = data.arrays(part)
    references: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for source, target in zip(inputs["source"], targets, strict=True):
        known = references.setdefault(_without_padding(source), [])
        known.extend({_without_padding(target)} - set(known))
    sources = list(references)
    if not sources:
        raise ValueError(f"there is nothing to translate: the {part} part of {data.description.name} is empty.")
    chosen = [sources[number] for number in np.random.default_rng(0).permutation(len(sources))[:most]]
    found = [tuple(one.tokens) for one in translate(model, chosen, beam)]
    right = [references[source] for source in chosen]

    written, read = data.description.target_tokenizer, data.description.input_tokenizer
    hypotheses = [_text(one, written) for one in found]
    texts = [tuple(_text(one, written) for one in several) for several in right]
    bleu, signature = corpus_bleu(hypotheses, texts, _tokenization(written))
    matches = [one in several for one, several in zip(found, right, strict=True)]
    scores = {"bleu": bleu, "exact_match": float(np.mean(matches)), "sentences": len(found)}
    rows = zip(chosen[:SHOWN], hypotheses, texts, strict=False)
    examples = tuple(Example(_text(source, read), one, several) for source, one, several in rows)
    return TranslationResults(scores, signature, examples)


def corpus_bleu(
    translations: Sequence[str], references: Sequence[Sequence[str]], tokenize: str = "13a"
) -> tuple[float, str]:
    """BLEU of all translations together, and sacrebleu's signature.

    Args:
        translations: one for each sentence.
        references: for each sentence one or more.
        tokenize: how sacrebleu cuts texts: "13a" (words), "char", "none" (at blanks).

    Example:
        >>> corpus_bleu(["the cat sat on the mat"], [["a cat sat on it", "the cat sat on the mat"]])[0]
        100.0
    """
    from sacrebleu.metrics import BLEU

    widest = max(map(len, references))
    streams: list[Any] = [
        [several[number] if number < len(several) else None for several in references] for number in range(widest)
    ]
    metric = BLEU(tokenize=tokenize)
    score = metric.corpus_score(list(translations), streams).score
    return round(float(score), 10), str(metric.get_signature())


def _tokenization(tokenizer: Any) -> str:
    if tokenizer is None:
        return "none"
    return "char" if tokenizer.level == "characters" else "13a"


def _without_padding(tokens: Any) -> tuple[int, ...]:
    return tuple(int(token) for token in tokens if token not in (PAD, END))


def _text(tokens: Sequence[int], tokenizer: Any) -> str:
    return " ".join(map(str, tokens)) if tokenizer is None else tokenizer.decode(tokens)
