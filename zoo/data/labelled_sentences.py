"""Sentences with labels of the user's own: a `.txt` or `.tsv` file with a sentence, a tab and a whole number in a line.

So there is no way for me to plug it in here in the US.    0
Good case, Excellent value.                                1
"""

from pathlib import Path

import numpy as np

from .description import Description
from .samples import Samples
from .splits import check_share
from .text_classes import classified_texts, split_texts, without_copies
from .text_reading import check_cells, read_lines


def load(
    path: Path,
    *,
    seed: int,
    validation_share: float,
    fold: tuple[int, int] | None = None,
    level: str = "words",
    vocabulary: int | None = None,
    most: int | None = None,
    lower: bool = True,
) -> Samples:
    """The sentences, split by class; one that occurs twice is in one part only.

    Args:
        path: of the file, in UTF-8.
        seed: of the split.
        validation_share: share of the sentences not in the test part, in [0, 1).
        fold: `(k, K)`, fold k of a K-fold cross-validation is the test part.
        level: as of `classified_texts`.
        vocabulary: as of `classified_texts`.
        most: as of `classified_texts`.
        lower: as of `classified_texts`.

    Raises:
        ValueError: if a line has no sentence, or there are fewer than two labels; names the line.
    """
    check_share(validation_share)
    lines = read_lines(path)
    check_cells(path, lines)
    for number, cells in lines:
        if not cells[0]:
            raise ValueError(f"{path}, line {number}: there is no sentence before the label {cells[1]}.")
    values = np.array([int(cells[1]) for _, cells in lines])
    names, labels = np.unique(values, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"{path}: all sentences have the label {names[0]}; there is nothing to tell apart.")
    texts, labels = without_copies([cells[0] for _, cells in lines], labels.tolist())
    chosen = split_texts(texts, labels, validation_share, seed, fold)
    parts = {part: ([texts[one] for one in rows], labels[rows]) for part, rows in chosen.items()}
    description = Description(
        name=str(path),
        kind="files",
        task="classification",
        summary=f"The sentences of {path.name}, in {len(names)} classes.",
        input_shape=(None,),
        classes=len(names),
        class_names=tuple(map(str, names)),
        samples={},
        licence="the user's own",
        source=str(path),
    )
    return classified_texts(parts, description, level, vocabulary, most, lower)
