"""50 000 reviews of films, and whether their writers liked them; prepared by tensorflow-datasets.

Their official test part stays the test part; the validation part is held out of the official training part.

Reference:
    A. Maas et al. (2011), Learning Word Vectors for Sentiment Analysis, ACL.
"""

import os

import numpy as np

from . import prepared_records
from .description import Description
from .prepared_records import open_prepared, read_records
from .samples import Samples
from .splits import check_share, hold_out
from .text_classes import classified_texts

VARIANT = "plain_text"

DESCRIPTION = Description(
    name="imdb_reviews",
    kind="tensorflow-datasets",
    task="classification",
    summary="Reviews of films, liked or not.",
    input_shape=(None,),
    classes=2,
    class_names=("negative", "positive"),
    samples={"train": 22_500, "validation": 2_500, "test": 25_000},
    licence="none stated by its authors, who ask to be cited",
    source="A. Maas et al. (2011), from the Internet Movie Database; kept by tensorflow-datasets",
    homepage="http://ai.stanford.edu/~amaas/data/sentiment/",
    input_tokens=10_004,
)


def load(
    *,
    seed: int,
    validation_share: float,
    data_dir: str | os.PathLike | None = None,
    level: str = "words",
    vocabulary: int | None = None,
    most: int = 200,
    lower: bool = True,
) -> Samples:
    """The reviews, of each the last `most` words; 10 000 different ones are kept.

    Args:
        seed: of the draw of validation reviews.
        validation_share: share of the official training part, in [0, 1).
        data_dir: tensorflow-datasets' folder. Defaults to the variable TFDS_DATA_DIR or `~/tensorflow_datasets`.
        level: as of `classified_texts`.
        vocabulary: as of `classified_texts`.
        most: as of `classified_texts`.
        lower: as of `classified_texts`.

    Raises:
        ValueError: if the folder is not what it should be; names it and says what to do.
        OSError: if the data set is not prepared and the network cannot be reached, or a file cannot be read.
    """
    check_share(validation_share)
    folder = open_prepared(DESCRIPTION.name, data_dir, VARIANT)
    texts, labels = {}, {}
    for split in ("train", "test"):
        records = read_records(folder, split, DESCRIPTION.name, {"text": "text", "label": "number"})
        texts[split] = [record["text"].replace("<br />", " ") for record in records]
        labels[split] = np.array([record["label"] for record in records], "int32")
    kept, validation = hold_out(labels["train"], validation_share, seed, "validation")
    parts = {
        part: ([texts["train"][one] for one in rows], labels["train"][rows])
        for part, rows in (("train", kept), ("validation", validation))
    }
    parts["test"] = texts["test"], labels["test"]
    return classified_texts(parts, DESCRIPTION, level, vocabulary, most, lower)


def check_available(name: str, data_dir: str | os.PathLike | None = None) -> None:
    """Refuses, within seconds, what is neither prepared nor can be; see `prepared_records`."""
    prepared_records.check_available(name, data_dir, VARIANT)
