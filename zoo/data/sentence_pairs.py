"""Sentences in two languages of the user's own, for translation: a `.txt` or `.tsv` file with a tab between them.

    Run!    Cours !                such as the files of manythings.org/anki, from Tatoeba
    Run!    Courez !

Many sentences occur more than once, with another translation. If some of a sentence's pairs trained a model and others
tested it, it would be tested on what it knows. So pairs that share a sentence, of either language, stay together, with
those that share one with these, and so on; capitals, punctuation and blanks do not count. What belongs together is a
component of a graph: its nodes are the sentences, its edges the pairs.

Shapes:
    N  number of pairs
    S, T  tokens of the longest source and target
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from .description import Description
from .samples import Samples
from .splits import Parts, check_share
from .text_classes import same_text
from .text_reading import Line, check_cells, read_lines
from .token_arrays import check_option, lengths_of, make_tokenizer, padded
from .tokenizer import Tokenizer

TEST_SHARE = 0.1  # of the pairs
LARGE = 20  # pairs; a component that has more trains, wherever it was drawn

Pair = tuple[str, str]


def load(
    path: Path,
    *,
    seed: int,
    validation_share: float,
    level: str = "words",
    from_column: int = 1,
    to_column: int = 2,
    reverse: bool = False,
    most_words: int | None = None,
    most: int | None = None,
    source_vocabulary: int | None = None,
    target_vocabulary: int | None = None,
    lower: bool = True,
) -> Samples:
    """The pairs of a file: a tenth tests, a share of the rest validates, and neither has a sentence in training.

    Args:
        path: of the file, in UTF-8.
        seed: of the split, and of the pairs that are taken if not all are.
        validation_share: share of the pairs that do not test, in [0, 1).
        level: "words" or "byte_pairs", or "characters".
        from_column: the column with what is translated; the first is 1.
        to_column: the column with what it is translated to.
        reverse: whether to exchange the two.
        most_words: pairs with more on either side, between blanks, are left out; by default none is.
        most: how many pairs are drawn from those; by default all are taken.
        source_vocabulary: words that are kept, or number of byte pairs; see `make_tokenizer`.
        target_vocabulary: the same of the other language.
        lower: whether words lose their capital letters.

    Raises:
        ValueError: if a line has another number of tabs, or an empty side; names the line.
    """
    check_share(validation_share)
    lines = read_lines(path)
    check_cells(path, lines)
    columns = _columns(path, lines, from_column, to_column, reverse)
    pairs = chosen_pairs([_pair(path, line, columns) for line in lines], most_words, most, seed)
    if not pairs:
        raise ValueError(f"{path}: no pair has at most {most_words} words on either side; set most_words higher.")
    parts = {
        part: [pairs[one] for one in rows]
        for part, rows in split_pairs(pairs, validation_share, seed, str(path)).items()
    }
    description = Description(
        name=str(path),
        kind="files",
        task="translation",
        summary=f"The sentences of {path.name}, from column {columns[0] + 1} to column {columns[1] + 1}.",
        input_shape=(None,),
        classes=None,
        class_names=(),
        samples={},
        licence="the user's own",
        source=str(path),
    )
    return translation_samples(parts, description, level, source_vocabulary, target_vocabulary, lower)


def _columns(path: Path, lines: list[Line], from_column: int, to_column: int, reverse: bool) -> tuple[int, int]:
    for name, column in (("from_column", from_column), ("to_column", to_column)):
        if check_option(name, column) > len(lines[0].cells):
            raise ValueError(f"{name}: {path} has {len(lines[0].cells)} columns; there is no column {column}.")
    if from_column == to_column:
        raise ValueError(f"from_column and to_column are both {to_column}; a sentence is translated to another.")
    if not isinstance(reverse, bool):
        raise ValueError(f"reverse is True or False (--data-option reverse=true); got {reverse!r}.")
    return (to_column - 1, from_column - 1) if reverse else (from_column - 1, to_column - 1)


def _pair(path: Path, line: Line, columns: tuple[int, int]) -> Pair:
    for column in columns:
        if not line.cells[column]:
            raise ValueError(
                f"{path}, line {line.number}: column {column + 1} is empty. Fill it in or remove the line."
            )
    return line.cells[columns[0]], line.cells[columns[1]]


def chosen_pairs(pairs: Sequence[Pair], most_words: int | None, most: int | None, seed: int) -> list[Pair]:
    """Each pair once, in their order; the short ones, or some of them, drawn.

    Args:
        pairs: source and target.
        most_words: that either may have; None for any number.
        most: pairs to draw; None for all.
        seed: of the draw.
    """
    short = list(dict.fromkeys(pairs))
    if most_words is not None:
        check_option("most_words", most_words)
        short = [pair for pair in short if all(len(side.split()) <= most_words for side in pair)]
    if most is None or check_option("most", most) >= len(short):
        return short
    return [short[one] for one in sorted(np.random.default_rng([seed, 1]).permutation(len(short))[:most])]


# === The split ===
def components(pairs: Sequence[Pair]) -> np.ndarray:
    """The number of the component that each pair belongs to, shape `(N,)`.

    Example:
        >>> components([("Run!", "Cours !"), ("Go.", "Va !"), ("run", "Courez !"), ("Hurry.", "Courez.")]).tolist()
        [0, 1, 0, 0]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    numbers: dict[tuple[int, str], int] = {}
    nodes = np.array(
        [
            [numbers.setdefault((side, same_text(text)), len(numbers)) for side, text in enumerate(pair)]
            for pair in pairs
        ]
    )  # (N, 2)
    edges = coo_array((np.ones(len(nodes)), (nodes[:, 0], nodes[:, 1])), shape=(len(numbers), len(numbers)))
    return connected_components(edges, directed=False)[1][nodes[:, 0]]


