"""A million characters of Shakespeare's plays, the text that character models are tried on.

The last tenth of the text validates, and it is the test part as well: a model that was chosen by its validation loss is
told how well it does there on what it was chosen by. Training never sees it.
"""

import os
from pathlib import Path

from . import prepared_records
from .description import Description
from .prepared_records import open_prepared, read_records
from .samples import Samples
from .text_windows import language_samples

HELD_OUT = 0.1  # of the text
SPLITS = ("train", "validation", "test")

DESCRIPTION = Description(
    name="tiny_shakespeare",
    kind="tensorflow-datasets",
    task="language_modelling",
    summary="Shakespeare's plays, a million characters: from the characters so far to the next one.",
    input_shape=(None,),
    classes=69,
    class_names=(),
    samples={"train": 7842, "validation": 218, "test": 218},
    licence="public domain; the file: MIT",
    source="W. Shakespeare; put together by A. Karpathy (2015), char-rnn; kept by tensorflow-datasets",
    homepage="https://github.com/karpathy/char-rnn",
    input_tokens=69,
)


def load(
    *,
    data_dir: str | os.PathLike | None = None,
    level: str = "characters",
    window: int = 128,
    stride: int | None = None,
    evaluation_window: int = 512,
    vocabulary: int | None = None,
) -> Samples:
    """The text, its last tenth to validate and to test.

    Args:
        data_dir: tensorflow-datasets' folder. Defaults to the variable TFDS_DATA_DIR or `~/tensorflow_datasets`.
        level: as of `language_samples`.
        window: as of `language_samples`.
        stride: as of `language_samples`.
        evaluation_window: as of `language_samples`.
        vocabulary: as of `language_samples`.

    Raises:
        ValueError: if the folder is not what it should be; names it and says what to do.
        OSError: if the data set is not prepared and the network cannot be reached, or a file cannot be read.
    """
    text = whole_text(open_prepared(DESCRIPTION.name, data_dir))
    first = len(text) - round(HELD_OUT * len(text))
    texts = {"train": text[:first], "validation": text[first:], "test": text[first:]}
    return language_samples(texts, DESCRIPTION, level, window, stride, evaluation_window, vocabulary)


def whole_text(folder: Path) -> str:
    """The splits of the prepared set, which its maker cut the text into, joined in their order."""
    splits = [read_records(folder, split, DESCRIPTION.name, {"text": "text"}) for split in SPLITS]
    return "".join(record["text"] for records in splits for record in records)


def check_available(name: str, data_dir: str | os.PathLike | None = None) -> None:
    """Refuses, within seconds, what is neither prepared nor can be; see `prepared_records`."""
    prepared_records.check_available(name, data_dir)
