"""A folder of texts of the user's own: a `.txt` file for each class, with a name, or another short text, in each line.

    names/Arabic.txt     Khoury
                         Nahas
    names/Chinese.txt    Ang
                         AuYong

The files' names, sorted, are the classes 0, 1, ... A name is taken once of each class; one that several classes have is
in one part of the data only, or a model would be tested on what it was trained on.
"""

from pathlib import Path

from .description import Description
from .samples import Samples
from .splits import check_share
from .text_classes import classified_texts, split_texts, without_copies
from .text_reading import read_text


def load(
    path: Path,
    *,
    seed: int,
    validation_share: float,
    fold: tuple[int, int] | None = None,
    level: str = "characters",
    vocabulary: int | None = None,
    most: int | None = None,
    lower: bool = True,
) -> Samples:
    """The lines of all files, split by class.

    Args:
        path: of the folder.
        seed: of the split.
        validation_share: share of the texts not in the test part, in [0, 1).
        fold: `(k, K)`, fold k of a K-fold cross-validation is the test part.
        level: as of `classified_texts`.
        vocabulary: as of `classified_texts`.
        most: as of `classified_texts`.
        lower: as of `classified_texts`.

    Raises:
        ValueError: if there are fewer than two classes, or a class has fewer than two different lines.
    """
    check_share(validation_share)
    files = sorted(file for file in path.iterdir() if file.suffix.lower() == ".txt" and not file.name.startswith("."))
    if len(files) < 2:
        raise ValueError(f"{path}: a folder of texts has one .txt file for each class, and at least two; found 1.")
    texts: list[str] = []
    labels: list[int] = []
    for label, file in enumerate(files):
        lines = {line.strip() for line in read_text(file).split("\n")} - {""}
        if len(lines) < 2:
            raise ValueError(f"{file} has only one line: a class needs at least two different ones. Add to it.")
        texts += sorted(lines)
        labels += [label] * len(lines)
    texts, classes = without_copies(texts, labels)
    chosen = split_texts(texts, classes, validation_share, seed, fold)
    parts = {part: ([texts[one] for one in rows], classes[rows]) for part, rows in chosen.items()}
    return classified_texts(parts, _description(path, files), level, vocabulary, most, lower)


def _description(path: Path, files: list[Path]) -> Description:
    return Description(
        name=str(path),
        kind="files",
        task="classification",
        summary=f"The lines of the folder {path.name}, in {len(files)} classes.",
        input_shape=(None,),
        classes=len(files),
        class_names=tuple(file.stem for file in files),
        samples={},
        licence="the user's own",
        source=str(path),
    )