def split_pairs(pairs: Sequence[Pair], validation_share: float, seed: int, name: str) -> Parts:
    """Draws whole components to test and to validate; the large ones train.

    Args:
        pairs: N of them.
        validation_share: share of what does not test, in [0, 1).
        seed: of the draw.
        name: of the data, for the error.

    Returns:
        The indices of each part.

    Raises:
        ValueError: if there are too few components for all parts.
    """
    of_pairs = components(pairs)
    sizes = np.bincount(of_pairs)
    order = np.random.default_rng(seed).permutation(len(sizes))
    small = order[sizes[order] <= LARGE]
    part_of = np.zeros(len(sizes), int)  # 0: train
    filled = np.concatenate([[0], np.cumsum(sizes[small])])  # pairs in the first groups
    tested = int(np.searchsorted(filled, max(1, round(TEST_SHARE * len(pairs)))))  # groups
    test = int(filled[min(tested, len(small))])  # pairs
    wanted = max(1, round(validation_share * (len(pairs) - test))) if validation_share else 0
    validated = int(np.searchsorted(filled, test + wanted))
    if validated > len(small) or validated == len(small) == len(sizes):
        raise ValueError(
            f"{name}: its {len(pairs)} pairs are too few, or share too many sentences, to set some aside: there are "
            f"{len(sizes)} groups without a sentence in common. Add pairs. (Labels of "
            "sentences are whole numbers; another text behind a tab is a translation.)"
        )
    part_of[small[:tested]], part_of[small[tested:validated]] = 1, 2
    found = part_of[of_pairs]
    return {part: np.flatnonzero(found == number) for number, part in ((0, "train"), (2, "validation"), (1, "test"))}


# === The samples ===
def translation_samples(
    parts: Mapping[str, Sequence[Pair]],
    description: Description,
    level: str = "words",
    source_vocabulary: int | None = None,
    target_vocabulary: int | None = None,
    lower: bool = True,
) -> Samples:
    """Tokens of both sides; the vocabularies are those of the training part.

        source    les chats dorment
        target    BEGIN cats sleep
        y         cats sleep END

    Args:
        parts: "train", "validation" and "test", each pairs of source and target.
        description: of the source of these; tokens and tokenizers are filled in.
        level: "words", "byte_pairs" or "characters".
        source_vocabulary: words that are kept, or number of byte pairs; see `make_tokenizer`.
        target_vocabulary: the same of the other language.
        lower: whether words lose their capital letters.

    Returns:
        Samples with x {"source": int32 `(N, S)`, "target": int32 `(N, T)`} and y int32 `(N, T)`.
    """
    if not isinstance(lower, bool):
        raise ValueError(f"lower is True or False (--data-option lower=false); got {lower!r}.")
    sizes = (source_vocabulary, target_vocabulary)
    tokenizers = [
        make_tokenizer(level, [pair[side] for pair in parts["train"]], size, lower) for side, size in enumerate(sizes)
    ]
    found = {part: _tokens(pairs, *tokenizers) for part, pairs in parts.items()}
    longest = np.max([[max(map(len, side), default=1) for side in sides] for sides in found.values()], axis=0)
    arrays, lengths = {}, {}
    for part, sides in found.items():
        source, target, following = (padded(side, steps) for side, steps in zip(sides, longest, strict=True))
        arrays[part] = {"source": source, "target": target}, following
        lengths[part] = np.stack([lengths_of(sides[0]), lengths_of(sides[1])], axis=1)  # (N, 2)
    known = replace(
        description,
        classes=tokenizers[1].size,
        input_tokens=tokenizers[0].size,
        input_tokenizer=tokenizers[0].limited(longest=int(lengths["train"][:, 0].max())),
        target_tokenizer=tokenizers[1],
    )
    return Samples(arrays, known, lengths)


def _tokens(pairs: Sequence[Pair], of_sources: Tokenizer, of_targets: Tokenizer) -> list[list[list[int]]]:
    """Source, target and y of each pair."""
    whole = of_targets.encode_all((target for _, target in pairs), begin=True, end=True)
    return [of_sources.encode_all(source for source, _ in pairs), [t[:-1] for t in whole], [t[1:] for t in whole]]
