"""A text of the user's own, a `.txt` file, for language models: from the characters, or words, so far to the next."""

from pathlib import Path

from .description import Description
from .samples import Samples
from .text_reading import read_text
from .text_windows import language_samples, split_text


def load(
    path: Path,
    *,
    validation_share: float,
    level: str = "characters",
    window: int = 128,
    stride: int | None = None,
    evaluation_window: int = 512,
    vocabulary: int | None = None,
) -> Samples:
    """The text in its order: to train, then to validate, the last tenth to test.

    A character that the training part lacks becomes `UNKNOWN`. Between words, blanks and line ends are not kept.

    Args:
        path: of the file, in UTF-8.
        validation_share: share of the text, in [0, 0.9).
        level: as of `language_samples`.
        window: as of `language_samples`.
        stride: as of `language_samples`.
        evaluation_window: as of `language_samples`.
        vocabulary: as of `language_samples`.

    Raises:
        ValueError: if the file is no text, or too short; names it.
    """
    text = read_text(path)
    texts = split_text(text, validation_share)
    description = Description(
        name=str(path),
        kind="files",
        task="language_modelling",
        summary=f"The text of {path.name}: from the {level.replace('_', ' ')} so far to the next one.",
        input_shape=(None,),
        classes=None,
        class_names=(),
        samples={},
        licence="the user's own",
        source=str(path),
    )
    return language_samples(texts, description, level, window, stride, evaluation_window, vocabulary)
