"""Texts with classes as samples: names, sentences, reviews. A text is in one part only, however often it occurs."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from .description import Description
from .samples import Samples
from .splits import Parts, stratified_parts
from .token_arrays import check_option, lengths_of, make_tokenizer, padded


def same_text(text: str) -> str:
    r"""What two texts have in common that differ in capitals, punctuation and blanks only.

    Example:
        >>> same_text("Va\u202f!") == same_text("va."), same_text("?") == same_text("!")
        (True, False)
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[^\w\s]|_", " ", text).split()) or text.strip()


def without_copies(texts: Sequence[str], labels: Sequence[int]) -> tuple[list[str], np.ndarray]:
    """Each text of a class once, in the order of the first."""
    pairs = dict.fromkeys(zip(texts, map(int, labels), strict=True))
    return [text for text, _ in pairs], np.array([label for _, label in pairs], "int32")


def split_texts(
    texts: Sequence[str],
    labels: np.ndarray,
    validation_share: float,
    seed: int,
    fold: tuple[int, int] | None = None,
) -> Parts:
    """Splits by text, of every class alike: one that belongs to several classes is in one part with all of them.

    Args:
        texts: N of them.
        labels: int array, shape `(N,)`.
        validation_share: as of `stratified_parts`.
        seed: as of `stratified_parts`.
        fold: as of `stratified_parts`.

    Returns:
        The indices of each part.

    Raises:
        ValueError: if a class is too small to be in all parts.

    Example:
        >>> names = ["Ng", "Kim", "Li", "Ho", "Bo", "Yu", "An", "Ma", "Wu", "ng"]
        >>> parts = split_texts(names * 2, np.repeat([0, 1], 10), 0.2, seed=0)
        >>> [sorted({names[row % 10] for row in rows}) for rows in parts.values()]
        [['Bo', 'Ho', 'Kim', 'Li', 'Ma', 'Wu'], ['An'], ['Ng', 'Yu', 'ng']]
    """
    counts = np.bincount(labels)
    groups: dict[str, list[int]] = {}
    for number, text in enumerate(texts):
        groups.setdefault(same_text(text), []).append(number)
    members = list(groups.values())
    # By its rarest class, which has the fewest texts to share out.
    of_groups = np.array([min((int(labels[one]) for one in group), key=lambda c: (counts[c], c)) for group in members])
    parts = stratified_parts(of_groups, validation_share, seed, fold)
    return {
        part: np.sort(np.array([one for group in chosen for one in members[group]], "int64"))
        for part, chosen in parts.items()
    }


def classified_texts(
    parts: Mapping[str, tuple[Sequence[str], np.ndarray]],
    description: Description,
    level: str,
    vocabulary: int | None = None,
    most: int | None = None,
    lower: bool = True,
) -> Samples:
    """Tokens of texts and their classes; the vocabulary is that of the training part.

    Args:
        parts: "train", "validation" and "test", each texts and labels.
        description: of the source; tokens and the tokenizer are filled in.
        level: "characters", "words" or "byte_pairs".
        vocabulary: words that are kept, or the number of byte pairs; see `make_tokenizer`.
        most: tokens of a text; of a longer one, the last are kept, where a review comes to its point.
        lower: whether words lose their capital letters.

    Raises:
        ValueError: if an option makes no sense.
    """
    if most is not None:
        check_option("most", most)
    if not isinstance(lower, bool):
        raise ValueError(f"lower is True or False (--data-option lower=false); got {lower!r}.")
    tokenizer = make_tokenizer(level, parts["train"][0], vocabulary, lower).limited(most)
    found = {part: tokenizer.encode_all(texts) for part, (texts, _) in parts.items()}
    longest = max(len(tokens) for all_tokens in found.values() for tokens in all_tokens)
    arrays = {part: (padded(found[part], longest), labels.astype("int32")) for part, (_, labels) in parts.items()}
    known = replace(description, input_shape=(None,), input_tokens=tokenizer.size, input_tokenizer=tokenizer)
    return Samples(arrays, known, {part: lengths_of(all_tokens) for part, all_tokens in found.items()})
