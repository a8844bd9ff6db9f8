"""Reversal: letters in, the same letters out, the last one first.

    a k c q  ->  q c k a

The simplest translation whose two sides are not aligned: nothing can be said before the end was read, and the first
letter is wanted last. Lengths are drawn uniformly from `shortest` to `longest`, letters from an alphabet of K, and no
sequence is in two parts.

A decoder that never sees the source knows at best how often each length L occurs in the test part, p(L). All K^L
sequences of a length are equally likely: a target and its end have -log p(L) + L log K nats together. Averaged over the
tokens, L letters and the end of each, the decoder's cross-entropy is at least

    (mean(L) log K - sum_L p(L) log p(L)) / (mean(L) + 1)   nats a token,

3.140 for 4 to 12 of 26 letters, all lengths alike. Short sequences run out, as no two are the same: of 1 to 4 letters,
none of a single letter is left for the test part. So p(L) is counted in it.

Reference:
    I. Sutskever, O. Vinyals and Q. V. Le (2014), Sequence to Sequence Learning with Neural Networks, section 3.3, which
    reversed its sources so that first words would stand close to first words; the task is common, and has no one
    inventor.
"""

import string
from dataclasses import replace

import numpy as np

from ..checks import whole_number
from .description import Description
from .generated import LICENCE, SAMPLES, SIZES, sizes_of, translated
from .samples import Samples
from .tokenizer import SPECIAL, Tokenizer

LETTERS = string.ascii_lowercase
SHORTEST, LONGEST = 4, 12


def baseline(lengths: np.ndarray, letters: int) -> dict[str, float]:
    """The cross-entropy of a decoder that does not see the source.

    Args:
        lengths: L of each sequence, shape `(N,)`.
        letters: K, how many different ones there are.

    Example:
        >>> round(baseline(np.arange(4, 13), 26)["nats"], 4)
        3.1402
    """
    _, counts = np.unique(lengths, return_counts=True)
    shares, mean = counts / counts.sum(), np.mean(lengths)
    return {"nats": float((mean * np.log(letters) - (shares * np.log(shares)).sum()) / (mean + 1))}


DESCRIPTION = Description(
    name="sequence_reversal",
    kind="generated",
    task="translation",
    summary="Letters to be said in the opposite order, the last one first.",
    input_shape=(None,),
    classes=len(SPECIAL) + len(LETTERS),
    class_names=(),
    samples=SIZES,
    licence=LICENCE,
    source="generated from a formula and a seed",
    input_tokens=len(SPECIAL) + len(LETTERS),
    baselines=baseline(np.arange(SHORTEST, LONGEST + 1), len(LETTERS)),  # `load` counts the lengths that were drawn
)


def different_sequences(
    count: int, shortest: int, longest: int, letters: int, generator: np.random.Generator
) -> list[str]:
    """Letters with blanks between them, such as "a k c q"; no two are the same.

    Args:
        count: how many.
        shortest: number of letters, at least 1.
        longest: number of letters, at least `shortest`.
        letters: K, the first so many of the alphabet.
        generator: of lengths and letters.

    Raises:
        ValueError: if there are not so many.
    """
    there_are = sum(letters**length for length in range(shortest, longest + 1))
    if there_are < 2 * count:  # drawing on until all are different would take long
        raise ValueError(
            f"{letters} letters make {there_are} sequences of {shortest} to {longest}; {count} are to be drawn, no two "
            "the same. Ask for longer ones, more letters or fewer samples."
        )
    found: dict[str, None] = {}
    while len(found) < count:
        lengths = generator.integers(shortest, longest + 1, count)
        drawn = generator.integers(0, letters, (count, longest))
        found |= dict.fromkeys(
            " ".join(LETTERS[place] for place in row[:length]) for row, length in zip(drawn, lengths, strict=True)
        )
    return list(found)[:count]


def load(
    *,
    shortest: int = SHORTEST,
    longest: int = LONGEST,
    letters: int = len(LETTERS),
    samples: int = SAMPLES,
    data_seed: int = 0,
) -> Samples:
    """Reversal.

    Args:
        shortest: letters of the shortest sequences, at least 1.
        longest: letters of the longest.
        letters: how many of the alphabet there are, from 2 to 26.
        samples: of the training part, at least 10; a tenth as many validate, and test.
        data_seed: of the letters, apart from the training seed.

    Raises:
        ValueError: if an option is out of its range, or there are too few different sequences.

    Example:
        >>> samples = load(samples=10)
        >>> (x, y), tokenizer = samples.parts["train"], samples.description.input_tokenizer
        >>> tokenizer.decode(x["source"][0]), tokenizer.decode(y[0])
        ('n p z s q o o y h v r', 'r v h y o o q s z p n')
    """
    whole_number("shortest", shortest, least=1)
    whole_number("longest", longest, least=shortest)
    whole_number("letters", letters, least=2, most=len(LETTERS))
    sizes = sizes_of(samples)
    generator = np.random.default_rng(whole_number("data_seed", data_seed, least=0))
    sources = different_sequences(sum(sizes.values()), shortest, longest, letters, generator)
    alphabet = " ".join(LETTERS[:letters])
    tokenizer = Tokenizer.words(alphabet)
    encoded = tokenizer.encode_all(sources)
    targets = tokenizer.encode_all((source[::-1] for source in sources), begin=True, end=True)
    parts, lengths = translated(encoded, targets, sizes)
    known = replace(
        DESCRIPTION,
        classes=tokenizer.size,
        input_tokens=tokenizer.size,
        input_tokenizer=tokenizer,
        target_tokenizer=tokenizer,
        baselines=baseline(lengths["test"][:, 0], letters),
    )
    return Samples(parts, known, lengths)
